"""Run the server on an address until Ctrl-C."""

import asyncio
import contextlib
import socket
from collections.abc import Callable

import uvicorn
from starlette.applications import Starlette

from autoresearch.events.errors import NotFound


OPEN_STREAMS_S = 1  # so long may pages that look on hold up the end
INTERRUPTED = 130


def listen(
    site: Starlette, *, host: str, port: int, token: str, share: bool, say: Callable[[str], None]
) -> int:
    """Serve until somebody interrupts; return the exit code. A token is a part of the address that is told.

    With `share`, the address without it is told, too.

    Raises:
        NotFound: the address is not there, or taken.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((host, port))
            listening.listen()
        except OSError as error:
            raise NotFound(
                f"{host} port {port}: {error.strerror or error}", remedy="--port 0 takes any that is free"
            ) from error
        name = f"[{host}]" if family == socket.AF_INET6 else host
        what = "whoever has this address may steer" if token else "reads only"
        address = f"http://{name}:{listening.getsockname()[1]}/{f'#token={token}' if token else ''}"
        say(f"{address}  ({what}; Ctrl-C ends it, the runs go on)")
        if share:
            say(f"{address.partition('#')[0]}  (reads only: this one can be given to others)")
        config = uvicorn.Config(
            site,
            log_level="error",
            access_log=False,
            timeout_graceful_shutdown=OPEN_STREAMS_S,
            lifespan="off",
        )
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(uvicorn.Server(config).serve([listening]))
    return INTERRUPTED
