"""The checkouts of a run: made, filled, reset, looked at, and kept out of git's and the user's way."""
