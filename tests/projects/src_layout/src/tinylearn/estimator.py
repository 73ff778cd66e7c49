class Perceptron:
    def __init__(self, eta=0.02, n_iter=1):
        self.eta, self.n_iter = eta, n_iter

    def fit(self, points, labels):
        self.weights = [0.0, 0.0, 0.0]
        for _ in range(self.n_iter):
            for point, label in zip(points, labels):
                error = label - self.predict(point)
                self.weights = [w + self.eta * error * x for w, x in zip(self.weights, (1.0, *point))]
        return self

    def predict(self, point):
        return int(sum(w * x for w, x in zip(self.weights, (1.0, *point))) > 0)

    def score(self, points, labels):
        return sum(self.predict(p) == label for p, label in zip(points, labels)) / len(points)
