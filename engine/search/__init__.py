"""The seeded search: which constants of the code are tried, at which values, and what is learned of them.

Pure, and a function of the code and the history alone. Knows nothing of git, jobs or agents.
"""
