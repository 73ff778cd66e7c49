"""The seeded search against ask-and-tell optimisers, at equal trainings: `python -m bench.search`.

On landscapes that are simulated, and on one made of the bank's measured constants. docs/search.md has the
figures and what follows from them. The optimisers are those of Optuna and of cmaes; `.[bench]` has both.
"""
