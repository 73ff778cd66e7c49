"""From an agent's answer to a commit: the edit, what was left beside it, the candidate."""
