"""Training: how one is set up, and what its output says: metric, progress, the reason of a crash.

Knows the files that a training leaves; nothing of verdicts.
"""
