"""As torchrun does: one process a rank, each told which it is, and its lines marked."""

import argparse
import os
import subprocess
import sys

parser = argparse.ArgumentParser()
parser.add_argument("--nproc_per_node", type=int, default=1)
parser.add_argument("script")
args = parser.parse_args()
running = []
for rank in range(args.nproc_per_node):
    env = {**os.environ, "RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": str(args.nproc_per_node)}
    running.append(subprocess.Popen([sys.executable, args.script], env=env, stdout=subprocess.PIPE, text=True))
for rank, process in enumerate(running):
    for line in process.stdout:
        print(f"[rank{rank}]: {line}", end="", flush=True)
sys.exit(max(process.wait() for process in running))
