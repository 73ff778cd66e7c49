"""The real program, for faults that only a whole run can show."""
