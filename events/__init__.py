"""Layer 0: what happened, and the one file that remembers it."""
