"""One line of a log as a person reads it: without colours, and told apart from what a logger puts before it.

Pure; knows nothing of metrics.
"""

import re


# Colours and cursor moves, titles of a terminal, and what a backspace rubs out.
_TERMINAL = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[@-_]|.?\x08")
_UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u200b\ufeff]+")

_DATE = r"\d{4}[-/.]\d\d[-/.]\d\d|\d\d[-/.]\d\d[-/.]\d{2,4}|[A-Z][a-z]{2} +\d{1,2}"
_CLOCK = r"\d\d:\d\d(?::\d\d)?(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?"
_LEVEL = r"(?i:debug|info|warn|warning|error|critical|notice|trace|success)"
# What says by itself that a program writes the beginning of the line. srun -l writes `0: `.
_SIGN = re.compile(
    rf"[\[(<]?(?:(?:{_DATE})(?:[T ]{_CLOCK})?|{_CLOCK}|{_LEVEL}(?![\w=/]))[\])>]?"
    r"|[IWEF]\d{4} [\d:.]+ +\d+ [^\]\s]{1,80}\]"  # as absl has it
    r"|\[?(?:local_|global_)?rank\W{0,2}\d+\]?|\[default\d+\]|\[\d+,\d+\]<std\w+>|\d{1,4}:(?= )"
    r"|\(\w[\w.]* pid=\d+\)|wandb:"
)
# The names of modules, functions, hosts and processes, which count where such a sign came before.
_NAME = re.compile(
    r"\[[^\]]{1,60}\]|\([^)\s]{1,60}\)|[\w.<>/-]{1,80}(?::[\w.<>]{1,60}){0,3}(?=\s*[:|\]\[(]|\s+[-\u2013]\s)|\d+(?=\s)"
)
# Which part of the data a number is of: no name of a module.
SPLIT = re.compile(
    r"(?<![\w.])(?:train(?:ing)?|val(?:id(?:ation)?)?|test(?:ing)?|eval(?:uation)?|dev|holdout)(?!\w)",
    re.IGNORECASE,
)
_BETWEEN = " \t:|-\u2013\u2014>*#•·│┃║"


def plain(line: str) -> str:
    """Return a line without what a terminal makes of it and nobody reads."""
    return _UNSEEN.sub("", _TERMINAL.sub("", line)) if "\x1b" in line or not line.isprintable() else line


def behind_prefix(before: str) -> str:
    """Return what of the beginning of a line no logger, launcher or bullet put there."""
    logged = False
    while before := before.lstrip(_BETWEEN):
        found = _SIGN.match(before)
        logged = logged or found is not None
        if found is None and logged:
            found = _NAME.match(before)
            if found is not None and SPLIT.fullmatch(found[0].strip("[]()")):
                return before
        if found is None or not found.end():
            return before
        before = before[found.end() :]
    return ""
