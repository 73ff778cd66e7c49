"""The server of `serve`: which address shows what, and what every answer carries."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

from attrs import frozen
from sse_starlette import EventSourceResponse
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from autoresearch.engine.paths import RunPaths
from autoresearch.engine.ports.repository import Commits
from autoresearch.engine.runs.catalogue import has_begun, run_named, started_runs
from autoresearch.engine.verdicts.what_if import what_if
from autoresearch.events.errors import AutoresearchError, CorruptHistory, InvalidInput, NotFound, UsageRefused
from autoresearch.events.log.read import read
from autoresearch.events.values import JobStep
from autoresearch.workflows.api.replay import what_if_object
from autoresearch.workflows.pages.acts.wrong_words import what_is_wrong
from autoresearch.workflows.pages.replay import what_it_means
from autoresearch.workflows.pages.ways_out import worded
from autoresearch.workflows.web import objects
from autoresearch.workflows.web.experiment import event_objects, experiment_object, log_piece
from autoresearch.workflows.web.followed import Followed, Shelf
from autoresearch.workflows.web.steer import Control, NotAllowed
from autoresearch.workflows.web.stream import Stream


STATIC = Path(__file__).with_name("static")
PROPOSAL_SCHEMA = Path(__file__).parents[1] / "schemas" / "proposal.schema.json"
HEADERS = {
    # Nothing from elsewhere, nothing within the page: whatever stands in a proposal is text.
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "no-cache",
}
EVENTS = 400  # of a history, in one answer
AGAINST = ("base", "baseline", "best")
NUMBER = re.compile("[0-9]{1,9}")


@frozen(kw_only=True)
class Repository:
    """One repository whose runs are shown."""

    home: Path
    git: Commits


class Site:
    """The answers, by address."""

    def __init__(self, repositories: Sequence[Repository], control: Control | None) -> None:
        self._repositories = tuple(repositories)
        self._control = control
        self._shelf = Shelf()

    def page(self, request: Request) -> Response:
        """Return the page; what it shows, it asks for itself."""
        status = 200
        if "run_id" in request.path_params:
            try:
                self._paths(request)
            except AutoresearchError:
                status = NOT_FOUND
        return FileResponse(STATIC / "index.html", status_code=status)

    def runs(self, _request: Request) -> Response:
        """List the runs of all repositories, the newest last."""
        found = []
        for home, repository in enumerate(self._repositories):
            for paths in started_runs(repository.home):
                name = repository.home.name
                try:
                    found.append(objects.run_object(home, name, paths, self._shelf.at_once(paths)))
                except AutoresearchError as error:
                    found.append(objects.unreadable(home, name, paths, error))
        return _json(found)

    def overview(self, request: Request) -> Response:
        """Return how a run stands."""
        followed, at = self._followed(request), _number(request, "at")
        if at is None:
            return _json(followed.shown("overview", lambda: objects.overview(followed, None)))
        return _json(objects.overview(followed, at))

    def rows(self, request: Request) -> Response:
        """Return how all rows became what they are."""
        return _json(objects.rows_object(self._followed(request)))

    def spans(self, request: Request) -> Response:
        """Return what ran when, and where the time went."""
        followed = self._followed(request)
        return _written(followed.shown("spans", lambda: _text(objects.spans_object(followed))))

    def events(self, request: Request) -> Response:
        """Return the events up to one, the newest of them."""
        followed = self._followed(request)
        last = followed.loaded.position.seq
        upto = min(_number(request, "upto") or last, last)
        after = max(0, upto - min(_number(request, "count") or EVENTS, EVENTS))
        return _json(event_objects(followed.records(after=after, upto=upto)))

    def experiment(self, request: Request) -> Response:
        """Return one experiment, whole."""
        followed = self._followed(request)
        against = request.query_params.get("against", AGAINST[0])
        if against not in AGAINST and not NUMBER.fullmatch(against):
            raise UsageRefused(f"against: expected one of {', '.join(AGAINST)}, or an iteration")
        git = self._repositories[request.path_params["home"]].git
        number = request.path_params["number"]
        found = experiment_object(followed, git, number, at=_number(request, "at"), against=against)
        return _json(found)

    def log(self, request: Request) -> Response:
        """Return what a job has printed since a place in its log, at most its end."""
        wanted = request.path_params
        if wanted["step"] not in get_args(JobStep):
            raise NotFound(f"there is no step {wanted['step']}")
        job = self._paths(request).job(wanted["number"], wanted["step"], wanted["count"])
        return _json(log_piece(job, _number(request, "from") or 0))

    def what_if(self, request: Request) -> Response:
        """Return what another rule had kept of a run."""
        followed = self._followed(request)
        found = what_if(read(followed.paths.history), request.query_params.get("rule", ""))
        said = what_it_means(found).splitlines()
        lower = followed.loaded.run.config.metric.lower_is_better
        shown = what_if_object(found, followed.paths.run_id)
        return _json(shown | {"said": said, "lower_is_better": lower})

    def settings(self, request: Request) -> Response:
        """Return the settings that a run goes by, and what the page knows of rules and proposals."""
        return _json(objects.settings_object(self._followed(request)))

    def stream(self, request: Request) -> Response:
        """Send what comes, from where the page left off."""
        followed = self._followed(request)
        since = request.headers.get("last-event-id") or request.query_params.get("from", "")
        return EventSourceResponse(Stream(followed, since).messages(), ping=15)

    def control(self, _request: Request) -> Response:
        """Say whether this start allows to steer; who may, knows its token."""
        return _json({"allowed": self._control is not None})

    def schema(self, _request: Request) -> Response:
        """Return the schema of a proposal, of which a page makes its form."""
        return FileResponse(PROPOSAL_SCHEMA, media_type="application/json")

    async def steer(self, request: Request) -> Response:
        """Do what a page of this server asks of a run, as a command does it."""
        assert self._control is not None  # else there is no such address
        self._control.refuse_stranger(request)
        paths, body = self._paths(request), await request.body()
        done = await run_in_threadpool(self._control.say, paths, body)
        return _json(done, status=200 if done["ok"] else DAMAGED)

    def _paths(self, request: Request) -> RunPaths:
        home: int = request.path_params["home"]
        if home >= len(self._repositories):
            raise NotFound(f"there is no repository {home}")
        paths = run_named(self._repositories[home].home, request.path_params["run_id"])
        if not has_begun(paths):
            raise NotFound(f"there is no run {paths.run_id}")
        return paths

    def _followed(self, request: Request) -> Followed:
        return self._shelf.followed(self._paths(request))


NOT_FOUND, REFUSED, DAMAGED, FORBIDDEN = 404, 400, 409, 403


def app(
    repositories: Sequence[Repository], *, hosts: Sequence[str], control: Control | None = None
) -> Starlette:
    """Return the server of these repositories; it answers only who calls it by one of these names.

    Without `control` there is no address that changes anything.
    """
    site = Site(repositories, control)
    run = "/api/{home:int}/{run_id}"
    routes = [
        Route("/", site.page),
        Route("/compare", site.page),
        Route("/run/{home:int}/{run_id}", site.page),
        Route("/run/{home:int}/{run_id}/{number:int}", site.page),
        Route("/api/runs", site.runs),
        Route(f"{run}/overview", site.overview),
        Route(f"{run}/rows", site.rows),
        Route(f"{run}/spans", site.spans),
        Route(f"{run}/events", site.events),
        Route(f"{run}/experiments/{{number:int}}", site.experiment),
        Route(f"{run}/log/{{number:int}}/{{step}}/{{count:int}}", site.log),
        Route(f"{run}/what_if", site.what_if),
        Route(f"{run}/settings", site.settings),
        Route(f"{run}/stream", site.stream),
        Route("/api/control", site.control),
        Route("/api/proposal.schema.json", site.schema),
        *([Route(f"{run}/steer", site.steer, methods=["POST"])] if control is not None else []),
        Mount("/static", StaticFiles(directory=STATIC)),
    ]
    return Starlette(
        routes=routes,
        middleware=[
            Middleware(_Headers),
            Middleware(TrustedHostMiddleware, allowed_hosts=list(hosts), www_redirect=False),
        ],
        exception_handlers={AutoresearchError: _refuse},
    )


class _Headers:
    """Gives every answer the same headers."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = {name.encode(): value.encode() for name, value in HEADERS.items()}
                kept = [(name, value) for name, value in message["headers"] if name not in own]
                message = {**message, "headers": [*kept, *own.items()]}
            await send(message)

        await self._app(scope, receive, sending if scope["type"] == "http" else send)


def _refuse(_request: Request, error: Exception) -> Response:
    assert isinstance(error, AutoresearchError)
    status = FORBIDDEN if isinstance(error, NotAllowed) else REFUSED
    if isinstance(error, NotFound | InvalidInput):
        status = NOT_FOUND
    elif isinstance(error, CorruptHistory):
        status = DAMAGED
    said = {"error": what_is_wrong(error), "way_out": worded(error.remedy)}
    return _json(said, status=status)


def _number(request: Request, name: str) -> int | None:
    given = request.query_params.get(name)
    if given is None:
        return None
    if not (given.isascii() and given.isdecimal() and len(given) < 16):  # noqa: PLR2004 - digits
        raise UsageRefused(f"{name}: expected the number of an event")
    return int(given)


def _json(value: Any, *, status: int = 200) -> Response:  # noqa: ANN401 - it is JSON
    return _written(_text(value), status=status)


def _text(value: Any) -> str:  # noqa: ANN401 - it is JSON
    """Return JSON in ASCII: what no UTF-8 can hold is escaped."""
    return json.dumps(value, separators=(",", ":"))


def _written(text: str, *, status: int = 200) -> Response:
    return Response(text, status_code=status, media_type="application/json")
