def load():
    """Return points of a line with some noise, and which side of it they are on."""
    points = [((i * 37 % 100) / 100, (i * 61 % 100) / 100) for i in range(400)]
    return points, [int(y > 0.3 + 0.5 * x) for x, y in points]
