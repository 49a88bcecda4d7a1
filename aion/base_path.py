"""The path under which a proxy shows the desk, such as `/aion`: which ones can work."""

import re

SCREENS = frozenset({"bots", "intraday", "logs", "system", "bot"})
"""First pieces of the paths that are pages; a new page is named here."""
OWN_PATHS = SCREENS | {"api", "assets", "events", "healthz", "login", "metrics", "readyz"}
"""First pieces of the desk's own paths: a base path that begins with one could not be told from them."""
_PATH = re.compile(r"(/[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}){1,8}")


def check_base_path(value: str) -> str:
    """Return `value` with one slash before it and none behind; empty for the root of a host name.

    Raises:
        ValueError: it cannot be a path, or begins like a path of the desk's own.
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
