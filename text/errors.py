"""What a user can cause and mend, and the exit codes that say so."""

EXIT_NOT_READY, EXIT_DIVERGED, EXIT_CPU_CAP = 3, 4, 5


class NotPossible(Exception):
    """What a user can cause and mend; the message says what, where, and the way out."""

    code = 1
    reason = "refused"


class NotReady(NotPossible):
    """The data set is missing or damaged."""

    code = EXIT_NOT_READY
    reason = "not_ready"


class Diverged(NotPossible):
    """The loss is not a number, infinite, or far above that of guessing."""

    code = EXIT_DIVERGED

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class CpuCapReached(NotPossible):
    """The training took more CPU time than its budget of tokens may cost."""

    code = EXIT_CPU_CAP
    reason = "cpu_cap"


class Unheard(NotPossible):
    """Whoever read the output has gone, as `| head` does after ten lines."""

    reason = "interrupted"
