"""As much of a configuration framework as this needs: `@main(config_path=..., config_name=...)`."""

import os
import sys
from types import SimpleNamespace


def read(path):
    values = {}
    for line in open(path):
        key, colon, text = line.partition(":")
        if colon and not line.startswith((" ", "-", "#")) and text.strip():
            text = text.strip()
            values[key] = float(text) if text.replace(".", "", 1).isdigit() else text
    return values


def main(config_path, config_name):
    def decorator(function):
        def wrapped():
            config = read(os.path.join(config_path, config_name + ".yaml"))
            group = next((word.split("=")[1] for word in sys.argv[1:] if word.startswith("optimizer=")), "sgd")
            config["optimizer"] = SimpleNamespace(**read(os.path.join(config_path, "optimizer", group + ".yaml")))
            folder = os.path.join("outputs", "today")
            os.makedirs(folder, exist_ok=True)
            return function(SimpleNamespace(**config))

        return wrapped

    return decorator
