import argparse

parser = argparse.ArgumentParser()
parser.add_argument("--check", action="store_true")
parser.parse_args()
print('{"ready": true, "data_id": "none"}')
