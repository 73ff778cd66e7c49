"""Of which form state.json is, and of which fold: it is used only where both are this program's.

A module of its own, since who only looks imports neither folds nor what they are made of.
"""

FORMAT = "autoresearch.state/1"  # grows with any change of what stands beside the states
RUN_NAME, RUN_VERSION = "run", 2  # of the run projection; grows with any change of what it computes
