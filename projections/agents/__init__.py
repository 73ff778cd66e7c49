"""What is kept of agents beside how they are: the words of their newest proposals, and what their calls cost.

Knows nothing of runs: values, and functions of events.
"""
