"""Verdicts: what a candidate's numbers say of it, by which rule, and which of them are still to be had.

Pure. Knows what was measured, as the state has it, and the settings; gives no command and records nothing.
"""
