"""What no audit notices, played: each leaves a run that is found to be true."""

from tests.fakes.world import World
from tests.forging.changes import made, put
from tests.forging.left import Spoil
from tests.forging.story import rebuild_views
from tests.forging.witnessed import NOTE
from tests.tampering import records_of, rewrite, tamper


def cut_behind_the_last_head(world: World) -> None:
    """Append a note to a run at rest, as `note` does, and cut it off again."""
    whole = records_of(world.paths.history)
    note = made("NoteAdded", 1, NOTE, by="cli", at=whole[-1]["at"])
    rewrite(world.paths.history, [*whole, note])
    rebuild_views(world.paths)
    rewrite(world.paths.history, whole)
    rebuild_views(world.paths)


def write_behind_the_last_head(world: World) -> None:
    """Append a note that nobody wrote."""
    whole = records_of(world.paths.history)
    note = made("NoteAdded", 1, NOTE, by="cli", at=whole[-1]["at"])
    rewrite(world.paths.history, [*whole, note])
    rebuild_views(world.paths)


def write_all_heads_anew(world: World) -> None:
    """Change what nothing repeats, and every commit that has seen it."""
    before = {one["h"]: one["seq"] for one in records_of(world.paths.history)}
    tamper(world.paths.history, put("RunnerStarted", "process.pid", 1))
    now = {one["seq"]: one["h"] for one in records_of(world.paths.history)}
    for name, commit in list(world.git.commits.items()):
        for hash_, seq in before.items():
            if hash_ in commit.message:
                message = commit.message.replace(hash_, now[seq])
                world.git.commits[name] = type(commit)(
                    files=commit.files, parent=commit.parent, message=message
                )
    rebuild_views(world.paths)


UNNOTICED: dict[str, Spoil] = {
    "a note behind the last head that git has seen, cut off": cut_behind_the_last_head,
    "a note behind the last head that git has seen, slipped in": write_behind_the_last_head,
    "what nothing repeats, by who writes all commits below the run's refs anew": write_all_heads_anew,
}
