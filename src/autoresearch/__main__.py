"""`python -m autoresearch`: the same as the console script."""

from autoresearch.workflows.run_experiment import main


main()
