import os

RANK = int(os.environ["RANK"])
WORLD_SIZE = int(os.environ["WORLD_SIZE"])
LR = 0.5
STEPS = 4

weight = 8.0
for step in range(STEPS):
    gradients = [2 * weight for _ in range(WORLD_SIZE)]
    weight -= LR / 4 * sum(gradients) / WORLD_SIZE
    print(f"step {step} loss {weight ** 2:.4f}")
print(f"eval_loss: {weight ** 2:.5f}")
