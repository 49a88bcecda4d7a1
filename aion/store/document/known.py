"""Reads a document of which an earlier version is known: what has the same text as before is not checked again.

A bot writes its whole state each time, and little of it is new. The text of the file is split into its fields, the
maps of positions, fills and the like into their entries; an entry that has the text of an earlier one is that one.
"""

from collections.abc import Iterable
from hashlib import blake2b
from itertools import count
from typing import Any, TypeVar, cast

import orjson
from msgspec import MsgspecError, Raw
from msgspec.json import Decoder
from pydantic import ValidationError

from aion.errors import StateError
from aion.store.document.base import Document, share_names
from aion.store.document.left_out import many
from aion.store.document.piece import slices

KEPT = frozenset({"sim_log", "swing_rolling"})
"""Kinds that bots write often."""
ENTRIES = ("positions", "fills", "trades", "orders", "decisions", "signals", "targets", "open_orders")
"""Maps whose entries are compared one by one."""
CURVES = ("equity_curve", "hold_curve")
"""Maps that are compared as a whole."""
ODD = (MsgspecError, ValidationError, StateError, ValueError, RecursionError)
"""What reading may raise where a closer look says what is wrong."""
Checked = TypeVar("Checked", bound=Document)
_split = Decoder(dict[str, Raw])


class KnownMap(dict[str, Any]):
    """A checked map, and the text that it was made of."""

    __slots__ = ("base", "fresh", "serial", "texts")

    texts: dict[str, bytes]
    """By key; of a curve, a hash of all of it by the empty key: its text would be as large as what was made of it."""
    serial: int
    """No other map of this process has it."""
    base: int
    """Serial of the map that it was made from by `fresh` entries alone, all keys being the same; 0 for none."""
    fresh: tuple[str, ...]

    def __init__(self, entries: Any, texts: dict[str, bytes], base: int = 0, fresh: tuple[str, ...] = ()) -> None:
        """Make it of its `entries`."""
        super().__init__(entries)
        self.texts, self.base, self.fresh, self.serial = texts, base, fresh, next(_serials)


_serials = count(1)


def fresh_since(before: object, after: object) -> tuple[str, ...] | None:
    """Return the keys of the entries in which a map differs from an earlier one; None where that is not known."""
    if not isinstance(before, KnownMap) or not isinstance(after, KnownMap):
        return None
    if before is after:
        return ()
    return after.fresh if after.base == before.serial else None


def split(text: bytes) -> dict[str, Raw] | None:
    """Return the fields of a JSON object, not looked into; None where they cannot be compared by their text.

    Raises: MsgspecError: it is no JSON object.
    """
    # an escaped key may be one that is said twice; to look for one character is much quicker
    return None if b"\\" in text and b"\\u" in text else _split.decode(text)


def take_known(model: type[Checked], fields: dict[str, Raw], before: Document | None) -> Checked:
    """Return the document of `model` with these `fields`.

    Args:
        model: of one of the kinds `KEPT`.
        fields: as `split` returns them.
        before: an earlier version, of which the same entries are taken over.

    Raises:
        One of `ODD`: something is invalid; what it is only a closer look tells.
    """
    held = before.__dict__ if type(before) is model else {}
    maps = {name: _entries(model, name, fields.pop(name), held.get(name)) for name in ENTRIES if name in fields}
    maps |= {name: _curve(model, name, fields.pop(name), held.get(name)) for name in CURVES if name in fields}
    document = model.model_validate(_loads(_joined(fields)))
    document.__dict__.update(maps)
    document.__pydantic_fields_set__.update(maps)
    return document


def _joined(fields: dict[str, Raw]) -> bytes:
    """Return a JSON object of `fields`."""
    return b"{%b}" % b",".join([b"%b:%b" % (orjson.dumps(name), each) for name, each in fields.items()])


def _loads(text: bytes) -> Any:
    """Return the value of a text that was not looked into before.

    Raises: ValueError: something in it may be null, which counts as absent.
    """
    if b"null" in text:
        raise ValueError("null")
    return orjson.loads(text)


def _entries(model: type[Document], name: str, text: Raw, held: Any) -> KnownMap:
    raw = _split.decode(text)
    texts = dict(zip(raw, map(bytes, raw.values()), strict=True))
    known: dict[str, bytes] = held.texts if isinstance(held, KnownMap) else {}
    fresh = {key: _loads(each) for key, each in texts.items() if known.get(key) != each}
    is_same = isinstance(held, KnownMap) and list(texts) == list(known)
    if is_same and not fresh:
        return cast("KnownMap", held)
    checked: dict[str, Any] = {}
    for piece in slices(fresh) if fresh else ():
        checked.update(many(model)[name].adapter.validate_python(piece))
    if is_same:
        found = KnownMap(held, texts, held.serial, tuple(checked))
        found.update(checked)
    else:
        found = KnownMap([(key, checked[key] if key in checked else held[key]) for key in texts], texts)
    share_names(_some(found, checked))
    return found


def _some(found: KnownMap, checked: dict[str, Any]) -> Iterable[Document]:
    """Yield an entry that is not fresh, if there is one, and those that are."""
    if len(checked) < len(found):
        yield next(each for key, each in found.items() if key not in checked)
    yield from checked.values()


def _curve(model: type[Document], name: str, text: Raw, held: Any) -> KnownMap:
    whole = bytes(text)
    digest = blake2b(whole, digest_size=16).digest()
    if isinstance(held, KnownMap) and held.texts.get("") == digest:
        return held
    return KnownMap(many(model)[name].adapter.validate_python(_loads(whole)), {"": digest})
