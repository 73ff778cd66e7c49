"""The one script that came before: it asks an agent, trains, and writes results.tsv."""

import subprocess
import sys


def main():
    done = subprocess.run([sys.executable, "train.py"], capture_output=True, text=True)
    val_bpb = next(line.split()[1] for line in done.stdout.splitlines() if line.startswith("val_bpb:"))
    print(f"val_bpb: {val_bpb}")


if __name__ == "__main__":
    main()
