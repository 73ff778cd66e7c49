"""The page of `serve`: runs in a browser, live and as of any event. Here alone Starlette is imported.

Reads only, and holds no truth: what it keeps in memory is folded from histories, and it can be killed at any
time. It shows the objects that `--json` prints (workflows/api), and knows nothing of git or of how to steer.
"""
