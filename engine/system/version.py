"""The version of this program, as histories record it."""


def program_version() -> str:
    """Return the installed version, or `source` where the program runs from a bare checkout."""
    # 25 ms, and only who starts a run, or asks, needs it.
    from importlib import metadata  # noqa: PLC0415

    try:
        return metadata.version("autoresearch")
    except metadata.PackageNotFoundError:
        return "source"


def installed_from() -> str:
    """Return what an installer can be given to install this again: a path, an address, or the name."""
    # As above; and a distribution that came from an index has no such file.
    import json  # noqa: PLC0415
    from importlib import metadata  # noqa: PLC0415
    from urllib.parse import unquote, urlsplit  # noqa: PLC0415

    try:
        told = metadata.distribution("autoresearch").read_text("direct_url.json")
    except metadata.PackageNotFoundError:
        return "autoresearch"
    if told is None:
        return "autoresearch"
    said = json.loads(told)
    address = str(said["url"])
    if (vcs := said.get("vcs_info")) is not None:
        return f"{vcs['vcs']}+{address}@{vcs['commit_id']}"
    parts = urlsplit(address)
    return unquote(parts.path) if parts.scheme == "file" else address
