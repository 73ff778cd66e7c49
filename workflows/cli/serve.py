"""The commands that offer runs to others: to a browser, to programs that speak MCP, to receivers."""

import json
import secrets
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from autoresearch.engine.git.repository import RealGit
from autoresearch.engine.runs.catalogue import started_runs
from autoresearch.engine.runs.locate import find_home
from autoresearch.engine.system.version import adds
from autoresearch.events.errors import NotFound, UsageRefused
from autoresearch.projections.words.times import counted, one_line
from autoresearch.workflows.api.envelope import document
from autoresearch.workflows.cli import options as opt


PORT = 8811
LOCAL = "127.0.0.1"
SINKS = {  # only the module of the one that is named gets imported
    "webhook": "autoresearch.workflows.exports.webhook",
    "notify": "autoresearch.workflows.exports.notify",
    "prometheus": "autoresearch.workflows.exports.prometheus",
    "otlp": "autoresearch.workflows.exports.otlp",
    "mlflow": "autoresearch.workflows.exports.trackers.mlflow",
    "wandb": "autoresearch.workflows.exports.trackers.wandb",
}
INTERRUPTED = 130
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
        typer.Option(
            "--home", help="Show this repository; repeatable. `--repo .` adds the one here.", metavar="PATH"
        ),
    ] = None,
    allow_control: Annotated[
        bool,
        typer.Option("--allow-control", help="Let who has the printed address steer the runs, too."),
    ] = False,
    read_only_link: Annotated[
        bool,
        typer.Option("--read-only-link", help="Print the address for others, too, which cannot steer."),
    ] = False,
    repo: opt.Repo = None,
) -> int:
    """Show the runs in a browser: live, and as of any event. Ctrl-C ends it, and no run with it.

    It reads only, unless --allow-control is given. Needs the extra `web`.
    """
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        raise NotFound(f"serve needs {', '.join(missing)}", remedy=f"`{adds('web')}` brings them")
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
    token = control.token if control else ""
    return listen(site, host=host, port=port, token=token, share=read_only_link, say=opt.say)


def mcp(*, repo: opt.Repo = None) -> int:
    """Serve a repository's runs as MCP tools over standard input and output, until its client leaves.

    Needs the extra `mcp`.
    """
    if find_spec("mcp") is None or find_spec("mcp_types") is None:
        raise NotFound("mcp needs mcp 2", remedy=f"`{adds('mcp')}` brings it")
    home = find_home(repo or Path.cwd())
    from autoresearch.workflows.mcp.server import Commands, server  # noqa: PLC0415 - 2 s, for this alone

    called = sys.orig_argv[1 : sys.orig_argv.index("mcp")]
    server(Commands(program=(sys.executable, *called), repo=home)).run("stdio")
    return 0


def export_command(
    sink: Annotated[str, typer.Argument(help=f"Where to: {', '.join(SINKS)}.", metavar="SINK")],
    run: opt.Run = None,
    *,
    to: Annotated[
        str,
        typer.Option(
            "--to",
            help="The receiver: an address, or a file.",
            metavar="WHERE",
            envvar="AUTORESEARCH_EXPORT_TO",
        ),
    ] = "",
    follow: Annotated[
        bool, typer.Option("--follow", help="Go on with what comes, until the run is idle.")
    ] = False,
    first: Annotated[
        int | None,
        typer.Option(
            "--from", help="Begin with this event; default: where the last call ended.", metavar="SEQ", min=1
        ),
    ] = None,
    types: Annotated[
        list[str] | None,
        typer.Option("--type", help="webhook: only events of this type; repeatable.", metavar="NAME"),
    ] = None,
    on: Annotated[
        list[str] | None,
        typer.Option("--on", help="notify: only of this occasion; repeatable.", metavar="OCCASION"),
    ] = None,
    digest: Annotated[
        str,
        typer.Option("--digest", help="notify: a digest at this time of day, or now.", metavar="HH:MM"),
    ] = "",
    port: Annotated[
        int | None,
        typer.Option(
            "--port", help="prometheus: answer on this port of 127.0.0.1; 0: any.", metavar="N", min=0
        ),
    ] = None,
    as_json: opt.AsJson = False,
    run_id: opt.RunId = None,
    repo: opt.Repo = None,
) -> int:
    """Hand a run on to another program, each event at least once, from where the last call ended.

    docs/exports.md says what each sink sends. The run does not notice.
    """
    if sink not in SINKS:
        raise UsageRefused(f"there is no sink {sink!r}", remedy=f"one of {', '.join(SINKS)}")
    from autoresearch.workflows.cli.look import known_types  # noqa: PLC0415 - for this alone
    from autoresearch.workflows.exports.asked import Asked  # noqa: PLC0415 - the same

    module = import_module(SINKS[sink])
    wanted = known_types(types)
    given = {"--to": to, "--follow": follow, "--from": first, "--type": wanted, "--port": port}
    given |= {"--on": on, "--digest": digest}
    for option in given.keys() - module.TAKES:
        if given[option]:
            raise UsageRefused(
                f"{sink} takes no {option}", remedy=f"it takes {', '.join(sorted(module.TAKES))}"
            )
    paths = opt.target(repo).run(opt.named(run, run_id)).paths
    asked = Asked(
        paths=paths,
        say=opt.say,
        to=to,
        port=port,
        follow=follow,
        first=first,
        types=wanted,
        on=frozenset(on or ()),
        digest=digest,
    )
    try:
        done = module.export(asked)
    except KeyboardInterrupt:
        return INTERRUPTED
    if as_json:
        opt.print_object(document("export", run_id=paths.run_id, sink=sink, sent=done.sent, seq=done.seq))
    else:
        upto = f", up to event {done.seq}" if done.seq else "; nothing is new"
        opt.say(f"{paths.run_id}: {done.to}: {counted(done.sent, done.what)}{upto}")
    return 0


def sql_command(
    sql: Annotated[str, typer.Argument(help="The query, in DuckDB's SQL.", metavar="QUERY")],
    *,
    homes: Annotated[
        list[Path] | None,
        typer.Option(
            "--home", help="Query this repository; repeatable. `--repo .` adds the one here.", metavar="PATH"
        ),
    ] = None,
    as_json: opt.AsJson = False,
    repo: opt.Repo = None,
) -> None:
    """Query all runs of a repository, or of several: the tables are runs, experiments and events.

    Needs the extra `sql`.
    """
    from autoresearch.workflows.exports.sql import query  # noqa: PLC0415 - for this alone
    from autoresearch.workflows.pages.tables import table  # noqa: PLC0415 - the same

    first = [repo or Path.cwd()] if repo is not None or not homes else []
    found = dict.fromkeys(find_home(home) for home in (*first, *(homes or ())))
    runs = [paths for home in found for paths in started_runs(home)]
    answer = query(runs, sql, left_out=lambda said: opt.say(said, err=True))
    if as_json:
        rows = json.loads(json.dumps(answer.rows, default=str))  # times, decimals and intervals as text
        opt.print_object(document("sql", columns=list(answer.columns), rows=rows))
    else:
        cells = [["-" if one is None else one_line(str(one), 120) for one in row] for row in answer.rows]
        typer.echo(table(answer.columns, cells), nl=False)
