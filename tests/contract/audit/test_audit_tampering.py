"""The audit against tampering by somebody who can make the whole chain right again."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from attrs import evolve

from autoresearch.engine.audit.audit import audit
from autoresearch.engine.audit.report import Audit
from autoresearch.engine.runs.views import rebuild
from autoresearch.engine.search import search
from autoresearch.events import catalog as ev
from autoresearch.events.log.append import EventLog
from autoresearch.events.log.read import verify
from autoresearch.events.values import Proposal, Request
from tests.fakes.world import World
from tests.tampering import Record, first, records_of, rewrite, tamper


def proposal(name: str, **settings) -> Proposal:
    return Proposal(status="ok", description=name, change_plan=name, commit_description=name, set=settings)


# A keep, a discard, a crash, a change that does not apply, and then what the search proposes.
PROPOSALS = (
    proposal("wider", WIDTH=16),
    proposal("worse", LR=0.9),
    proposal("broken", FAIL="yes"),
    proposal("unknown", NOWHERE=1),
)


@pytest.fixture(scope="module")
def done(tmp_path_factory) -> World:
    """A run of five loops, at rest."""
    world = World(tmp_path_factory.mktemp("world"))
    asked = ("{python}", "train.py")  # which versions it has is in the history then
    world.start(loops=5, proposals=PROPOSALS, train=asked)
    world.runner().run()
    return world


@pytest.fixture
def world(done: World) -> Iterator[World]:
    """The run, to be spoilt: its history is put back afterwards."""
    names = ("history.jsonl", "state.json", "results.tsv", "runner.log")
    before = {name: (done.paths.folder / name).read_bytes() for name in names}
    yield done
    for name, content in before.items():
        (done.paths.folder / name).write_bytes(content)


def audited(world: World) -> Audit:
    return audit(world.paths, git=world.git, jobs=world.jobs)[0]


def rebuild_views(world: World) -> None:
    """Write the views of the spoilt history, so that none of them gives the tampering away."""
    world.paths.state.unlink()
    rebuild(world.paths)


def differing(made: Audit) -> dict[str, str]:
    """Return the checks that differ, with the field of the first difference."""
    return {one.name: one.first.field for one in made.checks if one.first}


def missing(made: Audit) -> dict[str, list[str]]:
    """Return the checks that could not look at something, with what that was."""
    return {one.name: [told.what for told in one.not_seen] for one in made.checks if one.not_seen}


def test_an_untouched_run_is_true(world: World):
    """Every check of a run that nobody touched counts something, finds no difference and misses nothing."""
    made = audited(world)
    assert ("true", None, {}) == (made.outcome, made.first, missing(made))
    assert all(one.count for one in made.checks)
    assert not any(one.note for one in made.checks)


def test_the_helper_makes_the_chain_right_again(world: World):
    """What the tests below write is a whole history, so that no hash gives the tampering away."""
    before = world.paths.history.read_bytes()
    tamper(world.paths.history, len)
    assert before == world.paths.history.read_bytes()
    tamper(world.paths.history, put("RunStopped", "reason", {"code": "human", "inputs": {}, "said": "other"}))
    assert verify(world.paths.history).seq == len(records_of(world.paths.history))


def put(type_: str, field: str, value: object, **which: object) -> Callable[[list[Record]], None]:
    def change(records: list[Record]) -> None:
        data = first(records, type_, **which)["data"]
        data[field] = value(data[field]) if callable(value) else value

    return change


MUTATIONS = {
    "a row's text of the search": (
        put("ProposalChosen", "description", "nothing", source="search"),
        "ProposalChosen.description",
    ),
    "a proposal of the search": (
        put("ProposalChosen", "proposal", lambda one: one | {"set": {"LR": 0.5}}, source="search"),
        "ProposalChosen.proposal",
    ),
    "who proposed": (put("ProposalChosen", "source", "agent", source="search"), "ProposalChosen.source"),
}


@pytest.mark.parametrize(("change", "field"), MUTATIONS.values(), ids=MUTATIONS)
def test_what_the_search_proposed_is_asked_again(
    world: World, change: Callable[[list[Record]], None], field: str
):
    """A changed proposal of the search differs from what it finds, though chain and views are right.

    All other forgeries: tests/contract/audit/test_forgeries.py.
    """
    tamper(world.paths.history, change)
    rebuild_views(world)
    found = differing(audited(world))
    assert field == found["decisions"]
    assert not {"history", "state.json", "results.tsv", "runner.log"} & found.keys()


def reword(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the search say all that it says for people in other words."""
    propose = search._proposal

    def worded(chosen: search.Changes) -> Proposal:
        others = dict.fromkeys(("description", "change_plan", "commit_description"), "In other words.")
        return evolve(propose(chosen), **others)

    monkeypatch.setattr(search, "_proposal", worded)


def test_other_words_of_the_search_are_no_difference(world: World, monkeypatch: pytest.MonkeyPatch):
    """A run that the search proposed in is as decided, though a later program words proposals otherwise."""
    reword(monkeypatch)
    assert {} == differing(audited(world))


def test_what_another_search_proposed_is_not_confirmed(world: World):
    """A proposal of another version of the search is neither called right nor wrong."""
    tamper(world.paths.history, put("ProposalChosen", "search", lambda _: 1, source="search"))
    rebuild_views(world)
    made = audited(world)
    assert ["other_search"] == missing(made)["decisions"]
    assert "decisions" not in differing(made)


@pytest.mark.parametrize(
    "other", [{"set": {"LR": 0.5}}, {"set": {}}, {"patch": "x"}, {"status": "need_input"}], ids=str
)
def test_what_the_search_sets_is_compared_in_any_words(
    world: World, other: Record, monkeypatch: pytest.MonkeyPatch
):
    """Another change than the one that the search finds is a difference, however it is worded."""
    reword(monkeypatch)
    tamper(world.paths.history, put("ProposalChosen", "proposal", lambda one: one | other, source="search"))
    rebuild_views(world)
    assert "ProposalChosen.proposal" == differing(audited(world))["decisions"]


def test_a_dropped_event_is_noticed(world: World):
    """Whatever the runner decided: without its record, the next one does not follow."""
    whole = records_of(world.paths.history)
    decided = [at for at, one in enumerate(whole) if one["by"] == "runner" and one["type"] != "RunnerStarted"]
    for at in decided[:-1]:  # without the last one, the run is simply not at rest yet
        rewrite(world.paths.history, whole[:at] + whole[at + 1 :])
        assert {"transitions", "decisions"} & differing(audited(world)).keys(), whole[at]["type"]


def test_another_writer_is_noticed(world: World):
    """A decision does not get round the audit by saying that a human took it."""
    tamper(world.paths.history, lambda records: first(records, "TrainingStarted").update(by="cli"))
    assert "by" == differing(audited(world))["transitions"].rpartition(".")[2]


def test_a_consistent_lie_is_found_in_the_files_and_in_git(world: World):
    """A metric changed all over the history differs from the training's log, and breaks a commit's word."""
    better = json.dumps(
        first(records_of(world.paths.history), "TrainingFinished", iteration=0)["data"]["metric"]
    )
    text = world.paths.history.read_text().replace(better, "1.3")
    rewrite(world.paths.history, [json.loads(line) for line in text.splitlines()])
    rebuild_views(world)
    found = differing(audited(world))
    assert "TrainingFinished.metric" == found["job files"]
    assert "hash named by commit" in found["log heads"]


def test_what_no_decision_stands_behind_is_vouched_for_by_the_commits(world: World):
    """A human's note that is slipped in is legal, but a commit names another head of the log."""
    note = {"type": "NoteAdded", "v": 1, "by": "cli", "key": None, "data": {"text": "I was here"}}
    tamper(world.paths.history, lambda records: records.insert(7, note | {"at": records[6]["at"]}))
    rebuild_views(world)
    assert ["log heads"] == list(differing(audited(world)))


def test_a_truncated_history_is_noticed(world: World):
    """Whole lines cut from the end are beyond the head that state.json names, and soon beyond a commit's."""
    whole = records_of(world.paths.history)
    rewrite(world.paths.history, whole[:-3])
    assert {"state.json", "runner.log"} <= differing(audited(world)).keys()
    (world.paths.folder / "state.json").unlink()
    last = max(at for at, one in enumerate(whole) if one["type"] == "CandidateCommitted")
    rewrite(world.paths.history, whole[: last - 1])
    made = audited(world)
    heads = next(one for one in made.checks if one.name == "log heads")
    assert heads.first is not None
    assert (last, f"the end of the history at record {last - 1}: it was cut short") == (
        heads.first.seq,
        heads.first.found,
    )


def test_the_first_difference_is_named(world: World):
    """Line, field, expected and found of the earliest difference are in the audit."""
    tamper(world.paths.history, put("CandidateKept", "rule", "because", iteration=1))
    seq = 1 + records_of(world.paths.history).index(
        first(records_of(world.paths.history), "CandidateKept", iteration=1)
    )
    named = audited(world).first
    assert named is not None
    assert ("decisions", "history.jsonl", seq, seq) == (named.check, named.place, named.line, named.seq)
    assert ("CandidateKept.rule", "because") == (named.field, named.found)
    assert named.expected == "lower"


# What the world decided and nothing else repeats: nobody can know it better than the event that says it.
UNKNOWABLE = {
    *("RunStarted.branch", "RunStarted.program_version", "RunStarted.config"),
    *("ProposalReceived.name", "ProposalReceived.sha256", "ProposalReceived.dropped_at"),
    "ChangeApplied.put_back",  # it is gone
    "ProposalReceived.first",  # where nothing else waits
    "ProposalChosen.search",  # then it is of another version, and not confirmed
    *("RunnerStarted.process", "RunnerStarted.mode", "RunnerStarted.program_version"),
    *("RunnerStarted.devices", "RunnerStarted.device_classes", "RunnerStarted.driver"),
    *("RunnerStarted.landlock", "RunnerStarted.decides"),
    *("SetupChecked.ok", "SetupChecked.missing", "SetupChecked.preparable", "SetupChecked.data_id"),
    *(
        "SetupChecked.inputs",
        "SetupChecked.libraries",
        "SetupChecked.shared",
        "SetupChecked.python_path",
        "SetupChecked.interpreter_from",
        "TrainingStarted.seal",
        "TrainingStarted.surroundings",
    ),
    *("CandidateKept.branch_moved", "CandidateKept.branch_note", "ChangeFailed.reason"),
    *("TrainingFinished.reason", "LoopsRequested.request"),
}


def changed(value: Any) -> Any:
    """Return another value of the same kind."""
    match value:
        case bool():
            return not value
        case str():
            return f"{value}0"
        case int() | float():
            return value + 1
        case list():
            return [*value, "x"] if not value or isinstance(value[0], str) else value[1:]
        case {} if not value:
            return {"x": 1.5}
        case dict():
            name, inner = next(iter(value.items()))
            return value | {name: changed(inner)}
        case _:
            return 3


def test_every_field_is_checked_or_known_to_be_unknowable(world: World):
    """Of each type of event, each field but a listed few differs from something once it is changed."""
    whole = records_of(world.paths.history)
    missed = set()
    for type_ in {one["type"] for one in whole}:
        at = max(at for at, one in enumerate(whole) if one["type"] == type_)
        for field, value in whole[at]["data"].items():
            other = whole[at] | {"data": whole[at]["data"] | {field: changed(value)}}
            rewrite(world.paths.history, [*whole[:at], other, *whole[at + 1 :]])
            noticed = differing(audited(world)).keys() - {
                "log heads",
                "state.json",
                "results.tsv",
                "runner.log",
            }
            if not noticed:
                missed.add(f"{type_}.{field}")
    assert missed <= UNKNOWABLE


def test_a_changed_view_is_named_with_its_line(world: World):
    """A changed view differs at its line; a missing one is told of, and is no difference."""
    for name in ("state.json", "results.tsv", "runner.log"):
        path = world.paths.folder / name
        right = path.read_bytes()
        lines = right.split(b"\n")
        path.write_bytes(b"\n".join([lines[0], lines[1] + b"x", *lines[2:]]))
        if name == "state.json":  # line 2 names its format: a cache of nobody's
            path.write_bytes(right.replace(b'"completed": 5', b'"completed": 6'))
        named = audited(world).first
        assert named is not None
        assert (name, name) == (named.check, named.place)
        assert named.line == (2 if name != "state.json" else right.split(b'"completed"')[0].count(b"\n") + 1)
        path.unlink()
        made = audited(world)
        assert made.first is None
        assert "is not there" in next(one.note for one in made.checks if one.name == name)
        path.write_bytes(right)


def test_a_healed_tail_and_a_command_that_shows_nothing_are_in_order(tmp_path):
    """Torn bytes that were closed off, and views that lag behind a command at rest, are no difference."""
    world = World(tmp_path)
    world.start(loops=1)
    world.runner().run()
    with world.paths.history.open("ab") as file:
        file.write(b'{"seq":99,"torn')
    with EventLog(world.paths.history) as log:
        log.append([ev.LoopsRequested(request=Request(loops=1))], by="cli")
    assert audited(world).first is None
    world.runner().run()
    made = audited(world)
    assert made.first is None
    assert not any(one.note for one in made.checks)


def test_changed_job_files_are_false_and_removed_ones_unknown(world: World):
    """A changed log differs from the digest in the history; what a removed folder held is not known."""
    job = world.paths.job(1, "train", 1).folder
    kept = world.jobs.jobs[job]
    world.jobs.jobs[job] = evolve(kept, printed=b"val_bpb: 0.100000\n")
    assert {"job files": "output.sha256"} == differing(audited(world))
    del world.jobs.jobs[job]
    made = audited(world)
    assert ("unknown", {"job files": ["job_gone"], "files": ["spec_gone"]}) == (made.outcome, missing(made))
    world.jobs.jobs[job] = kept


def test_a_commit_that_is_not_as_the_log_says_is_noticed(world: World):
    """A ref that stands elsewhere and another tree differ; what git has lost is not known."""
    git, ref = world.git, f"refs/autoresearch/{world.paths.run_id}/2"
    commit = git.refs.pop(ref)
    made = audited(world)
    assert ("unknown", {"commits": ["ref_gone"]}) == (made.outcome, missing(made))
    git.refs[ref] = git.resolve("HEAD") or ""
    assert {"commits": ref} == differing(audited(world))
    git.refs[ref] = commit
    stored = git.commits[commit]
    git.commits[commit] = evolve(stored, files=stored.files | {"train.py": b"other"})
    assert "CandidateCommitted.tree" == differing(audited(world))["commits"]
    git.commits[commit] = evolve(stored, message="worse")
    assert f"trailers of commit {commit[:12]}" == differing(audited(world))["log heads"]
    git.commits[commit] = stored
    foreign = World(world.home.parent / "elsewhere").git
    foreign.commits.clear()
    foreign.refs.clear()
    made = audit(world.paths, git=foreign, jobs=world.jobs)[0]
    assert "unknown" == made.outcome
    assert {
        "decisions": ["code_gone"],
        "commits": ["nothing_in_git"],
        "log heads": ["anchor_gone"],
    } == missing(made)
