"""The commands that offer runs to others: serve to a browser, mcp to programs that speak MCP."""

import secrets
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from autoresearch.engine.git.repository import RealGit
from autoresearch.engine.runs.locate import find_home
from autoresearch.events.errors import NotFound
from autoresearch.workflows.cli import options as opt


PORT = 8811
LOCAL = "127.0.0.1"
NEEDED = ("starlette", "uvicorn", "sse_starlette")


def serve(
    *,
    port: Annotated[int, typer.Option("--port", help="The port; 0: any that is free.", min=0)] = PORT,
    host: Annotated[
        str,
        typer.Option(
            "--host", help="The address to listen on; whoever reaches it can read all.", metavar="ADDRESS"
        ),
    ] = LOCAL,
    homes: Annotated[
        list[Path] | None,
        typer.Option("--home", help="Show the runs of this repository, too; repeatable.", metavar="PATH"),
    ] = None,
    allow_control: Annotated[
        bool,
        typer.Option("--allow-control", help="Let who has the printed address steer the runs, too."),
    ] = False,
    repo: opt.Repo = None,
) -> int:
    """Show the runs in a browser: live, and as of any event. Ctrl-C ends it, and no run with it.

    It reads only, unless --allow-control is given. Needs the extra `web`.
    """
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        raise NotFound(
            f"serve needs {', '.join(missing)}", remedy="pip install 'autoresearch[web]' brings them"
        )
    first = [repo or Path.cwd()] if repo is not None or not homes else []
    found = dict.fromkeys(find_home(home) for home in (*first, *(homes or ())))
    from autoresearch.workflows.web.app import Repository, app  # noqa: PLC0415 - a web server, for this alone
    from autoresearch.workflows.web.listen import listen  # noqa: PLC0415 - the same
    from autoresearch.workflows.web.steer import Control  # noqa: PLC0415 - the same

    control = None
    if allow_control:
        opt.refuse_inside_agent()
        called = sys.orig_argv[1 : sys.orig_argv.index("serve")]
        control = Control(
            program=(sys.executable, *called), folder=Path.cwd(), token=secrets.token_urlsafe(24)
        )
    site = app(
        [Repository(home=home, git=RealGit(home)) for home in found],
        hosts=[*dict.fromkeys((LOCAL, "localhost", "[::1]", host))],
        control=control,
    )
    return listen(site, host=host, port=port, token=control.token if control else "", say=opt.say)


def mcp(*, repo: opt.Repo = None) -> int:
    """Serve a repository's runs as MCP tools over standard input and output, until its client leaves.

    Needs the extra `mcp`.
    """
    if find_spec("mcp") is None or find_spec("mcp_types") is None:
        raise NotFound("mcp needs mcp 2", remedy="pip install 'autoresearch[mcp]' brings it")
    home = find_home(repo or Path.cwd())
    from autoresearch.workflows.mcp.server import Commands, server  # noqa: PLC0415 - 2 s, for this alone

    called = sys.orig_argv[1 : sys.orig_argv.index("mcp")]
    server(Commands(program=(sys.executable, *called), repo=home)).run("stdio")
    return 0
