import argparse

parser = argparse.ArgumentParser()
parser.add_argument("--out_dir", default="out")
print(open(parser.parse_args().out_dir + "/ckpt.txt").read())
