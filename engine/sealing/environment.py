"""The runner's own environment, as far as a number may hang on it: what trainings and evaluations inherit.

Whoever resumes a run from another shell may give them another one. Counted are the variables that loaders,
Python and the usual libraries read, and those that the scripts name; others change with each terminal.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping

from autoresearch.events.encoding.redact import secret_values
from autoresearch.events.settings import RunConfig


READ_BY_LIBRARIES = re.compile(
    r"(?:LD|DYLD|GLIBC|MALLOC|OMP|KMP|GOMP|MKL|OPENBLAS|NUMEXPR|CUDA|CUBLAS|CUDNN|NVIDIA|NCCL|ROCR|HIP"
    r"|PYTORCH|TORCH|TORCHINDUCTOR|TRITON|XLA|TF|JAX|HF)_.+|PYTHON.+"
)
NAMED = re.compile(rb"""['"]([A-Z][A-Z0-9_]{2,63})['"]""")  # as `os.environ["LAYERS"]` does
# Told by other conditions, given to each training anew, or read by a terminal alone.
NOT_COUNTED = re.compile(
    r"AUTORESEARCH_.*|PATH|HOME|USER|LOGNAME|PWD|OLDPWD|TMPDIR|TERM|COLUMNS|LINES|OMP_NUM_THREADS|OMP_WAIT_POLICY"
    r"|MALLOC_(?:MMAP_MAX|TRIM_THRESHOLD)_|CUDA_VISIBLE_DEVICES|CUDA_DEVICE_ORDER|PYTHON_BASIC_REPL"
    r"|PYTHON(?:PATH|STARTUP|UNBUFFERED|DONTWRITEBYTECODE|PYCACHEPREFIX)"
)


def digest(environ: Mapping[str, str], config: RunConfig, scripts: Iterable[bytes]) -> str:
    """Return what tells this environment from any other of those in which numbers may be others.

    What the settings give a training does not count, since that decides by itself, nor do secrets.
    """
    named = {name.decode() for script in scripts for name in NAMED.findall(script)}
    hidden, given = set(secret_values(environ)), {*config.env, config.seed_env}
    told = hashlib.sha256()
    for name, value in sorted(environ.items()):
        counts = name in named or READ_BY_LIBRARIES.fullmatch(name)
        if counts and name not in given and value not in hidden and not NOT_COUNTED.fullmatch(name):
            told.update(f"{name}={value}\0".encode(errors="surrogateescape"))
    return told.hexdigest()[:16]
