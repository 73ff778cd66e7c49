"""The core: what comes next, decided from the state alone; what each event may follow, and what it must say.

Pure. Knows no clock, disk, process, git or randomness; imports events and projections and nothing else.
"""
