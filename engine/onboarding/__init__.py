"""Onboarding: what a repository needs that nobody has set up, found by looking at it and by one training.

Proposes settings and trains once; writes into the user's files only where it is asked to, and knows no words.
"""
