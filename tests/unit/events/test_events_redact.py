"""What is a secret, and what only looks like one."""

import pytest

from autoresearch.events.encoding.redact import MARK, redact, secret_values


# Put together here, so that no scanner takes this file for a leak.
A = "abcdefghij"
N = "0123456789"
SECRETS = [
    "sk-" + "proj-" + A + N + A,
    "sk-ant-" + "api03-" + A + N,
    "ghp_" + A + N + A + N[:6],
    "gho_" + A + N + A + N[:6],
    "github_pat_" + A + N + "_" + A,
    "glpat-" + A + N,
    "AKIA" + "ABCDEFGH" + "01234567",
    "hf_" + A + N + A + "ABCD",
    "AIza" + A + N + A + "ABCDE",
    "xoxb-" + N + "-" + A,
    "npm_" + A + N + A + N[:6],
    "pypi-" + A + N + A + N + A,
    "eyJ" + A + N + ".eyJ" + A + N + "." + A,
]


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("around", ["{}", "key={}", '"{}"', "see {} there", "({})", "url?x={}&y=1", "{}\n"])
def test_known_shapes_are_replaced(secret: str, around: str):
    """Nothing of a key remains, whatever stands around it, and what stands around it does."""
    shown = redact(around.format(secret))
    assert secret not in shown
    assert shown == around.format(MARK)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Authorization: Bearer abc.def-123456789", f"Authorization: Bearer {MARK}"),
        ("authorization: basic dXNlcjpwYXNzd29yZDEyMw==", f"authorization: basic {MARK}"),
        ("WANDB_API_KEY=0123456789abcdef0123456789abcdef01234567", f"WANDB_API_KEY={MARK}"),
        ("export HF_TOKEN=notashape99 && run", f"export HF_TOKEN={MARK} && run"),
        ("OPENAI_API_KEY: a1b2c3d4e5f6", f"OPENAI_API_KEY: {MARK}"),
        ('"client_secret": "a1b2c3d4e5"', f'"client_secret": "{MARK}"'),
        ("api_key = 'a1b2c3d4e5'", f"api_key = '{MARK}'"),
        ("?access_token=a1b2c3d4e5&x=1", f"?access_token={MARK}"),
        ("DB_PASSWORD=correcthorse", f"DB_PASSWORD={MARK}"),
        ("PGPASSWORD=correcthorse psql", f"PGPASSWORD={MARK} psql"),
        ("password=hunter22x", f"password={MARK}"),
        ("https://me:s3cr3t-pw@host.example/x.git", f"https://me:{MARK}@host.example/x.git"),
        ("postgres://u:p@h/db", f"postgres://u:{MARK}@h/db"),
        (
            "x\n-----BEGIN OPENSSH PRIVATE KEY-----\nabc\ndef\n-----END OPENSSH PRIVATE KEY-----\ny",
            f"x\n{MARK}\ny",
        ),
        ("-----BEGIN RSA PRIVATE KEY-----\nabc cut here", MARK),
    ],
)
def test_values_that_are_named_as_secrets_are_replaced(text: str, expected: str):
    """The name stays, the value goes."""
    assert redact(text) == expected


ORDINARY = [
    "step 00953 (100.0%) | loss: 2.997900 | lrm: 0.01 | dt: 123ms | tok/sec: 1,234,567 | mfu: 39.80",
    "val_bpb:          0.997900\ntotal_tokens_M:   499.6\nnum_params_M:     50.3",
    "TOTAL_TOKENS = 524_288  # TOKENS_PER_STEP=2**19, TOKEN_BUDGET = 2**19",
    "max_tokens=123456789 num_tokens: 499600000 tokens=12345678",
    "TOKENIZERS_PARALLELISM=false tokenizer='bpe4096x2' TOKENIZER_DIR=/data/tok4096",
    "PAD_TOKEN = '<|endoftext|>'; EOS_TOKEN = tokenizer.eos_token_id",
    "commit 3f786850e387550fdab836ed7e6dc881de23001b (HEAD -> autoresearch/nov23)",
    "sha256 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "-    self.token_embedding = nn.Embedding(vocab_size, n_embd)\n+    token_count=n1 * n2",
    "@@ -12,7 +12,9 @@ def hf_hub_download(repo_id, filename):",
    "risk-adjusted task-oriented-decomposition-2 sk-learn desk-0123456789-0123456789-x",
    "loading https://example.org:8080/data/shard_00001.parquet at 10:32:05",
    "bearer of the highest responsibilities; basic understanding",
    "transformer.h.0.attn.c_attn.weight torch.Size([768, 2304]) keys=values secrets: none",
    'File "/usr/lib/python3.11/secrets.py", line 12, in token_bytes',
    "optimizer: Muon(lr=0.02, momentum=0.95) AdamW(lr=3e-4, betas=(0.9, 0.95))",
]


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_output_stays_as_it_is(text: str):
    """Training output, diffs, hashes and paths are not touched."""
    assert redact(text) == text


def test_redacting_twice_changes_nothing_more():
    """What was redacted once is left alone."""
    once = redact("\n".join(SECRETS) + " HF_TOKEN=abcdefgh12 https://a:b@c")
    assert redact(once) == once


def test_known_values_are_replaced_wherever_they_are():
    """A value of the environment goes, the longest first, also inside other text; a short one stays."""
    known = ["opensesame", "opensesame-and-more", "short", ""]
    assert redact("xopensesame-and-morex opensesame short", known) == f"x{MARK}x {MARK} short"


def test_variables_named_like_secrets_are_found():
    """The values of secret variables are known, and those of the others are not."""
    environ = {
        "HF_TOKEN": "value-one",
        "OPENAI_API_KEY": "value-two",
        "MY_SECRET_THING": "value-three",
        "PGPASSWORD": "value-four",
        "DB_PASSWORD": "value-five",
        "AWS_SECRET_ACCESS_KEY": "value-six",
        "TOKENIZERS_PARALLELISM": "falsefalse",
        "MAX_TOKENS": "123456789",
        "PATH": "/usr/bin:/bin",
        "API_KEY": "tiny",
    }
    assert set(secret_values(environ)) == {
        "value-one",
        "value-two",
        "value-three",
        "value-four",
        "value-five",
        "value-six",
    }


def test_a_long_line_is_redacted_in_time():
    """A megabyte without an end takes no more than a moment."""
    for text in ("a" * 2**20, "sk-" * 2**18, "TOKEN_" * 2**17, "eyJ" * 2**18, "://a:" * 2**17):
        assert len(redact(text)) > 0
