"""Validates and serializes large documents in pieces.

pydantic validates or serializes a model in one call, which holds the interpreter lock and collects the errors of all
items first. Large maps are therefore passed to it in pieces: other threads run in between, and the first piece with
an error ends it.
"""

from collections.abc import Iterator
from itertools import islice
from typing import Any, TypeVar, get_args, get_origin

import orjson
from msgspec import Raw
from msgspec.json import Decoder

from aion.store.document.base import Document, to_json

Checked = TypeVar("Checked", bound=Document)

PIECE = 5_000
"""Items of maps that are handled at once."""


def validate(model: type[Checked], value: dict[str, Any]) -> Checked:
    """Return `value` as a document of `model`.

    Raises:
        ValidationError: a field is invalid; for a large document, with the errors of the first such piece.
    """
    large = [name for name, is_nested in _maps(model) if _weight(value.get(name), is_nested=is_nested) > PIECE]
    if not large:
        return model.model_validate(value)
    document = model.model_validate({name: each for name, each in value.items() if name not in large})
    maps = dict(_maps(model))
    bare = {name: each for name, each in value.items() if name not in maps}
    for name in large:
        found: dict[str, Any] = {}
        for piece in _pieces(value[name], is_nested=maps[name]):
            _merge(found, getattr(model.model_validate({**bare, name: piece}), name))
        setattr(document, name, found)
    return document


def to_json_in_pieces(document: Document) -> dict[str, Any]:
    """Return what `to_json` does."""
    large = {
        name: each
        for name, is_nested in _maps(type(document))
        if _weight(each := getattr(document, name), is_nested=is_nested) > PIECE
    }
    if not large:
        return to_json(document)
    maps = dict(_maps(type(document)))
    found = to_json(document.model_copy(update={name: {} for name in large}))
    for name, value in large.items():
        for piece in _pieces(value, is_nested=maps[name]):
            part = document.model_copy(update={name: piece})
            _merge(found[name], part.model_dump(mode="json", by_alias=True, exclude_none=True, include={name})[name])
    return found


def encode(document: Document) -> bytes:
    """Return the bytes of what `to_json` makes of `document`."""
    if any(_weight(getattr(document, name), is_nested=nested) > PIECE for name, nested in _maps(type(document))):
        return orjson.dumps(to_json_in_pieces(document))
    return encode_part(document)


def encode_part(document: Document) -> bytes:
    """Return the bytes of what `to_json` makes of `document`, whose maps are short."""
    return document.__pydantic_serializer__.to_json(document, by_alias=True, exclude_none=True)


def encode_members(document: Document) -> dict[str, bytes]:
    """Return the bytes of each member of what `to_json` makes of `document`, whose maps are short."""
    return {name: bytes(text) for name, text in _members.decode(encode_part(document)).items()}


_members = Decoder(dict[str, Raw])
_maps_of: dict[type[Document], list[tuple[str, bool]]] = {}


def _maps(model: type[Document]) -> list[tuple[str, bool]]:
    """Return the fields that are maps, each with whether its values are maps too."""
    if model not in _maps_of:
        _maps_of[model] = [
            (name, get_origin(get_args(field.annotation)[1]) is dict)
            for name, field in model.model_fields.items()
            if get_origin(field.annotation) is dict
        ]
    return _maps_of[model]


def _weight(value: Any, *, is_nested: bool) -> int:
    if not isinstance(value, dict):
        return 0
    return sum(len(each) for each in value.values() if isinstance(each, dict)) if is_nested else len(value)


def _pieces(value: dict[str, Any], *, is_nested: bool) -> Iterator[dict[str, Any]]:
    if not is_nested:
        yield from slices(value)
        return
    small: dict[str, Any] = {}
    weight = 0
    for key, inner in value.items():
        if isinstance(inner, dict) and len(inner) > PIECE:
            if small:  # first: the order stays
                yield small
                small, weight = {}, 0
            for part in slices(inner):
                yield {key: part}
            continue
        small[key] = inner
        weight += 1 + (len(inner) if isinstance(inner, dict) else 0)
        if weight > PIECE:
            yield small
            small, weight = {}, 0
    if small:
        yield small


def slices(value: dict[str, Any], size: int = PIECE) -> Iterator[dict[str, Any]]:
    """Yield `value` in maps of at most `size` items."""
    items = iter(value.items())
    while part := dict(islice(items, size)):
        yield part


def _merge(found: dict[str, Any], more: dict[str, Any]) -> None:
    for key, each in more.items():
        if key in found and isinstance(each, dict):
            found[key].update(each)
        else:
            found[key] = each
