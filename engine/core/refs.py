"""The names of everything that a run has in git. Pure."""

from attrs import frozen


@frozen
class RunRefs:
    """The refs of one run."""

    run_id: str

    @property
    def prefix(self) -> str:
        """Return what all refs of the run begin with."""
        return f"refs/autoresearch/{self.run_id}/"

    @property
    def log(self) -> str:
        """Return the ref whose commit names the head of the log."""
        return f"{self.prefix}log"

    @property
    def set_aside(self) -> str:
        """Return what the refs begin with that repairs have set aside."""
        return f"{self.prefix}set-aside/"

    def candidate(self, iteration: int, change: int) -> str:
        """Return the full name of the ref that an iteration's candidate gets, at its nth change."""
        again = f".{change}" if change > 1 else ""
        return f"{self.prefix}{iteration}{again}"
