"""Write the list of strategies in docs/strategies.md from the code: rule, formula, source, parameters.

Run: python tools/strategy_table.py (rewrites everything below the marker); the tests compare the two.
"""

import inspect
import sys
from pathlib import Path
from typing import Any

from aion.strategy.base import Parameters
from aion.strategy.registry import BUILT_IN, KINDS

DOCUMENT = Path(__file__).parents[1] / "docs" / "strategies.md"
MARKER = "<!-- strategies: written by tools/strategy_table.py -->"
TITLES = {"intraday": "Intraday", "swing": "Swing"}


def parameters_of(strategy: Any) -> type[Parameters]:
    """Return the parameters of a strategy: the class beside it whose docstring names it."""
    module = inspect.getmodule(strategy)
    found = [
        each
        for each in vars(module).values()
        if inspect.isclass(each) and issubclass(each, Parameters) and f"`{strategy.name}`" in (each.__doc__ or "")
    ]
    if len(found) != 1:
        raise ValueError(f"{strategy.name}: {len(found)} classes of parameters")
    return found[0]


def bounds(field: Any) -> str:
    """Return the bounds of a field, e.g. `1 to 120`."""
    low = high = ""
    for rule in field.metadata:
        for name, word in (("ge", ""), ("gt", "above ")):
            value = getattr(rule, name, None)
            low = f"{word}{value:g}" if value is not None else low
        for name in ("le", "lt"):
            value = getattr(rule, name, None)
            high = f"{value:g}" if value is not None else high
    return f"{low} to {high}"


def section(strategy: Any) -> str:
    """Return what the document says of one strategy."""
    parts = [" ".join(part.split()) for part in inspect.getdoc(strategy).split("\n\n")]
    lines = [f"### {strategy.name}", "", *(line for part in parts for line in (part, ""))]
    fields = parameters_of(strategy).model_fields
    if not fields:
        return "\n".join([*lines, "It has no parameters.", ""])
    lines += ["| parameter | default | range | meaning |", "|---|---|---|---|"]
    for name, field in fields.items():
        meaning = " ".join((field.description or "").split())
        lines.append(f"| `{name}` | {field.default:g} | {bounds(field)} | {meaning} |")
    return "\n".join([*lines, ""])


def tables() -> str:
    """Return everything below the marker."""
    parts = []
    for kind in KINDS:
        parts.append(f"## {TITLES[kind]}\n")
        parts += [section(each) for each in BUILT_IN.values() if each.kind == kind]
    return "\n".join(parts)


def main() -> int:
    """Write the document; 0 when it is done."""
    head, _, _ = DOCUMENT.read_text("utf-8").partition(MARKER)
    DOCUMENT.write_text(f"{head}{MARKER}\n\n{tables()}", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
