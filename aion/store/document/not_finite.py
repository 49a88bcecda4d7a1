"""Numbers that JSON does not allow but many programs write: NaN, infinities, and numbers that are too large.

Each is put into quotes, so that only its field is invalid instead of the whole file.
"""

import re

_TOKEN = re.compile(
    rb'"[^"\\]*(?:\\.[^"\\]*)*"|-?(?:NaN|Infinity)|-?[0-9]+(?:\.[0-9]+)?(?:[eE]\+?[0-9]{3,})?', re.DOTALL
)
_LONG = 300  # digits of a number that may be too large
_SHOWN = 20


def say_as_text(data: bytes) -> bytes | None:
    """Return `data` with NaN, infinities and numbers of over 1.7e308 in quotes; None if there are none."""
    found = _TOKEN.sub(_quoted, data)
    return None if found == data else found


def _quoted(match: re.Match[bytes]) -> bytes:
    token = match.group()
    if token[:1] == b'"':
        return token
    if token.endswith((b"NaN", b"Infinity")):
        return b'"%b"' % token
    whole = re.split(rb"[.eE]", token, maxsplit=1)[0]
    if len(whole) > _LONG:
        return b'"Infinity"'
    if (b"e" in token or b"E" in token) and float(token[: _LONG * 2]) in (float("inf"), float("-inf")):
        return b'"%b"' % token[-_SHOWN:] if len(token) > _SHOWN else b'"%b"' % token
    return token
