"""What is asked of agents: the commands that ask, and whether a second one reviews a candidate. Pure."""
