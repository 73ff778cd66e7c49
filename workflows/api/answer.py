"""The object of `answer`: the question, and what was answered."""

from typing import Any

from autoresearch.engine.control.signals import AnswerGiven


SCHEMA = "autoresearch.answer/1"


def answer_object(outcome: AnswerGiven, run_id: str) -> dict[str, Any]:  # Any: it is JSON
    """Return what an answer came to as JSON has it."""
    return {
        "schema": SCHEMA,
        "run_id": run_id,
        "number": outcome.number,
        "question": outcome.question,
        "answer": outcome.answer,
        "at_rest": outcome.at_rest,
        "runner_alive": outcome.runner_alive,
    }
