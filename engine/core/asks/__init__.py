"""What is asked of agents: the commands that ask, whose turn it is, whether one reviews. Pure."""
