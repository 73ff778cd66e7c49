"""Pretraining, in one file."""

import time

from prepare import CACHE, evaluate_bpb

ASPECT_RATIO = 64
DEPTH = 8  # number of layers
MATRIX_LR = 0.04
WINDOW_PATTERN = "SSSL"

started = time.time()
text = (CACHE / "shard.txt").read_text()
model = [abs(MATRIX_LR - 0.05) * 10, abs(DEPTH - 10) / 10, 0.5]
for step in range(3):
    print(f"\rstep {step:05d} ({100 * step / 3:.1f}%) | loss: {3 - step / 2:.6f} | lrm: 1.00 | remaining: 0s    ", end="")
print()
val_bpb = evaluate_bpb(model)
print("---")
print(f"val_bpb:          {val_bpb:.6f}")
print(f"training_seconds: {time.time() - started:.1f}")
print(f"total_seconds:    {time.time() - started:.1f}")
print("peak_vram_mb:     45060.2")
print("mfu_percent:      39.80")
print("num_steps:        953")
print("num_params_M:     50.3")
print(f"depth:            {DEPTH}")
