"""Write the front end's types, `frontend/src/api/schema.ts`, from the OpenAPI description; `make build` does."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
TARGET = ROOT / "frontend" / "src" / "api" / "schema.ts"
HEAD = """/** The desk's answers, made from its OpenAPI description by tools/api_types.py; do not edit. */

"""
PLAIN = {"string": "string", "integer": "number", "number": "number", "boolean": "boolean", "null": "null"}
WIDTH = 120  # of a line, as the front end's formatter has it


def type_of(schema: dict[str, Any]) -> str:
    """Return the TypeScript type of a JSON Schema node."""
    if "$ref" in schema:
        return str(schema["$ref"]).rsplit("/", 1)[-1]
    if "const" in schema:
        return quoted(schema["const"])
    if "enum" in schema:
        return " | ".join(quoted(value) for value in schema["enum"])
    for word in ("anyOf", "oneOf"):
        if word in schema:
            return " | ".join(dict.fromkeys(type_of(each) for each in schema[word]))
    kind = schema.get("type")
    if kind == "array":
        if "prefixItems" in schema:
            return f"[{', '.join(type_of(each) for each in schema['prefixItems'])}]"
        inner = type_of(schema.get("items", {}))
        return f"({inner})[]" if " | " in inner else f"{inner}[]"
    if kind == "object" or "additionalProperties" in schema:
        # keys with a pattern of their own (names, days) come as patternProperties
        inside = next(iter(schema.get("patternProperties", {}).values()), schema.get("additionalProperties"))
        return f"Record<string, {type_of(inside) if isinstance(inside, dict) else 'unknown'}>"
    return PLAIN.get(kind, "unknown") if isinstance(kind, str) else "unknown"


def quoted(value: object) -> str:
    """Return a literal."""
    return f'"{value}"' if isinstance(value, str) else str(value).lower()


def interface(name: str, schema: dict[str, Any]) -> str:
    """Return one exported interface (or alias) with its descriptions."""
    lines = [f"/** {schema['description'].strip()} */"] if schema.get("description") else []
    if "properties" not in schema:
        return "\n".join([*lines, f"export type {name} = {type_of(schema)};"]) + "\n"
    lines.append(f"export interface {name} {{")
    required = set(schema.get("required", ()))
    for field, inside in schema["properties"].items():
        if inside.get("description"):
            lines.append(f"  /** {' '.join(inside['description'].split())} */")
        line = f"  {field}{'' if field in required else '?'}: {type_of(inside)};"
        if len(line) > WIDTH:  # as the formatter writes it
            line = line.replace(": ", ":\n    | ", 1).replace('" | "', '"\n    | "')
        lines.append(line)
    return "\n".join([*lines, "}"]) + "\n"


def types() -> str:
    """Return the whole file."""
    said = subprocess.run(
        [sys.executable, "-m", "aion.web.openapi"], cwd=ROOT, capture_output=True, check=True
    ).stdout
    schemas = json.loads(said)["components"]["schemas"]
    return HEAD + "\n".join(interface(name, schemas[name]) for name in sorted(schemas))


if __name__ == "__main__":
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    TARGET.write_text(types(), "utf-8")
