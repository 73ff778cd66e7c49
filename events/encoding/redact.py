"""Secrets are taken out of text at the door, before it becomes an event.

The table below is all that is recognised by shape, and docs/log.md repeats it; values of the process's
own environment are given as `secrets` and replaced wherever they occur. What looks like training output
or a diff (hashes, numbers, names of tensors, `tokens_per_step = 524_288`) stays as it is.
"""

import re
from collections.abc import Iterable, Mapping


MARK = "[redacted]"
SHORTEST_SECRET = 8  # characters; shorter values would be found inside ordinary words

# A part of a variable's name, between underscores. TOKENS and TOKENIZER are no secrets.
_SECRET_NAME = r"(?:TOKEN|SECRET|[A-Z0-9]{0,20}PASSWORD|PASSWD|PASSPHRASE|API_?KEY|ACCESS_?KEY|PRIVATE_?KEY)"  # noqa: S105
_NAME = rf"(?<![A-Za-z0-9_-])(?:[A-Za-z0-9_-]{{0,60}}[_-])?{_SECRET_NAME}(?:[_-][A-Za-z0-9_-]{{0,60}})?"
_MIXED = r"(?=[^\s\"']{0,99}[0-9])(?=[^\s\"']{0,99}[A-Za-z])"  # a letter and a digit: no word, no number

# Repetitions that something must follow are bounded, or begin only where the ones before them cannot have
# come past, so that any text takes linear time.
# (what, pattern, replacement): the order matters only where one could match a part of another.
PATTERNS: tuple[tuple[str, re.Pattern[str], str], ...] = tuple(
    (what, re.compile(pattern), replacement)
    for what, pattern, replacement in (
        (
            "private key",
            r"-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)",
            MARK,
        ),
        ("password in a URL", r"(?<=://)([^\s/:@]{0,99}):[^\s/@]{1,999}@", rf"\1:{MARK}@"),
        ("OpenAI, Anthropic", r"(?<![\w-])sk-(?=[\w-]{0,99}[0-9])[\w-]{20,}", MARK),
        ("GitHub", r"(?<!\w)(?:gh[pousr]_[A-Za-z0-9]{30,}|github_pat_\w{22,})", MARK),
        ("GitLab", r"(?<!\w)glpat-[\w-]{20,}", MARK),
        ("AWS", r"(?<!\w)(?:AKIA|ASIA)[0-9A-Z]{16}(?!\w)", MARK),
        ("Hugging Face", r"(?<!\w)hf_[A-Za-z0-9]{20,}", MARK),
        ("Google", r"(?<!\w)AIza[\w-]{30,}", MARK),
        ("Slack", r"(?<!\w)xox[abeoprs]-[A-Za-z0-9-]{10,}", MARK),
        ("PyPI, npm", r"(?<!\w)(?:pypi-[\w-]{40,}|npm_[A-Za-z0-9]{30,})", MARK),
        ("JSON web token", r"(?<![\w-])eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{5,}", MARK),
        ("HTTP header", rf"(?i)\b(bearer|basic)(\s+){_MIXED}[\w.~+/=-]{{16,}}", rf"\1\2{MARK}"),
        ("NAME=VALUE", rf"(?i)({_NAME}=){_MIXED}[^\s\"',;)]{{8,}}", rf"\1{MARK}"),
        ("NAME: VALUE", rf"(?i)({_NAME}[\"']?:[ \t]*){_MIXED}[^\s\"',;)]{{8,}}", rf"\1{MARK}"),
        (
            "NAME = 'VALUE'",
            rf"(?i)({_NAME}[\"']?\s{{0,4}}[=:]\s{{0,4}}([\"'])){_MIXED}[^\s\"']{{8,}}\2",
            rf"\1{MARK}\2",
        ),
        (
            "PASSWORD=VALUE",
            r"(?i)(PASS(?:WORD|WD|PHRASE)[\"']?=[\"']?)[^\s\"',;)]{8,}",
            rf"\1{MARK}",
        ),
    )
)

_SECRET_VARIABLE = re.compile(rf"(?i){_NAME}\Z")


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """Return the text with every known secret and everything of a secret's shape replaced."""
    for secret in sorted(set(secrets), key=len, reverse=True):
        if len(secret) >= SHORTEST_SECRET:
            text = text.replace(secret, MARK)
    for _, pattern, replacement in PATTERNS:
        text = pattern.sub(replacement, text)
    return text


def secret_values(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Return the values of the variables that are named like secrets, for `redact`."""
    return tuple(
        value
        for name, value in environ.items()
        if len(value) >= SHORTEST_SECRET and _SECRET_VARIABLE.match(name)
    )
