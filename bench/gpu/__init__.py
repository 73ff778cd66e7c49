"""What the full profile does on a GPU: `python -m bench.gpu --out FILE`."""
