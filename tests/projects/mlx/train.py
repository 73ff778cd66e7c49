import json
import os

import minimlx as mx
from prepare import HOME

# Hyperparameters
LEARNING_RATE = 0.1
TOTAL_STEPS = 20


def main():
    json.load(open(os.path.join(HOME, "tokenizer.json")))
    weight = 0.0
    both = mx.value_and_grad(lambda weight: (weight - 1) ** 2)
    for step in range(TOTAL_STEPS):
        loss, gradient = both(weight)
        weight -= LEARNING_RATE * gradient
        print(f"step {step:4d} | loss {loss:.4f} | lr {LEARNING_RATE:.2e} | tok/s 1,000", flush=True)
    print("---")
    print(f"val_bpb:          {1 + (weight - 1) ** 2:.6f}")
    print("training_seconds: 0.1")
    print("peak_memory_mb:   512.0")
    print(f"num_steps:        {TOTAL_STEPS}")


if __name__ == "__main__":
    main()
