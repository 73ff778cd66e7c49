import tinyhydra as hydra


@hydra.main(config_path="conf", config_name="config")
def run(cfg):
    for epoch in range(int(cfg.epochs)):
        loss = (cfg.optimizer.lr - 0.25) ** 2 + 0.2 * (1 - cfg.optimizer.momentum) + 1 / (epoch + 1)
        print(f"[{epoch + 1}/{int(cfg.epochs)}] train/loss={loss - 0.1:.4f} val/loss={loss:.4f} lr={cfg.optimizer.lr}")


if __name__ == "__main__":
    run()
