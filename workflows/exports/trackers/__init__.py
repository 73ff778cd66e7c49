"""Receivers that keep experiments and no events: what has changed since the last call, and who is told."""
