"""Rules for keeps, replayed on simulated nights and on the bank of real trainings."""
