"""Layer 2: deciding what is next, and doing it."""
