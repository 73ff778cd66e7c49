"""The words of what happened: a sentence for each code, and how values are said in it. Knows no state."""
