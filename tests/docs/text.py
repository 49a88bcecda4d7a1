"""What stands in a Markdown document: sections, code blocks, tables."""

import ast
import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
_FENCE = re.compile(r"^```(?P<language>[\w-]*)[^\n]*\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A fenced code block."""

    language: str
    code: str


def read(name: str) -> str:
    """Return the text of a document of this repository."""
    return (ROOT / name).read_text("utf-8")


def blocks(text: str, language: str | None = None) -> list[Block]:
    """Return the code blocks of `text` in order, of one language or of all."""
    found = [Block(match["language"], match["code"]) for match in _FENCE.finditer(text)]
    return [block for block in found if language in (None, block.language)]


def section(text: str, heading: str) -> str:
    """Return what stands under `heading` up to the next one of the same or a higher level."""
    level = len(heading) - len(heading.lstrip("#"))
    lines = iter(text.splitlines(keepends=True))
    for line in lines:
        if line.rstrip() == heading:
            break
    else:
        raise AssertionError(f"there is no heading {heading!r}")
    kept = []
    in_code = False
    for line in lines:
        in_code ^= line.startswith("```")
        if not in_code and re.match(rf"#{{1,{level}}} ", line):
            break
        kept.append(line)
    return "".join(kept)


def rows(text: str) -> list[list[str]]:
    """Return the cells of all rows of the tables in `text`, without heads and rules."""
    found = []
    lines = [line for line in _FENCE.sub("", text).splitlines()]
    for number, line in enumerate(lines):
        following = lines[number + 1] if number + 1 < len(lines) else ""
        if line.startswith("|") and not line.startswith("|--") and not following.startswith("|--"):
            cells = re.split(r"(?<!\\)\|", line.strip().strip("|"))
            found.append([cell.strip().replace("\\|", "|") for cell in cells])
    return found


def codes(cell: str) -> list[str]:
    """Return what stands between back-ticks."""
    return re.findall(r"`([^`]+)`", cell)


def is_function(code: str) -> bool:
    """Tell whether `path::name` names a function of this repository."""
    path, _, name = code.partition("::")
    if not (ROOT / path).is_file():
        return False
    tree = ast.parse((ROOT / path).read_text("utf-8"))
    return any(
        each.name == name for each in ast.walk(tree) if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)
    )
