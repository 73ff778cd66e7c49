"""What records say beside their events: when, and in one write with what; and on which data was trained."""

from datetime import UTC, datetime, timedelta

from autoresearch.engine.audit.report import Tally
from autoresearch.events import catalog as ev
from autoresearch.events.clock import now
from autoresearch.events.encoding.codec import Recorded


BACK = timedelta(days=1)  # that a clock may be put back by: one that was set to another zone is put right
FORM = len("2026-03-08T21:04:05.123Z")


class Times:
    """Compares the times of records with one another."""

    def __init__(self) -> None:
        self.tally = Tally("times", "times of records, each valid and none long before the one above it")
        self._newest: datetime | None = None
        self._before: Recorded | None = None
        self._end = datetime.fromisoformat(now()) + BACK

    def see(self, recorded: Recorded) -> None:
        """Look at the time of one record."""
        self.tally.count += 1
        before, self._before = self._before, recorded
        if recorded.tx is not None and recorded.tx[0] > 0 and before is not None:
            one, other = (before.at, before.by), (recorded.at, recorded.by)
            if one != other:
                expected = f"{one}, as the others of its write"
                self.tally.differ(record=recorded, field="at", expected=expected, found=other)
        at = _instant(recorded.at)
        if at is None:
            expected = "a time as in 2026-03-08T21:04:05.123Z"
            self.tally.differ(record=recorded, field="at", expected=expected, found=recorded.at)
            return
        if at > self._end:
            expected = f"at most {self._end.isoformat()}: nothing happens later than it is looked at"
            self.tally.differ(record=recorded, field="at", expected=expected, found=recorded.at)
        if self._newest is not None and at < self._newest - BACK:
            expected = f"at least a day before {self._newest.isoformat()}, when one before it was written"
            self.tally.differ(record=recorded, field="at", expected=expected, found=recorded.at)
        self._newest = max(at, self._newest or at)


class Data:
    """Compares the data that trainings name with those that were found when the setup was looked at."""

    def __init__(self, tally: Tally) -> None:
        """Take the check that it is a part of: many trainings name no data."""
        self._tally = tally
        self._found: str | None = None  # by the look
        self._agreed = False  # since the look: who differs later shows that they were changed
        self._inputs = ""  # digest of the files outside the checkout, as the training that agreed began
        self._began: dict[int, ev.TrainingStarted] = {}  # the newest of each iteration

    def see(self, event: ev.Event, recorded: Recorded) -> None:
        """Note what a look found; compare what a training names."""
        match event:
            case ev.SetupChecked():
                self._found, self._agreed = event.data_id, False
            case ev.TrainingStarted():
                self._began[event.iteration] = event
            case ev.TrainingFinished() if self._found is not None and event.measured.data_id is not None:
                self._compare(event, event.measured.data_id, recorded)
            case _:
                pass

    def _compare(self, event: ev.TrainingFinished, data_id: str, recorded: Recorded) -> None:
        began = self._began.get(event.iteration)
        inputs = began.surroundings.get("inputs", "") if began is not None else ""
        if data_id == self._found:
            self._agreed, self._inputs = True, inputs
        elif not self._agreed or (inputs and inputs == self._inputs):
            expected = f"{self._found}, as the setup was found"
            self._tally.differ(record=recorded, field="measured.data_id", expected=expected, found=data_id)


def _instant(at: str) -> datetime | None:
    """Return the time that a record names; None where it is none, or of another form."""
    if len(at) != FORM or not at.endswith("Z"):
        return None
    try:
        found = datetime.fromisoformat(at)
    except ValueError:
        return None
    return found if found.tzinfo == UTC else None
