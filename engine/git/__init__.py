"""Git: the one place that runs it. Knows commits, refs and worktrees; nothing of runs, events or jobs."""
