"""Layer 1: states folded from events."""
