"""How a trained model is scored: by what predicts text, in a process that reaches nothing else."""
