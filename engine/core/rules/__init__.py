"""What each event may follow, what it must say, what a command may come to. Pure."""
