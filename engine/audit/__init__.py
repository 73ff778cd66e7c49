"""The audit: all that a history says, checked again against rules, views, files and git. Reads only."""
