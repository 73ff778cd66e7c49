"""Control: what a human asks of a run, checked against its state and appended; and its runner launched.

Decides nothing that the decider decides.
"""
