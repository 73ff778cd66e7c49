"""The version of this program, as histories record it, and what adds to it what an extra brings."""


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


def adds(extra: str) -> str:
    """Return the one command that puts an extra beside this program, in the environment that it runs in."""
    return how_to_install(f"autoresearch[{extra}]")


def how_to_install(wanted: str) -> str:
    """Return the one command that installs something for the Python that runs this.

    By its name alone pip and uv take what is there already, wherever it came from, and add what it lacks; the
    environment of a tool of uv's is made anew by what it was made from.
    """
    # As above: for those alone to whom something is missing.
    import shlex  # noqa: PLC0415
    import sys  # noqa: PLC0415
    from importlib.util import find_spec  # noqa: PLC0415
    from pathlib import Path  # noqa: PLC0415

    if (Path(sys.prefix) / "uv-receipt.toml").exists():
        if not wanted.startswith("autoresearch["):
            return f"uv tool install --with {shlex.quote(wanted)} {shlex.quote(installed_from())}"
        source = installed_from()
        address = f"file://{source}" if source.startswith("/") else source
        return (
            f"uv tool install {shlex.quote(wanted if source == 'autoresearch' else f'{wanted} @ {address}')}"
        )
    python = shlex.quote(sys.executable)
    by_pip = f"{python} -m pip install" if find_spec("pip") else f"uv pip install --python {python}"
    return f"{by_pip} {shlex.quote(wanted)}"
