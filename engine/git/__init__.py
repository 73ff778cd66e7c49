"""Git: the one place that runs it. Knows commits, refs and worktrees; nothing of runs, events or jobs.

repository.py is all of it; its parts are objects (what is stored), refs and worktrees (checkouts); below them
are calls (in one repository), program (one process) and records (what git keeps on disk of a worktree).
"""
