class GPTConfig:
    n_layer: int = 4
    dropout: float = 0.2


class GPT:
    def __init__(self, config):
        self.config = config

    def loss(self, iteration, learning_rate):
        return 1.5 + abs(self.config.dropout - 0.1) + abs(learning_rate - 3e-4) * 100 + 1 / (iteration + 1)
