"""Runs: which there are, their settings, their states as of now or of any moment, and their views.

Reads histories and writes caches; appends nothing.
"""
