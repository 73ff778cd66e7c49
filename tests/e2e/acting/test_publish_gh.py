"""The real program gh, as Debian packages it, opening a pull request at a GitHub that is this machine."""

import json
import shutil
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from tests.e2e.acting.test_publish import kept_two
from tests.e2e.conftest import Program


HOST = "github.localhost"  # which gh speaks to without TLS; a proxy leads it here
PAGE = f"http://{HOST}/me/project/pull/7"
OF_REPOSITORY = {
    "id": "R_1",
    "name": "project",
    "owner": {"login": "me"},
    "viewerPermission": "ADMIN",
    "defaultBranchRef": {"name": "main"},
    "hasIssuesEnabled": True,
    "parent": None,
    "pullRequests": {"nodes": []},
}

pytestmark = pytest.mark.skipif(shutil.which("gh") is None, reason="gh is not installed")


class Hub(ThreadingHTTPServer):
    """A GitHub of one repository, which keeps what it is sent."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.sent: list[dict[str, Any]] = []
        self.refuses = False


class Answer(BaseHTTPRequestHandler):
    """The answer to a question in GraphQL."""

    server: Hub

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.sent.append(asked | {"path": self.path, "by": self.headers["Authorization"]})
        made = {"createPullRequest": {"pullRequest": {"id": "PR_7", "url": PAGE}}}
        is_made = "createPullRequest" in asked["query"]
        body = {"data": made if is_made else {"repository": OF_REPOSITORY, "viewer": {"login": "me"}}}
        if is_made and self.server.refuses:
            body = {"data": None, "errors": [{"message": "No commits between main and it"}]}
        sent = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(sent)))
        self.end_headers()
        self.wfile.write(sent)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def hub() -> Iterator[Hub]:
    """A GitHub that listens on this machine."""
    with Hub() as one:
        thread = Thread(target=one.serve_forever)
        thread.start()
        yield one
        one.shutdown()
        thread.join()


def at_the_hub(program: Program, hub: Hub) -> None:
    """Give the program's user a remote there, a login, and gh; pushes go into a folder."""
    folder = program.repo.parent
    program.git("init", "-q", "--bare", str(folder / "shared.git"))
    program.git("remote", "add", "origin", f"http://{HOST}/me/project.git")
    program.git("remote", "set-url", "--push", "origin", str(folder / "shared.git"))
    gh = shutil.which("gh")
    assert gh is not None  # as the mark says
    (Path(program.env["PATH"]) / "gh").symlink_to(gh)
    program.env |= {
        "GH_HOST": HOST,
        "GH_TOKEN": "a-token",
        "HTTP_PROXY": f"http://127.0.0.1:{hub.server_port}",
    }


def test_the_real_gh_opens_what_was_published(program: Program, hub: Hub):
    """GitHub is asked for what was pushed, with title and text; a refusal is told in its own words."""
    run_id = kept_two(program)
    at_the_hub(program, hub)
    assert PAGE in program("publish", "--pr").stdout
    (made,) = (one for one in hub.sent if "createPullRequest" in one["query"])
    assert (f"http://api.{HOST}/graphql", "token a-token") == (made["path"], made["by"])
    wanted = made["variables"]["input"]
    text = (program.run_folder() / "pull_request.md").read_text()
    assert (f"publish/{run_id}", "main") == (wanted["headRefName"], wanted["baseRefName"])
    assert text.strip() == wanted["body"].strip()
    assert wanted["title"].startswith("val_bpb")
    shared = str(program.repo.parent / "shared.git")
    branch = f"publish/{run_id}"
    assert program.git("rev-parse", branch) == program.git("--git-dir", shared, "rev-parse", branch)

    hub.refuses = True
    refused = program("publish", "--pr", "--name", "again", code=3).stderr
    assert "No commits between main and it" in refused
    assert "gh pr create --head again" in refused
    for name in ("GH_HOST", "GH_TOKEN"):
        del program.env[name]
    sent = len(hub.sent)
    assert "gh auth login" in program("publish", "--pr", "--name", "third", code=3).stderr
    assert sent == len(hub.sent)
