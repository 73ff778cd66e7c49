"""Nights made of the bank: its changes in some order, with the gains and the seeds that were measured.

A seed of the night is one of the bank's eight: the first eight in some order, all others drawn with
replacement, so that on a fresh seed the true gain of a change is its mean over the bank's. A change upon kept
ones adds its own differences to theirs; a change is proposed once, where what it was made on is kept, and
where nothing kept edits the same text.
"""

from random import Random

from bench.bank.candidates import BASELINE, Candidate
from bench.bank.facts import SEEDS, Fact, facts, of_seeds, scores
from bench.belief.nights import SCREEN, Night, Program


_FACTS = {fact.candidate.name: fact for fact in facts()}


def _of_baseline() -> tuple[float, ...]:
    found = scores()
    values, unit = found[BASELINE], of_seeds(found)
    mean = sum(values) / len(values)
    return tuple((value - mean) / unit for value in values)


_BASELINE = _of_baseline()


class BankNight(Night):
    """A hundred trainings of what is in the bank."""

    def __init__(self, random: Random) -> None:
        super().__init__(random)
        self._waiting = [fact.candidate for fact in _FACTS.values()]
        random.shuffle(self._waiting)
        self._candidates: dict[Program, Candidate] = {}
        first = random.sample(range(SEEDS), SEEDS)
        self._places = dict(enumerate(first, start=SCREEN))

    def propose(self, base: Program) -> Program | None:
        """Return the next change that can be made on the base."""
        chain = self._chain(base)
        names = {BASELINE, *(one.name for one in chain)}
        taken = {old for one in chain for old, _ in one.edits}
        for one in self._waiting:
            if one.parent in names and not any(old in taken for old, _ in one.edits):
                self._waiting.remove(one)
                program = Program(base.gain + _FACTS[one.name].gain, base)
                self._candidates[program] = one
                return program
        return None

    def noise(self, program: Program, seed: int) -> float:
        """Return what the seed does to the baseline, and to each change upon it."""
        if seed not in self._places:
            self._places[seed] = self.random.randrange(SEEDS)
        place = self._places[seed]
        return _BASELINE[place] - sum(_luck(_FACTS[one.name], place) for one in self._chain(program))

    def _chain(self, program: Program) -> list[Candidate]:
        found = []
        step: Program | None = program
        while step is not None and step.parent is not None:
            found.append(self._candidates[step])
            step = step.parent
        return found


def _luck(fact: Fact, place: int) -> float:
    mean = sum(fact.differences) / len(fact.differences)
    return fact.differences[place] - mean
