"""Every event that can happen in a run, in the past tense: the union that registers them, and their one door.

Read and written as `from autoresearch.events import catalog as ev`. Their classes stand by theme in the
modules below, each of which ends with the union of its own: what stands there is an event.

An event is never edited, only succeeded: a changed class gets `VERSION + 1`, one upcaster, one golden line
and one schema file. What happened is said in values; a reason is a code with its inputs, and the sentence is
made in projections/words/, so that rewording one changes no history. Who may record an event, where it may
stand and what determines its fields: engine/core/rules/event_rules.py. Iteration 0 is the baseline. Times of
appending are in the envelope (events/encoding/codec.py), not here.

Numbers count from 1: `preparation` those of a run; of an iteration, `change` each new state of its code
(applied, mended, brought to another base), `call` the questions to agents, `training` the trainings.
"""

from autoresearch.events.kinds.candidate_events import *  # noqa: F403 - every event can be had from here
from autoresearch.events.kinds.candidate_events import CandidateEvent
from autoresearch.events.kinds.idea_events import *  # noqa: F403
from autoresearch.events.kinds.idea_events import IdeaEvent
from autoresearch.events.kinds.result_events import *  # noqa: F403
from autoresearch.events.kinds.result_events import ResultEvent
from autoresearch.events.kinds.review_events import *  # noqa: F403
from autoresearch.events.kinds.review_events import ReviewEvent
from autoresearch.events.kinds.run_events import *  # noqa: F403
from autoresearch.events.kinds.run_events import RunEvent


Event = RunEvent | CandidateEvent | ResultEvent | ReviewEvent | IdeaEvent
