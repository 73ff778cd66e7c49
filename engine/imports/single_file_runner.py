"""Read a run folder of the single-file runner that came before: its history.jsonl and state.json.

Its lines say what each stage of an iteration gave, without hash or number. What it never wrote down (trees,
diffs, the baseline's commit, log digests) stays unknown. An iteration that was begun but not decided has no
result; it is named in `left_out`.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any, Literal, NoReturn, TypeVar, get_args

from attrs import define, field, frozen
from attrs import evolve as replace

from autoresearch.engine.imports.results_tsv import Source, Status, shown
from autoresearch.events import catalog as ev
from autoresearch.events.encoding.redact import redact
from autoresearch.events.encoding.shapes import structure
from autoresearch.events.errors import InvalidInput, WrongValue
from autoresearch.events.values import LOOP_STAGES, LoopStage, Proposal, ProposalSource


HISTORY = "history.jsonl"
STATE = "state.json"
MOST_BYTES = 2**18  # of one proposal: an event must fit into a line of the history
TAIL_CHARACTERS = 4000
DESCRIPTION_CHARACTERS = 200  # of a row in its results.tsv
REMEDY = "copy the run folder of the single-file runner once more, whole; nothing was created"

# Its fallback proposal changed nothing and has no name here.
SOURCES: Mapping[str, ProposalSource] = {"llm": "agent", "proposal_file": "file", "next_proposal": "drop"}
Trained = Literal["success", "crash", "timeout"]
T = TypeVar("T")
Fields = dict[str, Any]  # Any: JSON of another program, checked field by field below


@frozen(kw_only=True)
class Entry:
    """One line of its history."""

    where: str
    fields: Fields
    at: str

    def refuse(self, found: str, expected: str) -> NoReturn:
        """Say what is wrong with this line."""
        raise InvalidInput(f"{self.where} has {found}; expected {expected}", remedy=REMEDY)

    def one_of(self, name: str, known: Sequence[T]) -> T:
        """Return a field that holds one of the known words."""
        value = self.fields.get(name)
        for one in known:
            if value == one:
                return one
        return self.refuse(f"{name} {shown(str(value))}", " or ".join(map(str, known)))

    def within(self, name: str) -> "Entry":
        """Return an object inside this line as an entry of the same place."""
        value = self.fields.get(name)
        if not isinstance(value, dict):
            self.refuse(f"{name} {shown(str(value))}", "an object")
        return Entry(where=self.where, fields=value, at=self.at)

    def text(self, name: str) -> str:
        """Return a text; "" where there is none."""
        value = self.fields.get(name)
        return value if isinstance(value, str) else ""

    def number(self, name: str) -> float | None:
        """Return a number from 0 up, or None where there is none."""
        value = self.fields.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1e300:  # noqa: PLR2004
            self.refuse(f"{name} {shown(str(value))}", "a finite number, 0 or more, or null")
        return float(value)


@define(kw_only=True)
class Gathered:
    """What the lines of one iteration say, by stage; the last line of a stage counts."""

    began: str | None
    stages: dict[LoopStage, Entry] = field(factory=dict)


def read_folder(name: str, history: bytes, state: bytes, *, secrets: Sequence[str] = ()) -> Source:
    """Return the results of a run folder; `name` is the folder's, for messages and for the event.

    Raises:
        InvalidInput: a line is not what it must be, or the two files do not belong together.
    """
    entries = _entries(name, history)
    gathered = _gather(entries)
    results = tuple(
        _result(number, one, secrets) for number, one in sorted(gathered.items()) if "decide" in one.stages
    )
    said = _state(name, state)
    _check_together(said, results, last=max(gathered, default=0))
    if not results:
        raise InvalidInput(
            f"{name}/{HISTORY}:{len(entries)} is reached and nothing was decided: there is nothing to import",
            remedy=REMEDY,
        )
    kept_by_loops = any(one.status == "keep" and one.iteration for one in results)
    if results[0].iteration == 0 and not kept_by_loops:
        results = (_with_commit(results[0], said.text("kept_commit")), *results[1:])
    head = ev.RunImported(
        source="single-file-runner",
        name=name,
        sha256=sha256(history).hexdigest(),
        rows=len(results),
        began_at=entries[0].at,
        left_out=_left_out(gathered),
        columns={},
        skipped={},
    )
    return Source(head=head, results=results, branch=said.text("branch") or None)


def _entries(name: str, history: bytes) -> list[Entry]:
    lines = history.removesuffix(b"\n").split(b"\n")
    return [_entry(f"{name}/{HISTORY}:{number}", line) for number, line in enumerate(lines, start=1)]


def _entry(where: str, line: bytes) -> Entry:
    fields = _json(where, line)
    at = fields.get("ts")
    try:
        datetime.fromisoformat(at)  # type: ignore[arg-type]  # a TypeError is one of the answers
    except (TypeError, ValueError) as error:
        msg = f"{where} has ts {shown(str(at))}; expected a time, as in 2026-03-08T21:04:05Z"
        raise InvalidInput(msg, remedy=REMEDY) from error
    assert isinstance(at, str)  # fromisoformat took it
    return Entry(where=where, fields=fields, at=at)


def _json(where: str, text: bytes) -> Fields:
    """Return a JSON object of finite numbers and whole characters."""
    try:
        value = json.loads(text, parse_constant=_no_constant)
        json.dumps(value, ensure_ascii=False).encode()  # half a surrogate pair cannot be stored
    except (ValueError, RecursionError) as error:
        found = shown(text.decode(errors="replace"))
        raise InvalidInput(f"{where} is not JSON that can be kept: {found}", remedy=REMEDY) from error
    if not isinstance(value, dict):
        raise InvalidInput(f"{where} holds no JSON object: {shown(str(value))}", remedy=REMEDY)
    return value


def _no_constant(word: str) -> NoReturn:
    msg = f"{word} is no JSON"
    raise ValueError(msg)


def _gather(entries: Sequence[Entry]) -> dict[int, Gathered]:
    """Sort the lines by iteration; 0 is the baseline, which is decided as soon as it is trained."""
    found: dict[int, Gathered] = {}
    for entry in entries:
        kind = entry.one_of("type", ("run", "stage", "loop"))
        if kind == "run" or (kind == "stage" and entry.one_of("stage", ("setup", "baseline")) == "setup"):
            continue
        number = _iteration(entry) if kind == "loop" else 0
        stage: LoopStage = entry.one_of("stage", LOOP_STAGES) if number else "train"
        said = entry.within("train" if number else "details") if stage == "train" else entry
        in_background = said.fields.get("started") is True  # its result is a line of its own
        # In the foreground, the baseline's one line was written when it was over.
        began = entry.at if number or in_background else None
        one = found.setdefault(number, Gathered(began=began))
        if "decide" in one.stages:
            entry.refuse(f"iteration {number} again", "an iteration that was not decided yet")
        if not in_background:
            one.stages[stage] = said
            if not number:
                one.stages["decide"] = entry
    return found


def _iteration(entry: Entry) -> int:
    value = entry.fields.get("iteration")
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < 10**9:
        entry.refuse(f"iteration {shown(str(value))}", "a number from 1 up")
    return value


def _result(number: int, one: Gathered, secrets: Sequence[str]) -> ev.ResultImported:
    decided = one.stages["decide"]
    train = one.stages.get("train")
    outcome: Trained = train.one_of("status", get_args(Trained)) if train else "crash"
    metric = train.number("val_bpb") if train and outcome == "success" else None
    status = _status(decided, metric) if number else ("crash" if metric is None else "keep")
    proposed = one.stages.get("propose")
    proposal = _proposal(proposed, secrets) if proposed else None
    described = (proposal.description if proposal else "") or ("experiment" if number else "baseline")
    return ev.ResultImported(
        iteration=number,
        commit=(one.stages["commit"].text("commit") or None) if "commit" in one.stages else None,
        metric=metric if status != "crash" else None,
        memory_gb=train.number("memory_gb") if train else None,
        status=status,
        description=described[:DESCRIPTION_CHARACTERS],
        proposal=proposal,
        proposed_by=SOURCES.get(proposed.text("proposal_source")) if proposed else None,
        reason=redact(_why(one, outcome), secrets) if status == "crash" else "",
        training_s=train.number("training_seconds") if train else None,
        started_at=one.began,
        ended_at=decided.at,
        log_tail=redact(train.text("log_tail"), secrets)[-TAIL_CHARACTERS:] if train else "",
        as_given="",
    )


def _status(decided: Entry, metric: float | None) -> Status:
    status: Status = decided.one_of("decision", get_args(Status))
    if status != "crash" and metric is None:
        decided.refuse(f"the decision {status}", "crash, since no training gave a val_bpb")
    return status


def _why(one: Gathered, outcome: Trained) -> str:
    """Say why an iteration crashed, in the words of its triage, else of its training, where there are any."""
    triage = one.stages.get("triage")
    said = triage.within("triage").text("reason") if triage else ""
    return said or (outcome if outcome == "timeout" else "")


def _proposal(entry: Entry, secrets: Sequence[str]) -> Proposal:
    fields = entry.within("proposal").fields
    clean = {name: redact(text, secrets) if isinstance(text, str) else text for name, text in fields.items()}
    if len(json.dumps(clean)) > MOST_BYTES:
        entry.refuse("a proposal of more than 256 KiB", "a shorter one")
    try:
        return structure(Proposal, clean)
    except WrongValue as error:
        return entry.refuse(f"a proposal that is none: {error}", "four texts")


def _state(name: str, state: bytes) -> Entry:
    where = f"{name}/{STATE}"
    return Entry(where=where, fields=_json(where, state), at="")


def _check_together(said: Entry, results: Sequence[ev.ResultImported], *, last: int) -> None:
    """Refuse a history that lacks what state.json has seen, or the other way round."""
    completed = said.number("iterations_completed") or 0
    if completed > last:
        said.refuse(f"iterations_completed {completed:g}", f"{last}, as in {HISTORY}: it was cut")
    kept = [one.metric for one in results if one.status == "keep" and one.metric is not None]
    best = min(kept, default=None)
    if said.number("best_val_bpb") != best:
        said.refuse(f"best_val_bpb {said.fields.get('best_val_bpb')}", f"{best}, the best kept in {HISTORY}")


def _left_out(gathered: Mapping[int, Gathered]) -> dict[str, str]:
    """Name what was begun and never decided, each with its last stage."""
    open_ = {number: one for number, one in gathered.items() if "decide" not in one.stages}
    return {str(number): list(one.stages)[-1] if one.stages else "" for number, one in sorted(open_.items())}


def _with_commit(baseline: ev.ResultImported, commit: str) -> ev.ResultImported:
    """Return the baseline with the commit that state.json calls kept, if nothing else was."""
    return replace(baseline, commit=commit or None) if baseline.status == "keep" else baseline
