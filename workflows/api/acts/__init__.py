"""The objects of the commands that act: what was asked or done, and what follows."""
