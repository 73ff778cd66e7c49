"""Measurements: what the log, the replay, the runner and the commands cost, peers beside them."""
