"""What a human hands to whoever proposes: ideas for later, other runs as memory, changes to try."""
