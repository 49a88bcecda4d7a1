"""Style sheets of the pages: each beside what it draws, on the first page only where that is, and no dead rule."""

import re
from pathlib import Path

from .text import ROOT, read

SOURCE = ROOT / "frontend" / "src"
SHEETS = sorted(SOURCE.rglob("*.css"))
SCRIPTS = {path: path.read_text("utf-8") for path in sorted(SOURCE.rglob("*.ts*")) if ".test." not in path.name}
LATER = [path.parent for path in sorted(SOURCE.glob("feature/*/screen.tsx"))]
"""Folders of what comes when its page is opened."""
MADE = {"u-hz", "u-cursor-x", "u-wrap", "strength-1", "strength-2", "strength-3"}
"""Classes whose names no source has in one piece: those of uPlot, and `strength-` with its number."""


def classes(text: str) -> set[str]:
    """Return the classes that the selectors of a style sheet name."""
    bare = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    selectors = [each for each in re.findall(r"([^{}]+)\{", bare) if not each.strip().startswith("@")]
    return {name for each in selectors for name in re.findall(r"\.([A-Za-z_][\w-]*)", each)}


def written(names: set[str], text: str) -> set[str]:
    return {name for name in names if re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text)}


def importers(sheet: Path) -> list[Path]:
    """Return the files that import a style sheet."""
    return [
        path
        for path in (*SCRIPTS, *SHEETS)
        for name in re.findall(r'import (?:\w+ from )?"(\.[^"?]+\.css)', path.read_text("utf-8"))
        if (path.parent / name).resolve() == sheet
    ]


def test_each_sheet_is_taken_by_what_it_is_for() -> None:
    assert len(SHEETS) > 40
    assert [path.name for path in SHEETS if not importers(path)] == []


def test_pages_that_come_later_bring_their_sheets_with_their_scripts() -> None:
    assert len(LATER) >= 4
    for folder in LATER:
        for path, text in SCRIPTS.items():
            if folder in path.parents:
                plain = [
                    name for name in re.findall(r'^import "(.+\.css)";', text, re.MULTILINE) if name[:6] != "../../"
                ]
                assert plain == [], f"{path}: on the first page too; name it in screen.css"


def test_first_page_has_no_rule_of_a_page_that_comes_later() -> None:
    sheet = next((ROOT / "aion/web/static/assets").glob("*.css")).read_text("utf-8")
    for folder in LATER:
        own = classes("".join(path.read_text("utf-8") for path in folder.glob("*.css")))
        first = classes("".join(path.read_text("utf-8") for path in SHEETS if folder not in path.parents))
        assert (own - first) & classes(sheet) == set(), folder.name


def test_no_rule_is_for_a_class_that_nothing_has() -> None:
    text = "\n".join([*SCRIPTS.values(), read("frontend/index.html")])
    for path in SHEETS:
        named = classes(path.read_text("utf-8")) - MADE
        assert named - written(named, text) == set(), path.relative_to(ROOT)


def test_colours_stand_in_one_place() -> None:
    for path in SHEETS:
        if path.name in ("token.css", "print.css"):
            continue
        found = re.findall(r"#[0-9a-fA-F]{3,8}\b", path.read_text("utf-8"))
        assert found == [], f"{path.relative_to(ROOT)}: a colour is a token of style/token.css"
