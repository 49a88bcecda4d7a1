"""Reads and validates documents in files, whole or their valid part; writes them only with known fields."""

import re
from itertools import islice
from pathlib import Path
from typing import Any, get_args, get_origin

import orjson
from pydantic import ValidationError

from aion.errors import StateError, shorten
from aion.store.document.base import Document, Envelope
from aion.store.document.bound import HEAVY_BYTES, MAX_RATIO, one_at_a_time
from aion.store.document.kind import KINDS, schema_name, versions
from aion.store.document.known import KEPT, ODD, split, take_known
from aion.store.document.left_out import MENDED, NAMED, complaint, sound
from aion.store.document.piece import validate
from aion.store.file import Signature, parse_counted, parse_file, read_file, unpack_file, write_json

PROBLEM = "problem"
"""Field of a file whose writer has nothing to show: why, as a sentence for the card of its bot."""
MANY_COMPLAINTS = 200  # about one document; of more, the first is found without making all of them
MODELS_DEEP = 6  # levels of maps and parts of a document that are models
_SCHEMA = re.compile(r"aion/(?P<kind>[a-z_]{1,32})/(?P<version>[0-9]{1,6})")


def write_document(path: Path, value: dict[str, Any], *, durable: bool = False) -> None:
    """Write `value`, a document that names its schema, to `path`, as `write_json` does.

    Readers ignore unknown fields, so a mistyped one would be lost silently.

    Raises:
        OSError: as `write_json`.
        ValueError: it has a field that its kind does not have, which is named; or as `write_json`.
    """
    kind = str(value["schema"]).split("/")[1]
    if where := _unknown(KINDS[kind], value):
        raise ValueError(f"{path.name}: {where} is no field of a {kind}: correct its name, or declare it")
    write_json(path, value, durable=durable)


_parts_of: dict[type[Document], tuple[set[str], dict[str, tuple[type[Document], int]]]] = {}


def _parts(model: type[Document]) -> tuple[set[str], dict[str, tuple[type[Document], int]]]:
    """Return the names of the fields of `model`, and which of them contain documents, inside how many maps."""
    if model not in _parts_of:
        parts = {}
        for name, field in model.model_fields.items():
            of, maps = field.annotation, 0
            while (args := get_args(of)) and not isinstance(of, type):
                if get_origin(of) is dict:
                    of, maps = args[1], maps + 1
                else:
                    of = args[0]
            if isinstance(of, type) and issubclass(of, Document):
                parts[field.alias or name] = (of, maps)
        _parts_of[model] = {field.alias or name for name, field in model.model_fields.items()}, parts
    return _parts_of[model]


def _unknown(model: type[Document], value: Any) -> str:
    """Return the path of the first field that `model` does not know, `""` if there is none."""
    known, parts = _parts(model)
    if not value.keys() <= known:
        return str(next(name for name in value if name not in known))
    for name, (part, maps) in parts.items():
        found = [(name, value[name])] if name in value else []
        for _ in range(maps):
            found = [(f"{where}.{key}", each) for where, items in found for key, each in items.items()]
        for where, each in found:
            if inner := _unknown(part, each):
                return f"{where}.{inner}"
    return ""


def read_document(path: Path, kind: str, *, name: str | None = None) -> tuple[Document, Signature]:
    """Return the document of `kind` at `path`, checked, and its signature.

    Raises:
        FileNotFoundError: there is none.
        StateError: as `read_json`; another kind, a newer schema, or an invalid field.
    """
    shown = name or path.name
    data, signature = read_file(path, shown)
    # what a packed file comes to is not known before
    with one_at_a_time(len(data) * (MAX_RATIO if path.suffix == ".gz" else 1)):
        return check_document(parse_file(path, data, shown), kind, shown), signature


def read_sound(
    path: Path, kind: str, *, name: str | None = None, most: int = NAMED, before: Document | None = None
) -> Document:
    """Return the valid part of the document of `kind` at `path`; its `left_out` says what is missing.

    Args:
        path: the file.
        kind: the expected kind; kinds that are not `MENDED` are read as a whole or not at all.
        name: how messages call it.
        most: maximum number of left-out entries that are named.
        before: what was read of it before; the document shares with it what is the same. Not changed.

    Raises:
        FileNotFoundError: there is none.
        StateError: as `read_document`, for something that is not an entry.
    """
    shown = name or path.name
    data, _ = read_file(path, shown)
    with one_at_a_time(len(data) * (MAX_RATIO if path.suffix == ".gz" else 1)):
        text = unpack_file(path, data, shown)
        if kind in KEPT and len(text) <= HEAVY_BYTES:
            document = _with_known(text, kind, before)
            if document is not None:
                return document
        return check_sound(parse_counted(text, shown, is_mended=kind in MENDED), kind, shown, most)


def _with_known(text: bytes, kind: str, before: Document | None) -> Document | None:
    """Return the document of `kind` in `text`; None where something is odd, so that it must be looked at closely."""
    try:
        fields = split(text)
        if fields is None:
            return None
        check_schema(
            {name: orjson.loads(bytes(fields[name])) for name in ("schema", PROBLEM) if name in fields}, kind, ""
        )
        fields.pop("left_out", None)
        return take_known(KINDS[kind], fields, before)
    except ODD:
        return None


def check_sound(value: dict[str, Any], kind: str, name: str, most: int = NAMED) -> Document:
    """Return the valid part of `value` as a document of `kind`; see `read_sound`.

    Raises:
        StateError: another kind, a newer schema, or something invalid that is not an entry.
    """
    if kind not in MENDED:
        return check_document(value, kind, name)
    check_schema(value, kind, name)
    value.pop("left_out", None)
    try:
        document, left_out = sound(KINDS[kind], value, most)
    except ValidationError as error:
        raise _refused(error, name) from None
    if isinstance(document, Envelope):
        document.left_out = left_out
    return document


def _refused(error: ValidationError, name: str) -> StateError:
    return _counted(name, complaints(error)[0], error.error_count())


def _counted(name: str, first: str, count: int) -> StateError:
    return StateError(name, first + (f" (and {count - 1} more)" if count > 1 else ""))


def check_document(value: dict[str, Any], kind: str, name: str) -> Document:
    """Return `value` as a document of `kind`.

    Raises:
        StateError: another kind, a newer schema, or an invalid field, which is named.
    """
    check_schema(value, kind, name)
    try:
        return validate(KINDS[kind], value)
    except ValidationError as error:
        count = error.error_count()
        first = complaints(error)[0] if count <= MANY_COMPLAINTS else _first_of_many(value, kind)
        raise _counted(name, first, count) from None


def _first_of_many(value: dict[str, Any], kind: str) -> str:
    """Return one error without collecting all: of the document with only the first few items of its maps."""
    for few in (100, 1_000):
        try:
            KINDS[kind].model_validate(_cut(value, few))
        except ValidationError as error:
            return complaints(error)[0]
    return f"over {MANY_COMPLAINTS} fields break their rules"


def _cut(value: Any, few: int, depth: int = 0) -> Any:
    if isinstance(value, dict) and depth < MODELS_DEEP:
        # all fields of the document itself, whatever else stands before those that are known
        return {key: _cut(each, few, depth + 1) for key, each in islice(value.items(), few if depth else None)}
    return value[:few] if isinstance(value, list) else value


def check_schema(value: dict[str, Any], kind: str, name: str) -> None:
    """Check that `value` is of `kind`, in a version that can be read here.

    Raises:
        StateError: it does not.
    """
    if problem := value.get(PROBLEM):  # what writes it cannot read its bot, and has no figure to show
        raise StateError(name, shorten(str(problem)))
    declared = value.get("schema")
    expected = f"expected '{schema_name(kind)}'"
    match = _SCHEMA.fullmatch(declared) if isinstance(declared, str) else None
    if match is None:
        what = "has no schema" if declared is None else f"has schema {shorten(repr(declared))}"
        raise StateError(name, f"{what}; {expected}")
    if match["kind"] != kind:
        raise StateError(name, f"is of schema {declared!r}; {expected}")
    if (version := int(match["version"])) not in (known := versions(kind)):
        hint = "update this desk" if version > known[-1] else "write it again with the present schema"
        raise StateError(name, f"has schema version {version}, this desk reads {known[-1]}: {hint}")


def complaints(error: ValidationError) -> list[str]:
    """Return each error of a document as one clause that names the field."""
    return [
        "field {}: {}".format(*complaint(each))
        for each in error.errors(include_url=False, include_context=False, include_input=False)
    ]
