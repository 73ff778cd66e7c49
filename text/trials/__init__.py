"""One training: its budget, its steps, its clock, and what it reports."""
