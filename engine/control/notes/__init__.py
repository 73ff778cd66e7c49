"""What a human writes down for whoever proposes: ideas for later."""
