"""JSON Schemas of the state documents, and a check of one file with every complaint in words."""

from pathlib import Path
from typing import Any

from pydantic import BaseModel

from aion.errors import ConfigError, StateError
from aion.store.document import KINDS, schema_name
from aion.store.file import check_document, read_json


def json_schema(kind: str) -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of `kind`.

    Raises:
        ConfigError: there is no such kind.
    """
    model = KINDS.get(kind)
    if model is None:
        raise ConfigError(f"kind {kind!r} is not known; known: {', '.join(KINDS)}")
    schema = model.model_json_schema(by_alias=True)
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = schema_name(kind)
    return schema


def check_file(path: Path) -> tuple[list[str], list[str]]:
    """Return what is wrong with the state file at `path`, and what is only odd about it.

    Returns:
        Errors (the desk refuses the file) and warnings (fields that it does not know and ignores).
    """
    try:
        value, _ = read_json(path)
        declared = value.get("schema")
        kind = declared.split("/")[1] if isinstance(declared, str) and declared.count("/") == 2 else ""
        if kind not in KINDS:
            known = ", ".join(schema_name(each) for each in KINDS)
            return [f"{path.name}: field schema: {declared!r} is none of {known}"], []
        check_document(value, kind, path.name)
    except FileNotFoundError:
        return [f"{path}: there is no such file"], []
    except StateError as error:
        return [str(error)], []
    return [], [f"{path.name}: field {name} is not known and is ignored" for name in _unknown(value, KINDS[kind])]


def _unknown(value: dict[str, Any], model: type[BaseModel]) -> list[str]:
    known = {field.alias or name for name, field in model.model_fields.items()}
    return sorted(value.keys() - known)
