"""What may be recorded of an error: a reason with what another program said, no text of ours."""

from autoresearch.engine.system.processes.run_command import CommandTimedOut, ProgramNotStarted
from autoresearch.events.errors import AutoresearchError, DiskTrouble
from autoresearch.events.values import Reason, why


def reason_of(error: AutoresearchError | OSError) -> Reason:
    """Return an error as a reason; of one that carries none, its kind."""
    match error:
        case AutoresearchError(reason=Reason() as reason):
            return reason
        case ProgramNotStarted():
            return why("program_not_started", error.strerror, program=error.program, folder=error.folder)
        case CommandTimedOut():
            return why("command_timed_out", command=error.command, folder=error.folder, seconds=error.after_s)
        case DiskTrouble():
            return why("disk_refused", error.strerror, doing=error.doing, path=error.path)
        case AutoresearchError():
            return why("error_of_kind", kind=type(error).__name__)
        case OSError(filename=None):
            return why("system_refused", error.strerror or str(error))
        case OSError():
            return why("system_refused_path", error.strerror or str(error), path=str(error.filename))
