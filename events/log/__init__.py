"""The log: one file a run, appended under a lock, chained by sha256, read and verified line by line.

Appending, reading, verifying, and what to make of damage. Knows events as lines; not what they mean.
"""
