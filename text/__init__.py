"""The protected half of an experiment: the text, the tokens, the budget, the score, the report.

`train.py` is what an experiment edits; this package, with `prepare.py` as its door, is what makes two
experiments comparable, so none may edit it. It knows nothing of models or optimizers.

Preparing (`prepare.py`, no torch), in `sets`: sources and climbmix -> tokenizer -> datasets.
Training (`train.py`), in `trials`: training -> trial -> `sets.loader`, `scores.evaluation`.
Scoring (`evaluate.py`), in `scores`: scoring -> asking, which starts model_process, where the candidate runs.
"""
