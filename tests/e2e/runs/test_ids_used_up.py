import shutil

from tests.e2e.conftest import Program


def test_the_id_of_a_deleted_run_is_not_taken_again(program: Program):
    """While candidates of a run have refs, a new run gets another id, and trains its own commits."""
    words = "--branch tries --loops 1 --no-stochastic --no-background-train"
    program("start", *words.split())
    first = program.status()["run_id"]
    shutil.rmtree(program.repo / ".autoresearch")
    program("start", *words.split())
    second = program.status()["run_id"]
    assert ("tries-r001", "tries-r002") == (first, second)
    assert (
        program.git("rev-parse", f"refs/autoresearch/{second}/1~1")
        == program.events()[0]["data"]["base_commit"]
    )
