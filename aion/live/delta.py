"""JSON merge patches from one version of a topic to the next, and the checksum by which a page verifies them.

Source: RFC 7396, "JSON Merge Patch". One patch cannot express every change, so a *delta* is a list of patches,
applied in order: where the members of an object would end in the wrong order, a first patch sets the object to a
number and the second one sets the whole object. A change that no list can express (a member that becomes null,
another order at the top level) has no delta.

The checksum is a CRC-32 of the result as a browser writes it: `browser_text` of the new body is, byte for byte, what
`JSON.stringify(JSON.parse(body))` gives in ECMAScript.
"""

import re
import zlib
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

import orjson

from aion.live.event import deflate_block, event_chunks
from aion.live.snapshot import GZIP_LEVEL, Snapshot
from aion.live.topic import Patch

EVENT = "patch"
LEAST_BYTES = 4_000
"""Body size from which on a topic is patched: below, a snapshot is a packet when it is compressed."""
MOST_PART = 0.5
"""A patch larger than this part of the snapshot is not worth what it costs a page to check it."""
KEPT_BYTES = 64_000
"""Body size from which on its value is kept for the next patch: it is several times as large, and that of a card of
16 KB is read again in 50 us."""
SMALL_PART = 0.1
"""A patch smaller than this part is worth it however well the snapshot can be compressed."""


class CannotSayError(Exception):
    """A merge patch cannot express the change."""


class DeltaMaker:
    """Makes the patch events of one topic. Used only by the build thread."""

    def __init__(self) -> None:
        self._etag = ""
        self._value: Any = None

    def make(self, before: Snapshot, after: Snapshot) -> tuple[bytes, bytes] | None:
        """Return the event that turns `before` into `after`, plain and as gzip chunk; None if a patch saves nothing.

        Args:
            before: the snapshot published last.
            after: the next one of the same topic.
        """
        if after.patch_from is not None:
            return patch_event(before.etag, after)
        if len(after.body) <= LEAST_BYTES:
            self.forget()
            return None
        base = self._value if self._etag == before.etag else parse(before.body)
        value = parse(after.body)
        self._etag, self._value = (after.etag, value) if len(after.body) > KEPT_BYTES else ("", None)
        try:
            patches = merge_patches(base, value)
        except CannotSayError:
            return None
        data = orjson.dumps(
            {
                "topic": after.topic,
                "base": before.etag,
                "etag": after.etag,
                "check": zlib.crc32(browser_text(orjson.dumps(value))),
                "patches": patches,
            }
        )
        if len(data) > len(after.body) * MOST_PART:
            return None
        identity, gzip = event_chunks(EVENT, str(after.version), data, deflate_block(data, GZIP_LEVEL))
        is_small = len(data) < len(after.body) * SMALL_PART  # what is sent whole need not be compressed to know
        return (identity, gzip) if is_small or len(gzip) <= len(after.gzip_frame) * MOST_PART else None

    def forget(self) -> None:
        """Free the stored value: no client wants patches."""
        self._etag, self._value = "", None


def patch_event(base: str, after: Snapshot) -> tuple[bytes, bytes] | None:
    """Return the event of a change that the builder of a topic knows, so that the whole is not looked at.

    Args:
        base: ETag of the version before it, of this process.
        after: the one after it.

    Returns:
        It, plain and as gzip chunk; None where the builder does not know it.
    """
    found = after.patch_from(base) if after.patch_from is not None else None
    if found is None:
        return None
    last = {**found.patches[-1], "version": after.version, "etag": after.etag}
    data = orjson.dumps(
        {
            "topic": after.topic,
            "base": base,
            "etag": after.etag,
            "check": found.check,
            "of": found.of,
            "patches": [*found.patches[:-1], last],
        }
    )
    if found.whole_bytes and len(data) > found.whole_bytes * MOST_PART:
        return None
    return event_chunks(EVENT, str(after.version), data, deflate_block(data, GZIP_LEVEL))


def entries_patch(
    base: dict[str, Any], target: dict[str, Any], of: str, parts: Mapping[str, bytes] | None = None
) -> Patch | None:
    """Return the change of an object of which only the changed entries of the member `of` are given.

    Args:
        base: the object before, without version and ETag; of its map `of` only those entries that changed or went.
        target: the object after; of `of` only those that changed, then those that came.
        of: name of that member. Members of both are in the order in which a browser has them (see `parse`).
        parts: text after, by name, of those entries that are objects of which both have only those members that
            changed. Their members are the same before and after, in the same order.

    Returns:
        None where no patch can say it.
    """
    base, target = dict(base), dict(target)
    before, after = base.pop(of), target.pop(of)
    try:
        *clearing, last = merge_patches(base, target)
        first: dict[str, Any] = clearing[0] if clearing else {}
        cleared: dict[str, Any] = {}
        changed: dict[str, Any] = {name: None for name in before if name not in after}
        for name, value in after.items():
            if name not in before:
                clear, changed[name] = None, _sayable(value)
            elif parts is not None and name in parts:
                clear, changed[name] = _members_change(before[name], value)
            else:
                clear, changed[name] = _value_change(before[name], value)
            if clear is not None:
                cleared[name] = clear
    except CannotSayError:
        return None
    first |= {of: cleared} if cleared else {}
    last |= {of: changed} if changed else {}
    after |= {name: orjson.Fragment(text) for name, text in (parts or {}).items()}
    target[of] = {name: after[name] for name in changed if name in after}
    check = zlib.crc32(browser_text(orjson.dumps({name: target[name] for name in last if name in target})))
    return Patch([first, last] if first else [last], check, of)


def _members_change(held: dict[str, Any], value: dict[str, Any]) -> tuple[Any, Any]:
    """As `_change`, of an object of which only those members are given that changed: it is never set anew."""
    cleared: dict[str, Any] = {}
    changed: dict[str, Any] = {}
    for name, each in value.items():
        clear, changed[name] = _value_change(held[name], each)
        if clear is not None:
            cleared[name] = clear
    return cleared or None, changed


def merge_patches(base: Any, target: Any) -> list[Any]:
    """Return the merge patches that turn the object `base` into `target` when applied in turn, order included.

    Members are in the order in which a browser has them (`in_browser_order`).

    Raises:
        CannotSayError: there are none.
    """
    first, second = _differ(base, target)
    if second is None:
        raise CannotSayError("the members of the whole come in another order")
    return [second] if first is None else [first, second]


def _differ(base: dict[str, Any], target: dict[str, Any]) -> tuple[Any, Any]:
    """Return the first and the second patch of one object; the first may be None, the second is None for "whole"."""
    first: dict[str, Any] = {}
    second: dict[str, Any] = {}
    if list(base) != list(target):
        second = {name: None for name in base if name not in target}
        result = [name for name in base if name in target] + [name for name in target if name not in base]
        if result != list(target) and _in_order(result) != list(target):
            return None, None
    for name, value in target.items():
        if name not in base:
            second[name] = _sayable(value)
            continue
        held = base[name]
        if _is_same(held, value):
            continue
        if not (isinstance(held, dict) and isinstance(value, dict)):
            second[name] = _sayable(value)
            continue
        clearing, change = _change(held, value)
        if clearing is not None:
            first[name] = clearing
        second[name] = change
    return first or None, second


def _is_same(held: Any, value: Any) -> bool:
    """Tell whether two values are one to a browser; to Python, true and 1 are too."""
    if held != value:
        return False
    return (type(held) is type(value) and type(held) in _PLAIN) or orjson.dumps(held) == orjson.dumps(value)


_PLAIN = (float, int, str, bool, type(None))


def _value_change(held: Any, value: Any) -> tuple[Any, Any]:
    """As `_change`, of any value."""
    is_object = isinstance(held, dict) and isinstance(value, dict)
    return _change(held, value) if is_object else (None, _sayable(value))


def _change(held: dict[str, Any], value: dict[str, Any]) -> tuple[Any, Any]:
    """Return the first and the second patch of an object, set anew where that is no longer than its change.

    Args: held: it before; value: after.
    """
    clearing, change = _differ(held, value)
    if change is None or len(orjson.dumps(change)) >= len(orjson.dumps(value)):
        return 0, _sayable(value)
    return clearing, change


def _sayable(value: Any) -> Any:
    """Return `value` if a merge patch can set it.

    Raises:
        CannotSayError: it is null, or an object in it has a member that is: a patch would remove that member.
    """
    if value is None:
        raise CannotSayError("a member becomes null")
    if isinstance(value, dict):
        for each in value.values():
            _sayable(each)
    return value


_INDEX = re.compile(rb'"(?:0|[1-9]\d{0,9})":')  # begins with one character, which is looked for in C
_MOST_INDEX = 2**32 - 2  # the largest array index of ECMAScript


def parse(body: bytes) -> Any:
    """Return the value of a JSON text with the members of each object as a browser orders them."""
    value = orjson.loads(body)
    return in_browser_order(value) if _INDEX.search(body) else value


def in_browser_order(value: Any) -> Any:
    """Return `value` with the members of each object as a browser orders them: array indices first, by number."""
    if isinstance(value, list):
        return [in_browser_order(each) for each in value]
    if not isinstance(value, dict):
        return value
    return {name: in_browser_order(value[name]) for name in _in_order(value)}


def _in_order(names: Iterable[str]) -> list[str]:
    indices = [name for name in names if _is_index(name)]
    return [*sorted(indices, key=int), *(name for name in names if not _is_index(name))]


def _is_index(name: str) -> bool:
    return name.isascii() and name.isdigit() and (name == "0" or name[0] != "0") and int(name) <= _MOST_INDEX


_WHOLE = tuple((b".0" + end, end) for end in (b",", b"}", b"]"))  # a fraction of 0: what may stand behind a number
_ODD = re.compile(rb"-?\d++(?:\.\d++)?[eE][+-]?\d+|(?<![\d.])-?\d{16,}(?:\.\d+)?|-0(?![.\d])")
_SIGNS_OF_ODD = tuple(map(re.compile, (rb"e[-+]?\d", rb"9\d{15}", rb"-0(?![.\d])")))  # quick to look for
_AS_ZEROS = bytes.maketrans(b"123456789", b"0" * 9)
_LONG = b"0" * 17  # shorter integers that do not begin with a 9, such as times in microseconds, are exact as doubles
_ESCAPED_BACKSLASH, _ESCAPED_QUOTE = b"\x01", b"\x02"  # never in JSON as they are


def browser_text(text: bytes) -> bytes:
    """Return a compact JSON object or list of orjson's as a browser's `JSON.stringify(JSON.parse(text))` writes it.

    Only numbers differ once the members are in order: `1.0` is `1`, `1e21` is `1e+21`, `1e16` has no exponent, and
    integers are doubles. Strings are set aside by splitting at their quotes, so that all passes run in C.
    """
    is_escaped = b"\\" in text
    if is_escaped:
        text = text.replace(b"\\\\", _ESCAPED_BACKSLASH).replace(b'\\"', _ESCAPED_QUOTE)
    parts = text.split(b'"')
    outside = b'"'.join(parts[::2])
    for whole, bare in _WHOLE:
        outside = outside.replace(whole, bare)
    if any(sign.search(outside) for sign in _SIGNS_OF_ODD) or _LONG in outside.translate(_AS_ZEROS):
        outside = _ODD.sub(_as_browser_writes, outside)
    parts[::2] = outside.split(b'"')
    text = b'"'.join(parts)
    if is_escaped:
        text = text.replace(_ESCAPED_QUOTE, b'\\"').replace(_ESCAPED_BACKSLASH, b"\\\\")
    return text


def _as_browser_writes(found: re.Match[bytes]) -> bytes:
    return browser_number(float(found[0])).encode()


def browser_number(value: float) -> str:
    """Return a finite double as ECMAScript's Number::toString writes it (ECMA-262, section 6.1.6.1.20)."""
    if value == 0:
        return "0"
    sign, figures, exponent = Decimal(repr(value)).normalize().as_tuple()
    digits = "".join(map(str, figures))
    place = len(digits) + int(exponent)  # where the point stands, from the first digit on
    if len(digits) <= place <= 21:
        text = digits + "0" * (place - len(digits))
    elif 0 < place <= 21:
        text = f"{digits[:place]}.{digits[place:]}"
    elif -6 < place <= 0:
        text = f"0.{'0' * -place}{digits}"
    else:
        rest = f".{digits[1:]}" if len(digits) > 1 else ""
        text = f"{digits[0]}{rest}e{'+' if place > 0 else '-'}{abs(place - 1)}"
    return f"-{text}" if sign else text
