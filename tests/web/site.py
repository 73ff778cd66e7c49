"""A server of `serve` in a process of its own, a repository with runs to show, and how to ask it."""

import http.client
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from attrs import define

from autoresearch.engine.paths import RunPaths
from autoresearch.events import catalog as ev
from autoresearch.events.log.append import EventLog
from tests import given as g
from tests.cli_helpers import make_repo, make_run
from tests.waiting import PATIENCE_S


ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests" / "golden" / "runs"
BEGUN = (g.asked(3), g.runner_started(), *g.BASELINE)
HOSTILE = (
    "<script>document.title='pwned'</script><img src=x onerror=\"document.title='pwned'\">"
    "<a href=javascript:alert(1)>x</a>\"'&`\u202egnp.exe\u2066 \x1b[31m {{7*7}} " + "m" * 150_000
)


def hostile_events() -> tuple[ev.Event, ...]:
    """Return what a run records where every text that comes from outside is hostile."""
    words = dict.fromkeys(("description", "change_plan", "commit_description", "hypothesis"), HOSTILE)
    proposal = g.proposal(**words, set={"LR": HOSTILE[:200]})
    return (
        ev.NoteAdded(text=HOSTILE[:9000]),
        g.opened(1),
        ev.ProposalChosen(iteration=1, source="agent", description=HOSTILE, proposal=proposal, received=None),
    )


def tried(number: int, metric: float, *, keep: bool = False, description: str = "") -> tuple[ev.Event, ...]:
    """Return what an iteration records from its beginning to its verdict."""
    verdict = g.kept(number) if keep else g.discarded(number)
    return (
        g.opened(number),
        g.chosen(number, description=description or f"try number {number}"),
        g.training(number),
        g.trained(number, metric),
        g.row(number, metric),
        verdict,
    )


def append(paths: RunPaths, *events: ev.Event) -> None:
    """Append to a history as a runner does."""
    with EventLog(paths.history, durability="off") as log:
        log.append(list(events), by="runner")


def golden_run(repo: Path, name: str, run_id: str) -> RunPaths:
    """Put a golden history into a repository as a run of this id."""
    folder = repo / ".autoresearch" / "runs" / run_id
    folder.mkdir(parents=True)
    shutil.copy(GOLDEN / f"{name}.jsonl", folder / "history.jsonl")
    return RunPaths(home=repo, folder=folder)


@define(kw_only=True)
class Site:
    """A server, and the repository that it shows."""

    repo: Path
    port: int
    process: subprocess.Popen[str]
    token: str = ""

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def ask(
        self, path: str, *, host: str = "127.0.0.1", method: str = "GET", body: str = "", **headers: str
    ) -> tuple[int, dict[str, str], Any]:
        """Return the status, the headers, and the body: parsed where it is JSON."""
        given = {"host": f"{host}:{self.port}"} | {
            name.replace("_", "-"): one for name, one in headers.items()
        }
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        try:
            connection.request(method, path, body=body.encode() or None, headers=given)
            answer = connection.getresponse()
            said = answer.read()
        finally:
            connection.close()
        got = {name.lower(): value for name, value in answer.getheaders()}
        is_json = got.get("content-type", "").startswith("application/json")
        return answer.status, got, json.loads(said) if is_json else said.decode()

    def say(self, run_id: str, **asked: str) -> tuple[int, Any]:
        """Steer a run as its page does; return the status and what was said."""
        status, _, said = self.ask(
            f"/api/0/{run_id}/steer",
            method="POST",
            body=json.dumps(asked),
            origin=self.address,
            x_autoresearch_token=self.token,
        )
        return status, said

    def get(self, path: str) -> Any:
        """Return what is there."""
        status, _, body = self.ask(path)
        assert 200 == status, body
        return body

    @contextmanager
    def stream(self, path: str, *, last_id: str = "") -> Iterator[Iterator[tuple[str, str, Any]]]:
        """Listen to a stream; yield (id, event, data) as they come."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        try:
            connection.request("GET", path, headers={"last-event-id": last_id} if last_id else {})
            yield _messages(connection.getresponse())
        finally:
            connection.close()


def _messages(answer: http.client.HTTPResponse) -> Iterator[tuple[str, str, Any]]:
    said: dict[str, str] = {}
    for raw in answer:
        name, _, value = raw.decode().rstrip("\r\n").partition(": ")
        if name:
            said[name] = value
        elif "event" in said:
            yield said.get("id", ""), said["event"], json.loads(said["data"])
            said = {}


@contextmanager
def serving(repo: Path, *options: str, port: int = 0) -> Iterator[Site]:
    """Serve a repository until the block ends."""
    words = [
        sys.executable,
        "-m",
        "autoresearch",
        "serve",
        "--port",
        str(port),
        "--repo",
        str(repo),
        *options,
    ]
    env = os.environ | {"PYTHONPATH": str(ROOT / "src"), "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=env) as process:
        try:
            assert process.stdout is not None
            said = process.stdout.readline()
            found = re.match(r"http://127\.0\.0\.1:(\d+)/(?:#token=(\S+))?", said)
            assert found is not None, said
            yield Site(repo=repo, port=int(found[1]), process=process, token=found[2] or "")
        finally:
            process.kill()


def repository(folder: Path) -> Path:
    """Make a repository with a whole run, a hostile one, a torn one and a corrupt one."""
    repo = make_repo(folder)
    make_run(repo, *BEGUN, *tried(1, 0.9, keep=True), *tried(2, 1.2), branch="autoresearch/whole")
    make_run(repo, *BEGUN, *hostile_events(), branch="autoresearch/hostile")
    golden_run(repo, "confirm", "confirm-r001")
    golden_run(repo, "agents-by-gain", "agents-by-gain-r001")
    torn = golden_run(repo, "confirm", "torn-r001")
    torn.history.write_bytes(torn.history.read_bytes()[:-200])
    corrupt = golden_run(repo, "confirm", "corrupt-r001")
    whole = corrupt.history.read_bytes()
    corrupt.history.write_bytes(whole[:20000] + b"#" + whole[20001:])
    return repo
