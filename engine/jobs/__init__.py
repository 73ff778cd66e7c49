"""Jobs: processes that outlive the runner, one folder each, ending with one whole exit.json.

Knows command lines, deadlines, locks and output; nothing of what a job is for.
"""
