"""Values that states are made of: limits and budgets, what agents cost, the words of their newest proposals.

Knows nothing of states: values, and functions of events' values.
"""
