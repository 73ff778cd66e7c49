import logging

from tinylearn.dataset import load
from tinylearn.estimator import Perceptron

logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
log = logging.getLogger("tinylearn")


def main():
    points, labels = load()
    model = Perceptron().fit(points[:300], labels[:300])
    log.info("train accuracy: %.4f", model.score(points[:300], labels[:300]))
    print(f"test_accuracy = {model.score(points[300:], labels[300:]):.4f}")


if __name__ == "__main__":
    main()
