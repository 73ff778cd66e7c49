"""Imports: what other programs left, read into a history of its own. Knows formats, nothing live."""
