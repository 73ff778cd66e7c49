"""The commands that write a run into a file, for who reads it elsewhere: report, plot, notebook."""

from pathlib import Path
from typing import Annotated

import typer
from attrs import evolve as replace

from autoresearch.engine.paths import RunPaths
from autoresearch.engine.runs.as_of import seq_at
from autoresearch.events.errors import NotFound, UsageRefused
from autoresearch.events.files import write_atomic
from autoresearch.events.log.read import read
from autoresearch.projections.words.event_text import line
from autoresearch.workflows.api.envelope import document, json_text
from autoresearch.workflows.api.report import report_of
from autoresearch.workflows.cli import options as opt
from autoresearch.workflows.report.as_markdown import markdown_of
from autoresearch.workflows.report.as_text import text_of
from autoresearch.workflows.report.document import CitedEvent, Document, cited
from autoresearch.workflows.report.drawn import KINDS, drawn, refuse_other_kind
from autoresearch.workflows.report.notebook import notebook
from autoresearch.workflows.report.page import chart_of, document_of
from autoresearch.workflows.report.vega_lite import specification


NOTEBOOK = ".ipynb"


def report_command(
    run: opt.Run = None,
    *,
    as_html: Annotated[
        bool, typer.Option("--html", help="Write one HTML file that needs nothing else.")
    ] = False,
    as_markdown: Annotated[bool, typer.Option("--markdown", help="Write Markdown.")] = False,
    as_json: opt.AsJson = False,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="The file to write; default: the screen.", metavar="FILE"),
    ] = None,
    at: opt.At = None,
    run_id: opt.RunId = None,
    repo: opt.Repo = None,
) -> None:
    """Report on a run: what it is worth and how sure that is, what was kept, what failed, what it took.

    Each figure names the event of the history that it stands in.
    """
    if as_html + as_markdown + as_json > 1:
        raise UsageRefused("--html, --markdown and --json cannot go together", remedy="give one of them")
    here = opt.target(repo)
    paths = here.run(opt.named(run, run_id)).paths
    upto = None if at is None else seq_at(paths, at)
    found = report_of(paths, upto=upto)
    if as_json:
        text = json_text(found)
    else:
        page = _with_events(document_of(found), paths)
        text = markdown_of(page) if as_markdown else text_of(page)
        if as_html:
            from autoresearch.workflows.web.one_file import one_file  # noqa: PLC0415 - a page's scripts, for this alone

            text = one_file(page, paths, here.git, upto=upto)
    if output is None:
        typer.echo(text, nl=False)
        return
    _refuse_no_folder(output)
    opt.say(_written(output, text.encode("utf-8")))


def plot_command(
    runs: Annotated[
        list[str] | None,
        typer.Argument(
            help="The runs, in one panel; default: as for --run-id.",
            metavar="[RUN]...",
            autocompletion=opt.complete_run,
        ),
    ] = None,
    *,
    output: Annotated[
        Path,
        typer.Option("--output", "-o", help=f"The file to write: {', '.join(KINDS)}.", metavar="FILE"),
    ],
    at: opt.At = None,
    as_json: opt.AsJson = False,
    run_id: opt.RunId = None,
    repo: opt.Repo = None,
) -> None:
    """Draw runs into a file: all results, what was kept, the best so far, and how far seeds lie apart.

    A .json is the Vega-Lite specification that the others are drawn from; these need the extra `plot`.
    """
    refuse_other_kind(output.suffix)
    _refuse_no_folder(output)
    here = opt.target(repo)
    named = dict.fromkeys([*(runs or ()), *([run_id] if run_id else ())]) or {None: None}
    found = [here.run(name).paths for name in named]
    reports = [report_of(paths, upto=None if at is None else seq_at(paths, at)) for paths in found]
    charts = {paths.run_id: chart_of(one) for paths, one in zip(found, reports, strict=True)}
    said = _written(output, drawn(specification(charts), output.suffix))
    if as_json:
        opt.print_object(document("plot", runs=list(charts), path=str(output)))
    else:
        opt.say(said)


def notebook_command(
    run: opt.Run = None,
    *,
    output: Annotated[
        Path,
        typer.Option("--output", "-o", help="The file to write, .ipynb.", metavar="FILE"),
    ],
    as_json: opt.AsJson = False,
    run_id: opt.RunId = None,
    repo: opt.Repo = None,
) -> None:
    """Write a Jupyter notebook that reads a run with pandas and draws it.

    It reads the run anew each time that it is executed. Needs the extra `notebook` then, the picture `plot`.
    """
    if output.suffix != NOTEBOOK:
        raise UsageRefused(
            f"a notebook is no {output.suffix or 'file without an ending'}", remedy="name an .ipynb"
        )
    _refuse_no_folder(output)
    paths = opt.target(repo).run(opt.named(run, run_id)).paths
    inside = output.absolute().parent.resolve().is_relative_to(paths.home.resolve())
    said = _written(output, notebook(paths.run_id if inside else str(paths.folder.absolute())).encode())
    if as_json:
        opt.print_object(document("notebook", run_id=paths.run_id, path=str(output)))
    else:
        opt.say(said)


def _refuse_no_folder(output: Path) -> None:
    if not output.parent.is_dir():
        raise NotFound(f"there is no folder {output.parent}", remedy="make it, or name another file")


def _written(output: Path, content: bytes) -> str:
    """Write a file, and say so."""
    write_atomic(output, content)
    return f"written to {output}, {len(content):,} bytes"


def _with_events(document: Document, paths: RunPaths) -> Document:
    """Return it with the events that it cites, in words."""
    wanted = cited(document)
    if not wanted:
        return document
    events = tuple(
        CitedEvent(seq=one.seq, text=line(one))
        for one in read(paths.history, upto=max(wanted))
        if one.seq in wanted
    )
    return replace(document, events=events)
