"""Sealing: that what a training finds is what its commit and the settings say, and that it stayed so.

The checkout that it begins in, the files outside it that count, the code and packages that it imports. Knows
nothing of metrics and verdicts.
"""
