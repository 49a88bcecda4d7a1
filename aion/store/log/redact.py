"""Redacts text for logs: removes secrets, terminal escapes and line breaks."""

import re

MAX_TEXT = 2000
MASK = "***"
_SECRET_NAME = re.compile(r"passw|secret|token|cookie|authoriz|api_?key|credential", re.IGNORECASE)
_SECRET_TEXT = re.compile(
    r"(bearer\s+|(?:password|passwd|secret|token|api_?key|session)[\"']?\s*[=:]\s*)"
    r"(?:\"[^\"]*\"|'[^']*'|[^\s&;,\"']+)",
    re.IGNORECASE,
)
# C0, DEL and C1 (terminals act on them), line and paragraph separators, and what turns the direction of text
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def is_secret(name: str) -> bool:
    """Tell whether a field of that name contains a secret."""
    return _SECRET_NAME.search(name) is not None


def plain(text: str, *, lines: bool = False) -> str:
    """Return `text` without secrets and control characters (line breaks stay if `lines`), cut to a few thousand."""
    kept = text if len(text) <= MAX_TEXT or lines else f"{text[:MAX_TEXT]}..."
    kept = _SECRET_TEXT.sub(rf"\g<1>{MASK}", kept[:16_000])
    if lines:
        return "\n".join(_CONTROL.sub("?", line) for line in kept.split("\n"))
    return _CONTROL.sub(lambda found: " " if found.group() in "\n\t" else "?", kept)
