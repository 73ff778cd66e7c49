"""Exports: the history of a run handed on to other programs, from outside of its runner.

Each is a consumer of the log with a cursor of its own: `feed` reads on behind it, a sink sends, and what was
sent is stored then. So an event is sent at least once, whatever is killed when. Knows of the runner only
whether one is alive; docs/exports.md says what each sink sends.
"""
