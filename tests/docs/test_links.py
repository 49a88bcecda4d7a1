"""Every link of every document leads somewhere, and every file that one names in back-ticks is there."""

import re
from pathlib import Path

import pytest

from .text import ROOT, codes, read

DOCUMENTS = sorted(
    path.relative_to(ROOT).as_posix()
    for path in (*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), ROOT / "frontend/src/live/README.md")
)
OURS = ("aion/", "docs/", "tests/", "tools/", "deploy/", "frontend/src/", "bench/")
MADE = ("bench/out",)  # written by a run, kept by nobody


def anchors(text: str) -> set[str]:
    """Return the anchors that a document's headings make, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_links_lead_somewhere(name: str) -> None:
    text = read(name)
    folder = (ROOT / name).parent
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"https?:", link):
            continue
        path, _, anchor = link.partition("#")
        target = folder / path if path else ROOT / name
        assert target.exists(), link
        if anchor:
            assert anchor in anchors(target.read_text("utf-8")), link


@pytest.mark.parametrize("name", [name for name in DOCUMENTS if name != "CHANGELOG.md"])  # it tells of the past too
def test_files_named_are_there(name: str) -> None:
    for code in codes(re.sub(r"```.*?```", "", read(name), flags=re.DOTALL)):
        path = code.split("::")[0].split(" ")[0]
        if (
            path.startswith(OURS)
            and not path.startswith(MADE)
            and re.fullmatch(r"[\w./-]+", path)
            and not re.fullmatch(r"aion/\w+/\d+", path)
        ):
            assert Path(ROOT / path).exists(), code


@pytest.mark.parametrize("name", DOCUMENTS)
def test_documents_name_no_machine_and_no_registry(name: str) -> None:
    assert not re.search(r"/(work|root|tmp)/|pypi\.org/simple|registry\.npmjs", read(name))
