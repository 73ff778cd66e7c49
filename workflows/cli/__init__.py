"""The command line: words to values, values to text and exit codes. Knows no rules."""
