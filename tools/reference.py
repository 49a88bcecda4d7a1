"""Write the reference parts of the documents from the code, so that the two cannot differ.

Run: python tools/reference.py (rewrites docs/state-fields.md, and docs/configuration.md and docs/cli.md below their
markers); with --check it writes nothing and says which document is behind.
"""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import typer.main

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from aion import config  # noqa: E402
from aion.command.app import app  # noqa: E402
from aion.command.settings_file import toml_value  # noqa: E402
from aion.section import Section  # noqa: E402
from aion.store.document.kind import KINDS  # noqa: E402
from aion.store.schema import json_schema  # noqa: E402

MARKER = "<!-- below: written by tools/reference.py -->"


def rows(head: tuple[str, ...], lines: list[tuple[str, ...]]) -> list[str]:
    """Return a Markdown table."""
    found = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    return found + ["| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines]


def one_line(text: str | None) -> str:
    """Return `text` without line breaks."""
    return " ".join((text or "").split())


# state files


def type_text(schema: dict[str, Any]) -> str:
    """Return a JSON Schema as a short type, e.g. `map of Fill`."""
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[1]
        return f"[{name}](#{name.lower()})"
    if "enum" in schema:
        return ", ".join(f"`{each}`" for each in schema["enum"])
    if "const" in schema:
        return f"`{schema['const']}`"
    if "anyOf" in schema:
        return " or ".join(type_text(each) for each in schema["anyOf"])
    if schema.get("type") == "array":
        inner = schema.get("prefixItems") or [schema["items"]]
        return "array of " + ", ".join(type_text(each) for each in inner)
    if schema.get("type") == "object":
        value = schema.get("additionalProperties")
        if not isinstance(value, dict):  # a map whose keys have a pattern
            value = next(iter(schema.get("patternProperties", {}).values()), {})
        return f"map of {type_text(value)}"
    return {"date-time": "time"}.get(schema.get("format", ""), schema.get("type", "anything"))


def field_table(schema: dict[str, Any]) -> list[str]:
    """Return the table of one object's fields."""
    needed = set(schema.get("required", ()))
    lines: list[tuple[str, ...]] = []
    for name, field in schema["properties"].items():
        parts = ["**needed**" if name in needed else "", one_line(field.get("description"))]
        default = field.get("default")
        if name not in needed and default not in (None, "", {}, []):
            parts.append(f"Default `{str(default).lower() if isinstance(default, bool) else default}`.")
        lines.append((f"`{name}`", type_text(field), " ".join(part for part in parts if part)))
    return rows(("field", "type", "meaning"), lines)


def state_fields() -> Iterator[str]:
    """Yield the lines of docs/state-fields.md below its marker."""
    parts: dict[str, dict[str, Any]] = {}
    for kind in KINDS:
        schema = json_schema(kind)
        parts |= schema.get("$defs", {})
        yield from (f"## {kind}", "", *field_table(schema), "")
    for name in sorted(parts):
        if "properties" in parts[name]:
            yield from (f"## {name}", "", *field_table(parts[name]), "")


# settings


def default_text(default: Any) -> str:
    """Return a default as it stands in `aion.toml`."""
    if default is None or isinstance(default, Section) or repr(default) == "PydanticUndefined":
        return ""
    return f"`{toml_value(default)}`"


def flags() -> dict[str, str]:
    """Return the flag of each setting that has one on the command line."""
    found: dict[str, str] = {}
    for _, command in commands():
        for option in command.params:
            if option.opts[0].startswith("--") and not option.hidden:
                found.setdefault(option.name, option.opts[0])
    return found


def settings() -> Iterator[str]:
    """Yield the lines of docs/configuration.md below its marker."""
    by_name = flags()
    lines = []
    for name, field in config.Settings.model_fields.items():
        if name in config.TABLES:
            continue
        variable = f"`AION_{name.upper()}`"
        flag = f"`{by_name[name]}`" if name in by_name else ""
        lines.append((f"`{name}`", variable, flag, default_text(field.default), one_line(field.description)))
    yield from ("## Settings", "", *rows(("setting", "variable", "flag", "default", "meaning"), lines), "")
    for section in Section.__subclasses__():
        if section is config.Settings:
            continue
        heading = {"BotSettings": "A bot: `[bots.<name>]`", "Rules": "Its rules: `[bots.<name>.rules]`"}
        heading["Risk"] = "All bots together: `[risk]`"
        heading["WatchSettings"] = "The watchdog: `[watch]`"
        heading["AlertSettings"] = "Alerts: `[alerts]`"
        heading["CostSettings"] = "Costs of your own: `[costs.<name>]`"
        heading["FeeSettings"] = "A further fee of them: `[[costs.<name>.fees]]`"
        heading["TierSettings"] = "Their rates by volume: `[[costs.<name>.tiers]]`"
        heading["AttachSettings"] = "A bot of another program: `[attach.<name>]`"
        lines = [
            (f"`{name}`", default_text(field.default), one_line(field.description))
            for name, field in section.model_fields.items()
        ]
        title = heading.get(section.__name__, section.__name__)
        yield from (f"## {title}", "", one_line(section.__doc__), "")
        yield from (*rows(("key", "default", "meaning"), lines), "")


# command line


def commands() -> Iterator[tuple[str, Any]]:
    """Yield each command by its full name."""

    def walk(name: str, command: Any) -> Iterator[tuple[str, Any]]:
        inner = getattr(command, "commands", None)
        if inner is None:
            yield name, command
            return
        for word, each in inner.items():
            yield from walk(f"{name} {word}", each)

    yield from walk("aion", typer.main.get_command(app))


def command_line() -> Iterator[str]:
    """Yield the lines of docs/cli.md below its marker."""
    for name, command in commands():
        if command.hidden:
            continue
        yield from (f"## {name}", "", one_line(command.help), "")
        lines = []
        for each in command.params:
            if each.hidden if hasattr(each, "hidden") else False:
                continue
            is_option = each.opts[0].startswith("-")
            shown = ", ".join(f"`{text}`" for text in (*each.opts, *each.secondary_opts))
            shown = shown if is_option else f"`{(each.metavar or each.name).upper()}`"
            default = "" if each.default in (None, False) or callable(each.default) else f"`{each.default}`"
            lines.append((shown, default, one_line(getattr(each, "help", ""))))
        if lines:
            yield from (*rows(("option", "default", "meaning"), lines), "")


DOCUMENTS: dict[str, Callable[[], Iterator[str]]] = {
    "state-fields.md": state_fields,
    "configuration.md": settings,
    "cli.md": command_line,
}


def written(name: str) -> str:
    """Return the whole text that document `name` should have."""
    head, mark, _ = (ROOT / "docs" / name).read_text("utf-8").partition(MARKER)
    if not mark:
        raise SystemExit(f"docs/{name} has lost its marker {MARKER!r}")
    return f"{head}{MARKER}\n\n" + "\n".join(DOCUMENTS[name]()).rstrip() + "\n"


def main(arguments: list[str]) -> int:
    """Write or check; 0 when all documents are as the code is."""
    behind = [name for name in DOCUMENTS if (ROOT / "docs" / name).read_text("utf-8") != written(name)]
    if "--check" in arguments:
        for name in behind:
            sys.stderr.write(f"docs/{name} is behind the code: run `.venv/bin/python tools/reference.py`\n")
        return 1 if behind else 0
    for name in behind:
        (ROOT / "docs" / name).write_text(written(name), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
