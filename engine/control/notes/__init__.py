"""What a human writes down for whoever proposes: ideas for later, other runs as memory."""
