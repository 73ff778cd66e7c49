"""`export webhook`: each event arrives at a real receiver, signed, at least once, whatever is killed when."""

import base64
import hmac
import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest

from autoresearch.engine.paths import RunPaths
from autoresearch.events import catalog as ev
from autoresearch.events.log.append import EventLog
from autoresearch.events.log.read import read
from autoresearch.events.values import why
from autoresearch.workflows.cli.main import main
from autoresearch.workflows.exports import post
from autoresearch.workflows.exports.webhook import secret_key, signed
from tests import given as g
from tests.cli_helpers import make_repo, make_run
from tests.receiver import Got, Receiver, receiving
from tests.waiting import PATIENCE_S, until


ROOT = Path(__file__).resolve().parents[3]
SCHEMA = ROOT / "docs" / "schemas" / "export-1.schema.json"
STOPPED = ev.RunStopped(how="done", reason=why("done_without_best", completed=0))


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunPaths:
    """A run that goes on, in the repository that is the current folder; no wait between tries."""
    made = make_repo(tmp_path / "repo")
    monkeypatch.chdir(made)
    monkeypatch.delenv("AUTORESEARCH_WEBHOOK_SECRET", raising=False)
    monkeypatch.setattr(post, "WAITS_S", (0.0, 0.0))
    return make_run(made, g.asked(3), g.runner_started(), *g.BASELINE)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as one:
        yield one


def keys(paths: RunPaths) -> list[str]:
    """Return the idempotency key of each event of a run."""
    return [f"{paths.run_id}:{one.seq}:{one.hash[:16]}" for one in read(paths.history)]


def export(capsys: pytest.CaptureFixture[str], receiver: Receiver, *words: str) -> dict[str, object]:
    """Export to a receiver, which must succeed; return the object that is printed, of the published form."""
    code = main(["export", "webhook", "--to", receiver.url, "--json", *words])
    said = capsys.readouterr()
    assert (0, "") == (code, said.err)
    told: dict[str, object] = json.loads(said.out)
    jsonschema.validate(told, json.loads(SCHEMA.read_text()))
    return told


def test_each_event_arrives_once_and_signed(run, receiver, capsys, monkeypatch):
    """All events come in their order as they are stored; the next call sends what is new and nothing else."""
    monkeypatch.setenv("AUTORESEARCH_WEBHOOK_SECRET", "whsec_" + base64.b64encode(b"k" * 24).decode())
    wanted = keys(run)
    assert len(wanted) == export(capsys, receiver)["sent"]
    assert wanted == receiver.named("webhook-id")
    lines = run.history.read_text().splitlines()
    assert [json.loads(line) for line in lines] == [json.loads(one.body)["event"] for one in receiver.got]
    for one in receiver.got:
        signed_text = f"{one.headers['webhook-id']}.{one.headers['webhook-timestamp']}.".encode() + one.body
        digest = base64.b64encode(hmac.digest(b"k" * 24, signed_text, "sha256")).decode()
        assert f"v1,{digest}" == one.headers["webhook-signature"]
    told = export(capsys, receiver)
    assert (0, 0) == (told["sent"], told["seq"])
    with EventLog(run.history) as log:
        log.append([ev.NoteAdded(text="hello")], by="y")
    assert 1 == export(capsys, receiver)["sent"]
    assert keys(run) == receiver.named("webhook-id")


def test_the_signature_is_that_of_the_standard():
    """The library `standardwebhooks` (1.0) signs the same secret, id, time and body in the same way."""
    key = secret_key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    headers = signed(b'{"test": 2432232314}', name="msg_p5jXN8AQM9LWM0D4loKWxJek", at=1614265330, key=key)
    assert "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=" == headers["webhook-signature"]


def test_what_fails_is_tried_again_and_never_passed_over(run, receiver, capsys):
    """A 503 is tried again under the same key; a 401 ends the export, and the next call begins there."""
    answers = iter((503, 204, 204, 401))
    receiver.answer = lambda _: next(answers, 204)
    assert 3 == main(["export", "webhook", "--to", receiver.url + "/s3cret"])
    said = capsys.readouterr().err
    assert "refused event 3: 401" in said
    assert "s3cret" not in said
    first = keys(run)[:3]
    assert [first[0], *first] == receiver.named("webhook-id")
    receiver.answer = lambda _: 500
    assert 3 == main(["export", "webhook", "--to", receiver.url + "/s3cret"])
    assert "did not take event 3 in 3 tries: 500" in capsys.readouterr().err
    receiver.got.clear()
    receiver.answer = lambda _: 204
    assert 0 == main(["export", "webhook", "--to", receiver.url + "/s3cret"])
    assert keys(run)[2:] == receiver.named("webhook-id")


def test_kill_at_any_instant_loses_nothing(run, receiver):
    """An exporter that is killed while a receiver answers sends that event again, under the same key."""
    killed = []

    def kill(got: Got) -> int:
        seq = int(got.headers["webhook-id"].split(":")[1])
        if seq in (1, 4, 5) and seq not in killed:
            killed.append(seq)
            process.kill()
            process.wait()
        return 204

    receiver.answer = kill
    for _ in range(4):
        words = (sys.executable, str(ROOT / "workflows" / "run_experiment.py"), "export", "webhook")
        process = subprocess.Popen([*words, "--to", receiver.url], cwd=run.home, stdout=subprocess.DEVNULL)
        code = process.wait(PATIENCE_S)
    assert 0 == code
    assert [1, 4, 5] == killed
    wanted = keys(run)
    assert sorted([*wanted, *(wanted[seq - 1] for seq in killed)]) == sorted(receiver.named("webhook-id"))


def test_it_follows_until_the_run_is_idle(run, receiver, capsys):
    """What comes later is sent when it comes, of the types that are wanted, and the end ends it."""

    def go_on() -> None:
        until(lambda: receiver.got)
        with EventLog(run.history) as log:
            log.append([ev.NoteAdded(text="later")], by="y")
        until(lambda: len(receiver.got) > 1)
        with EventLog(run.history) as log:
            log.append([STOPPED], by="y")

    with EventLog(run.history) as log:
        log.append([ev.NoteAdded(text="first")], by="y")
    writer = threading.Thread(target=go_on)
    writer.start()
    told = export(capsys, receiver, "--follow", "--type", "NoteAdded")
    writer.join()
    assert (2, len(keys(run))) == (told["sent"], told["seq"])
    assert ["first", "later"] == [json.loads(one.body)["event"]["data"]["text"] for one in receiver.got]


def test_a_cursor_is_a_cache(run, receiver, capsys):
    """Without it all is sent again, `--from` begins where it says, and one of another history is refused."""
    with EventLog(run.history) as log:
        for text in ("one", "two", "three"):
            log.append([ev.NoteAdded(text=text)], by="y")
    export(capsys, receiver)
    receiver.got.clear()
    told = export(capsys, receiver, "--from", str(len(keys(run)) - 1))
    assert (2, len(keys(run))) == (told["sent"], told["seq"])
    assert keys(run)[-2:] == receiver.named("webhook-id")
    receiver.got.clear()
    shutil.rmtree(run.exports)
    export(capsys, receiver)
    assert keys(run) == receiver.named("webhook-id")
    head = run.history.read_bytes().splitlines(keepends=True)[:-2]
    run.history.write_bytes(b"".join(head))
    assert 6 == main(["export", "webhook", "--to", receiver.url])
    assert "another history" in capsys.readouterr().err
    assert 1 == export(capsys, receiver, "--from", str(len(head)))["sent"]


@pytest.mark.parametrize("to", ["file:///etc/passwd", "localhost:80", "https://"])
def test_only_http_is_an_address(run, to, capsys):
    """What is no address of a receiver is refused before anything is written."""
    assert 2 == main(["export", "webhook", "--to", to])
    assert "expected an address" in capsys.readouterr().err
    assert not run.exports.exists()
