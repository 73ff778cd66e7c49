"""Asking agents: what they are told for each step, made from the history, git and logs; and the job it is."""
