"""Folders may be edited, and get new files."""

import json

from tests.e2e.conftest import CONFIG, Program


PATCH = """\
--- a/src/model.py
+++ b/src/model.py
@@ -1 +1,2 @@
-RATE = 0.5
+from src.rate import RATE
+
--- /dev/null
+++ b/src/rate.py
@@ -0,0 +1 @@
+RATE = 0.25
"""


def test_a_folder_is_edited_and_gets_a_new_file(program: Program):
    """A directory is not "not in the commit"; a patch changes a file in it and adds one."""
    (program.repo / "src").mkdir()
    (program.repo / "src" / "model.py").write_text("RATE = 0.5  # search: 0.1..0.9\n")
    (program.repo / "train.py").write_text('from src.model import RATE\nprint(f"val_bpb: {1 + RATE:.6f}")\n')
    (program.repo / "pyproject.toml").write_text(CONFIG + 'editable = ["src"]\n')
    program.git("add", "-A")
    program.git("commit", "-qm", "mine")
    patch = PATCH.replace("-RATE = 0.5\n", "-RATE = 0.5  # search: 0.1..0.9\n")
    texts = dict.fromkeys(("description", "change_plan", "commit_description"), "a file of its own")
    (program.repo / "p.json").write_text(json.dumps({"status": "ok", **texts, "patch": patch}))
    program("start", "--loops", "1", "--no-stochastic", "--no-background-train", "--proposal-file", "p.json")
    assert 1.25 == program.status()["best_metric"]
    assert {"src/model.py", "src/rate.py"} == set(
        program.git("diff", "--name-only", "main", program.status()["branch"]).splitlines()
    )


def test_a_file_that_is_no_text_is_refused_at_the_start(program: Program):
    """A latin-1 file that may be edited is named before anything is made, with the way out."""
    (program.repo / "train.py").write_bytes(b"# -*- coding: latin-1 -*-\n# caf\xe9\nLR = 0.1\n")
    program.git("commit", "-qam", "mine")
    said = program("start", "--loops", "1", "--no-stochastic", "--no-background-train", code=None)
    assert 0 != said.returncode
    assert "train.py is editable, and not UTF-8 at offset 31" in said.stderr
    assert "iconv" in said.stderr
