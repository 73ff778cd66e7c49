import os

here = os.path.dirname(__file__)
text = open(os.path.join(here, "input.txt")).read()
with open(os.path.join(here, "train.bin"), "w") as file:
    file.write(text[: len(text) * 9 // 10])
with open(os.path.join(here, "val.bin"), "w") as file:
    file.write(text[len(text) * 9 // 10 :])
print(f"train has {len(text) * 9 // 10:,} tokens")
