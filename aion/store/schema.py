"""JSON Schemas of the state documents, and a check of one file that lists every error."""

from pathlib import Path
from typing import Any

from pydantic import ValidationError

from aion.errors import ConfigError, StateError
from aion.store.document.base import Envelope
from aion.store.document.kind import KINDS, SCHEMALESS, schema_name, versions
from aion.store.document.left_out import MENDED, lines
from aion.store.document_file import check_schema, check_sound, complaints
from aion.store.file import parse_object, read_bytes, read_json
from aion.store.layout import LOG_SUFFIX, Layout, Place

MOST_NAMED = 1_000  # entries that a check of a file names
NOT_INTEGER_LIKE = "^(?![0-9]{1,10}$)"
"""JavaScript moves keys that look like integers to the front."""


def json_schema(kind: str) -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of `kind`: the rules for writers.

    Raises:
        ConfigError: there is no such kind.
    """
    model = KINDS.get(kind)
    if model is None:
        raise ConfigError(f"kind {kind!r} is unknown; use one of {', '.join(KINDS)}")
    schema: dict[str, Any] = _for_writers(model.model_json_schema(by_alias=True))
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = kind if kind in SCHEMALESS else schema_name(kind)
    if kind not in SCHEMALESS:
        known = [f"aion/{kind}/{version}" for version in versions(kind)]
        schema["properties"]["schema"] |= {"enum": known} if len(known) > 1 else {"const": known[0]}
        schema["properties"].pop("left_out", None)  # the desk says it, no writer does
        schema.get("$defs", {}).pop("LeftOut", None)
    return schema


def check_file(path: Path) -> tuple[list[str], list[str]]:
    """Return the errors of the state file at `path`, and warnings.

    A log (`.jsonl`) is checked line by line, each with its number. If the path ends like a state file's, its names
    must be those in the document.

    Returns:
        Errors (the desk rejects the file, or leaves that entry out and says so) and warnings (unknown fields, which
        it ignores), one line each.
    """
    try:
        if path.suffix == LOG_SUFFIX:
            return _check_log(path)
        value, _ = read_json(path, is_mended=True)
        declared = value.get("schema")
        kind = declared.split("/")[1] if isinstance(declared, str) and declared.count("/") == 2 else ""
        if (place := _place(path)) is not None:
            kind = place.kind  # as the desk expects it there
        if kind not in KINDS or kind in SCHEMALESS:
            known = ", ".join(schema_name(each) for each in KINDS if each not in SCHEMALESS)
            return [f"{path.name}: field schema: {str(declared)[:80]!r} is none of {known}"], []
        check_schema(value, kind, path.name)
    except FileNotFoundError:
        return [f"{path}: file not found"], []
    except StateError as error:
        return [str(error)], []
    errors, warnings = _check(value, kind, path.name)
    return errors + _misplaced(place, path.name, value), warnings


def _check(value: dict[str, Any], kind: str, name: str) -> tuple[list[str], list[str]]:
    errors = _sound(value, kind, name) if kind in MENDED else _whole(value, kind, name)
    try:
        KINDS[kind].model_validate(value, extra="forbid")
        unknown = []
    except ValidationError as error:
        unknown = [each["loc"] for each in error.errors(include_url=False) if each["type"] == "extra_forbidden"]
    warnings = [f"{name}: field {'.'.join(map(str, each))[:200]} is not known and is ignored" for each in unknown]
    return errors, warnings


def _whole(value: dict[str, Any], kind: str, name: str) -> list[str]:
    try:
        KINDS[kind].model_validate(value)
    except ValidationError as error:
        return [f"{name}: {each}" for each in complaints(error)]
    return []


def _sound(value: dict[str, Any], kind: str, name: str) -> list[str]:
    """Return the desk's errors for the file, from the same code that reads it."""
    try:
        found = check_sound(dict(value), kind, name, MOST_NAMED)
    except StateError as error:
        whole = _whole(value, kind, name)
        return [str(error).split(" (and ")[0], *(each for each in whole if each not in str(error))]
    if not isinstance(found, Envelope) or found.left_out is None:
        return []
    return [f"{name}: {each}: left out, the rest is shown" for each in lines(found.left_out)]


def _check_log(path: Path) -> tuple[list[str], list[str]]:
    data, _ = read_bytes(path)
    errors: list[str] = []
    for number, line in enumerate(data.splitlines(), 1):
        name = f"{path.name} line {number}"
        try:
            errors += _check(parse_object(line, name), "log_line", name)[0]  # other fields of a line are free
        except StateError as error:
            errors.append(str(error))
    return errors, []


def _misplaced(place: Place | None, name: str, value: dict[str, Any]) -> list[str]:
    if place is None:
        return []
    return [
        f"{name}: says {what} {said}, but its name says {named!r}"
        for what, said, named in place.contradicted_by(value)
    ]


def _place(path: Path) -> Place | None:
    parts = path.absolute().parts
    tails = ("/".join(parts[-count:]) for count in range(2, 5) if len(parts) > count)
    return next((place for tail in tails if (place := Layout.place(tail)) is not None), None)


def _for_writers(schema: Any) -> Any:
    """Return `schema` with two rules that pydantic leaves out: no nulls (leave a field out), no integer-like keys."""
    if isinstance(schema, list):
        return [_for_writers(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: _for_writers(each) for key, each in schema.items() if not (key == "default" and each is None)}
    choices = found.get("anyOf")
    if isinstance(choices, list) and {"type": "null"} in choices:
        left = [each for each in choices if each != {"type": "null"}]
        del found["anyOf"]
        found |= {"anyOf": left} if len(left) > 1 else left[0]
    if (found.get("minLength"), found.get("maxLength")) == (1, 128):  # a `Key`, as a value or as a map's key
        found["pattern"] = NOT_INTEGER_LIKE
    return found
