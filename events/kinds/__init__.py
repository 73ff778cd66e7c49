"""The classes of events by theme, each module with the union of its own; events/catalog.py has them all."""
