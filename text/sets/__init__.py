"""Where the text of a training comes from, how it becomes tokens, and how they are loaded."""
