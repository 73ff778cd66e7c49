"""The version of this program, as histories record it."""


def program_version() -> str:
    """Return the installed version, or `source` where the program runs from a bare checkout."""
    # 25 ms, and only who starts a run, or asks, needs it.
    from importlib import metadata  # noqa: PLC0415

    try:
        return metadata.version("autoresearch")
    except metadata.PackageNotFoundError:
        return "source"
