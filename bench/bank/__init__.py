"""Real trainings of train.py: which changes, how they are trained, and what came of it."""
