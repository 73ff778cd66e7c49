"""The objects that --json prints, one for each question. Reads only."""
