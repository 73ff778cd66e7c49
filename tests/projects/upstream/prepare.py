"""Download the data and train the tokenizer, once for all clones."""

import argparse
from pathlib import Path

CACHE = Path("~/.cache/upstream-like").expanduser()


def evaluate_bpb(model):
    return sum(abs(weight) for weight in model) / len(model)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--num-shards", type=int, default=10)
    args = parser.parse_args()
    CACHE.mkdir(parents=True, exist_ok=True)
    (CACHE / "shard.txt").write_text("x" * args.num_shards)
    print(f"Data: {CACHE}")
