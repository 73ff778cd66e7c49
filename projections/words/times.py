"""Times, lengths of time, numbers and lines of text, as people read them. Pure."""


def duration(seconds: float) -> str:
    """Return a length of time as people say it: `0.4 s`, `36 s`, `5 min 12 s`, `2 h 05 min`."""
    if seconds < 10:  # noqa: PLR2004 - below that a tenth matters
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:  # noqa: PLR2004 - seconds in a minute
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:  # noqa: PLR2004 - minutes in an hour
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"


def counted(number: int, noun: str) -> str:
    """Return a number of things, with their word in the form that goes with it: `1 row`, `2,000 rows`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def mean_of(seeds: int) -> str:
    """Return behind a number of how many seeds it is the mean; "" where it is that of one alone."""
    return f" (mean of {seeds} seeds)" if seeds > 1 else ""


def signed(value: float) -> str:
    """Return a gain with its sign, to six places; what is zero to these has none."""
    said = f"{value:+.6f}"
    return said if said.strip("+-0.") else said[1:]


def sureness(probability: float) -> str:
    """Return how sure something is; nothing is certain, and nothing cannot be: `64%`, `>99%`, `<1%`."""
    if 0.01 <= probability <= 0.99:  # noqa: PLR2004 - beyond, whole per cents say no more than that
        return f"{probability:.0%}"
    return ">99%" if probability > 0.99 else "<1%"  # noqa: PLR2004 - as above


def minute_of(at: str) -> str:
    """Return the day and minute, UTC, of a time as histories write it: `2026-03-08 21:04Z`."""
    return f"{at[:16].replace('T', ' ')}Z"


def one_line(text: str, limit: int) -> str:
    """Return the text as one printable line of at most `limit` characters."""
    start = text[: 4 * limit]
    printable = start if start.isprintable() else "".join(c if c.isprintable() else " " for c in start)
    flat = " ".join(printable.split())
    return flat if len(flat) <= limit else f"{flat[: limit - 1]}…"
