"""Draws the packages of `aion/` and what each imports, into docs/architecture.md.

`python tools/import_graph.py` writes the picture, `--check` says whether it matches today's imports. An arrow that
follows from two others is left out.
"""

import argparse
import ast
import sys
from pathlib import Path

import grimp

ROOT = Path(__file__).parents[1]
DOCUMENT = ROOT / "docs" / "architecture.md"
BEGIN, END = "<!-- packages: begin -->\n", "<!-- packages: end -->\n"
FOUNDATION = "the root's modules"


def packages() -> dict[str, str]:
    """Return the first sentence of each package's docstring by its name, in alphabetical order."""
    found = {}
    for path in sorted(ROOT.glob("aion/*/__init__.py")):
        text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        found[path.parent.name] = " ".join(text.split("\n\n")[0].split())
    return found


def imports(names: list[str]) -> dict[str, set[str]]:
    """Return which packages each package imports, directly or through others."""
    graph = grimp.build_graph("aion", exclude_type_checking_imports=True, cache_dir=None)
    return {
        name: {
            other
            for other in names
            if other != name
            and graph.chain_exists(importer=f"aion.{name}", imported=f"aion.{other}", as_packages=True)
        }
        for name in names
    }


def reduced(found: dict[str, set[str]]) -> dict[str, set[str]]:
    """Return the arrows that do not follow from others."""
    return {
        name: {each for each in others if not any(each in found[other] for other in others if other != each)}
        for name, others in found.items()
    }


def picture() -> str:
    """Return what stands between the marks: a diagram, and a table with one line for each package."""
    owned = packages()
    arrows = reduced(imports(list(owned)))
    diagram = [f"    {name} --> {other}" for name, others in arrows.items() for other in sorted(others)]
    lonely = [f"    {name}" for name, others in arrows.items() if not others]
    table = [f"| `aion/{name}` | {text} | {_modules(name)} |" for name, text in owned.items()]
    return "\n".join(
        [
            "```mermaid",
            "flowchart TD",
            *diagram,
            *[each for each in lonely if not any(each.strip() in others for others in arrows.values())],
            "```",
            "",
            "| package | owns | files |",
            "|---|---|--:|",
            *table,
            "",
        ]
    )


def _modules(name: str) -> int:
    return sum(1 for path in (ROOT / "aion" / name).rglob("*.py") if path.name != "__init__.py")


def main() -> int:
    """Write or check the picture; the status is 1 when it was out of date."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing, only report whether it is up to date")
    options = parser.parse_args()
    text = DOCUMENT.read_text(encoding="utf-8")
    head, rest = text.split(BEGIN)
    tail = rest.split(END)[1]
    wanted = f"{head}{BEGIN}{picture()}{END}{tail}"
    if wanted == text:
        return 0
    if options.check:
        sys.stderr.write("docs/architecture.md is out of date: run python tools/import_graph.py\n")
        return 1
    DOCUMENT.write_text(wanted, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
