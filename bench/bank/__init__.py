"""Real trainings of train.py: 45 programs, each under the same eight seeds, and what came of them.

`bank.csv` has the score of each training (validation bits per byte, lower is better), `curves.csv` the mean
loss of training in each twentieth of its budget. `candidates.py` has the changes, `facts.py` says what the
numbers show: `python -m bench.bank.facts`.

How they were made: on 2026-11-26, on one NVIDIA H200 with torch 2.11.0+cu130 and one thread a training, by

    python -m bench.bank.make --out OUT --device cuda --tokens 262144 --jobs N

from the train.py whose sha256 begins with cd2bdd11e0952a30: profile `small`, dataset `sotu`, seeds 101 to
108, float32, nothing compiled, deterministic kernels; 360 trainings of 3 to 8 seconds. The four programs
that are planted to be the same (`comment`, `renamed`, `reordered`, `rewritten`) have the numbers of the
baseline to the last digit under every seed. A CPU gives other numbers, and the same four are alike there too.
"""
