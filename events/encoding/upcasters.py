"""From one version of an event's data, or of a value inside it, to the next: pure steps, applied on reading.

A step takes the data of version `v` and returns that of `v + 1`, in a new dict. It is never changed once a
history was written with it; a changed event class gets one more step. Settings and requests are versioned
values with steps of their own, so that a new setting gives no event a new version. Format 1 of the log began
with every version at 1.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias


Data: TypeAlias = dict[str, Any]  # Any: what JSON holds
Upcaster = Callable[[Data], Data]


def _worded(proposal: Data | None) -> Data | None:
    """Return a proposal with what it could not say before."""
    return proposal and {**proposal, "hypothesis": "", "expected": "", "other": {}}


def _with_interval(stated: Data) -> Data:
    """Return a gain without an interval where it has none: from numbers that say nothing of it, it was 0."""
    return {**stated, "half_width": stated["half_width"] or None}


UPCASTERS: Mapping[tuple[str, int], Upcaster] = {
    ("AgentAnswered", 1): lambda data: {
        **data,
        "failure": None,
        "model_asked": "",
        "agent_version": "",
        "prices": "",
    },
    ("AgentAnswered", 2): lambda data: data,  # another step came to be
    ("AgentAnswered", 3): lambda data: {**data, "answer_sha256": None},
    ("AgentAsked", 1): lambda data: {**data, "sandbox": "unknown"},
    ("AgentAsked", 2): lambda data: data,  # another step came to be
    ("AgentAsked", 3): lambda data: data,  # and another
    ("AgentAsked", 4): lambda data: {**data, "guidance": None},
    ("ApprovalAsked", 1): lambda data: {**data, "stands_still": None},  # at first it went on at rest
    ("ChangeApplied", 1): lambda data: {**data, "put_back": []},
    ("CandidateCommitted", 1): lambda data: {**data, "code_sha256": "", "base_code_sha256": ""},
    ("ChainConsolidated", 1): lambda data: {**data, "keeps": [_with_interval(one) for one in data["keeps"]]},
    ("GainStated", 1): _with_interval,
    ("PrepareFinished", 1): lambda data: {**data, "made": []},
    ("RunResumed", 1): lambda data: {**data, "ends_rests": False},  # at first only what a human mends
    ("ProposalReceived", 1): lambda data: {
        **data,
        "proposal": _worded(data["proposal"]),
        "first": False,
        "without": None,
    },
    ("ProposalChosen", 1): lambda data: {
        **data,
        "proposal": _worded(data["proposal"]),
        "search": int(data["source"] == "search" and data["received"] is None),
    },
    ("ResultImported", 1): lambda data: {**data, "proposal": _worded(data["proposal"])},
    ("RunImported", 1): lambda data: {**data, "columns": {}, "skipped": {}},
    ("JobLost", 1): lambda data: data,  # another step came to be
    ("JobLost", 2): lambda data: data,  # and another
    ("JobLost", 3): lambda data: data,  # and another
    ("ResultRecorded", 1): lambda data: data,  # another outcome came to be
    ("ResultRecorded", 2): lambda data: data,  # and another
    ("ResultInherited", 1): lambda data: {**data, "also": {}, "unpriced": 0},  # the same
    ("ResultInherited", 2): lambda data: {**data, "agent": "", "model": ""},
    ("TrainingFinished", 1): lambda data: {**data, "cpu_seconds": None, "printed": None},
    ("TrainingFinished", 2): lambda data: {**data, "also": {}},  # another outcome came to be, too
    ("TrainingStarted", 1): lambda data: {
        **data,
        "repeat": 1,
        "seed": None,
        "seal": "",
        "surroundings": {},
    },
    ("RunnerStarted", 1): lambda data: {
        **data,
        "device_classes": ["" for _ in data["devices"]],
        "driver": "",
        "landlock": 0,
    },
    ("RunnerStarted", 2): lambda data: {**data, "decides": 1},
    ("SetupChecked", 1): lambda data: {
        **data,
        "shared": [],
        "inputs": [],
        "python_path": [],
        "libraries": [],
        "versions": {},
    },
    ("SetupChecked", 2): lambda data: {**data, "interpreter": [], "interpreter_from": ""},
}
# By the name of the value's class.
VALUE_UPCASTERS: Mapping[tuple[str, int], Upcaster] = {
    ("Request", 1): lambda data: {**data, "final": 0, "consolidate": 0},
    ("Request", 2): lambda data: {
        **data,
        "until": "",
        "max_trainings": 0,
        "max_cost_usd": 0.0,
        "max_tokens": 0,
        "max_device_hours": 0.0,
        "no_keep_for": 0,
        "crashes_in_a_row": 0,
        "agent_found": "",
    },
    ("Request", 3): lambda data: {**data, "alone": False, "others": []},
    ("Request", 4): lambda data: {**data, "anew": False},
    ("RunConfig", 1): lambda data: {
        **data,
        "keep_rule": data.get("keep_rule", "lower"),  # which was the default
        "seed_env": "",
        "noise": 0.0,
        "baseline_repeats": 0,
        "final": 0,
        "consolidate": 0,
        "shared": [],
        "kept": [],
        "inputs": [],
        "artifacts": [],
        "artifacts_newest": 2,
        "evaluate": [],
        "most_spent": 0.0,
        "compare_on": ["data", "inputs", "filters", "packages", "device", "python", "torch", "threads"],
        "evaluate_timeout_s": 600.0,
        "evaluate_tolerance": 0.01,
        "agent_writes": [],
        "training_writes": [],
        "metric": {**data.get("metric", {}), "bounds": [], "several": "last"},
    },
    ("RunConfig", 2): lambda data: {
        **data,
        "python": [],
        "stop_losers": 0.0,
        "when_agent_fails": "pause",  # which was all there was
        "agent_timeout_s": data.get("agent_timeout_s", 600.0),  # the defaults of then
        "agent_idle_s": data.get("agent_idle_s", 120.0),
        "ask_wait_s": 0.0,
        "agent_mode": "plan",
        "approve": "none",
        "approve_wait_s": 3600.0,
        "not_approved": "discard",
        "agent_args": [],
        "holdout": [],
        "exit_grace_s": 60.0,
        "metrics": [],
        "guards": [],
        "count_killed_at_exit": False,
        # The default of then; without one the metric is found by its name.
        "metric": {"pattern": r"^val_bpb:\s*(\S+)", **data.get("metric", {}), "file": "", "key": ""},
    },
    ("RunConfig", 3): lambda data: {
        **data,
        "backlog": 0,
        "agent_turns": "round-robin",
        "device_hour_usd": 2.0,
        "review": "off",
        "review_agent": "",
        "review_model": "",
        "review_when_unavailable": "go-on",
    },
}


def upcast(
    name: str, version: int, data: Data, *, to: int, steps: Mapping[tuple[str, int], Upcaster] | None = None
) -> Data:
    """Return the data of an older version of an event as the version `to` would have it.

    Raises:
        KeyError: a step is missing; tests hold that none is.
    """
    for old in range(version, to):
        data = (UPCASTERS if steps is None else steps)[name, old](data)
    return data


def upcast_value(name: str, data: Data, *, to: int) -> Data:
    """Return the data of a versioned value as the version `to` would have it, without its `v`.

    Raises:
        KeyError: a step is missing; tests hold that none is.
    """
    version, plain = data["v"], {name: value for name, value in data.items() if name != "v"}
    for old in range(version, to):
        plain = VALUE_UPCASTERS[name, old](plain)
    return plain
