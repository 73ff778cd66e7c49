"""Metrics: the number that counts, in what a training prints or writes, as people's own scripts do it.

Text in, a number out; knows nothing of jobs, outcomes and verdicts.
"""
