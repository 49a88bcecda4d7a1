"""The base path of a desk behind a proxy, such as `/aion`, and its validation."""

import re

SCREENS = frozenset({"bots", "intraday", "alerts", "portfolio", "logs", "system", "bot"})
"""First pieces of the paths that are pages; a new page is named here."""
OWN_PATHS = SCREENS | {"api", "assets", "events", "healthz", "login", "metrics", "readyz"}
"""First pieces of the desk's own paths: a base path that begins with one could not be told from them."""
_PATH = re.compile(r"(/[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}){1,8}")


def check_base_path(value: str) -> str:
    """Return `value` with a leading slash and without a trailing one; `""` for the root of a host name.

    Raises:
        ValueError: it is not a valid path, or begins like one of the desk's own paths.
    """
    base = value.strip().rstrip("/")
    if not base:
        return ""
    base = base if base.startswith("/") else f"/{base}"
    if not _PATH.fullmatch(base):
        raise ValueError("use a path of letters, digits, `-`, `_` and `.`, such as /aion or /desks/paper")
    first = base.split("/")[1]
    if first in OWN_PATHS:
        raise ValueError(f"/{first} is a path of the desk's own: use another, such as /aion")
    return base
