"""The OpenAPI description, said as exactly as the desk answers.

Fields that have a default are always sent, fields that may be missing are absent and never null: the schemas say so,
and the front end's types are made from them.
"""

from typing import Any

from fastapi import FastAPI

ERROR_REFERENCE = {"$ref": "#/components/schemas/ErrorAnswer"}


def describe(app: FastAPI) -> None:
    """Make `app.openapi()` return the sharpened description."""
    plain = app.openapi

    def sharpened() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = sharpen(plain())
        return app.openapi_schema

    app.openapi = sharpened  # type: ignore[method-assign]


def sharpen(found: dict[str, Any]) -> dict[str, Any]:
    """Return an OpenAPI description in which optional means absent and every error is an `ErrorAnswer`."""
    schemas: dict[str, Any] = found["components"]["schemas"]
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    for schema in schemas.values():
        _sharpen_object(schema)
    for path in found["paths"].values():
        for operation in path.values():
            answer = operation["responses"].get("422")
            if answer is not None:
                answer["content"] = {"application/json": {"schema": ERROR_REFERENCE}}
            for status, answer in operation["responses"].items():
                if status >= "400":
                    answer["content"] = {"application/json": next(iter(answer["content"].values()))}
    return found


def _sharpen_object(schema: dict[str, Any]) -> None:
    required = set(schema.get("required", ()))
    for name, field in schema.get("properties", {}).items():
        choices = [choice for choice in field.get("anyOf", ()) if choice != {"type": "null"}]
        may_be_absent = len(choices) < len(field.get("anyOf", ()))
        if may_be_absent:
            field.pop("default", None)
            del field["anyOf"]
            field.update(choices[0] if len(choices) == 1 else {"anyOf": choices})
        else:
            required.add(name)
    if required:
        schema["required"] = sorted(required)
