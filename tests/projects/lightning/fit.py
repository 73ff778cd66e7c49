import json
from pathlib import Path

CHECKPOINTS = Path("checkpoints")
MAX_EPOCHS = 4
HIDDEN_DIM = 32
GAMMA = 0.9


class Trainer:
    def __init__(self):
        self.last = CHECKPOINTS / "last.json"
        self.epoch = json.loads(self.last.read_text())["epoch"] if self.last.exists() else 0

    def fit(self):
        print(f"Restored from {self.last}" if self.epoch else "Training from scratch")
        for epoch in range(self.epoch, self.epoch + MAX_EPOCHS):
            val_loss = GAMMA ** (epoch + 1) + 4 / HIDDEN_DIM
            print(f"\rEpoch {epoch}: 100%|##########| 10/10 [00:00<00:00, 99.9it/s, v_num=0, val_loss={val_loss:.3f}]", end="")
        print()
        CHECKPOINTS.mkdir(exist_ok=True)
        self.last.write_text(json.dumps({"epoch": self.epoch + MAX_EPOCHS}))
        print(f"`Trainer.fit` stopped: `max_epochs={MAX_EPOCHS}` reached.")
        print(json.dumps({"val_loss": round(val_loss, 6), "epoch": self.epoch + MAX_EPOCHS}))


Trainer().fit()
