"""Proposals: how they come in, what makes one valid, and how its exact forms change files in memory.

Knows constants of source files and the seeded search; nothing of git, jobs or runs' folders beyond the drop
folder.
"""
