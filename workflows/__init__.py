"""Layer 3: what people touch."""
