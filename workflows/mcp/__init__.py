"""The tools of `autoresearch mcp`: commands, run as anybody types them, for programs that speak MCP.

Knows nothing of runs: what a tool returns is the object that its command prints with --json.
"""
