"""What the commands that act came to, in lines for people. Pure."""
