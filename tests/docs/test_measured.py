"""Figures come with a command that is there."""

import re

import pytest

from .text import ROOT, codes, read, rows, section

MAKE = (ROOT / "Makefile").read_text("utf-8")


def is_there(command: str) -> bool:
    """Tell whether what a command runs is in this repository, and takes the options named."""
    words = command.split()
    if words[0] == "make":
        return bool(re.search(rf"^{words[1]}:", MAKE, re.MULTILINE))
    if "-m" in words:
        module = words[words.index("-m") + 1].replace(".", "/")
        files = [ROOT / f"{module}.py", *(ROOT / module).glob("*.py")]
    else:
        files = [ROOT / word for word in words if "/" in word and not word.startswith(".venv")]
    sources = [file.read_text("utf-8") for file in files if file.is_file()]
    options = [word.strip("[]") for word in words if word.lstrip("[").startswith("--")]
    return bool(sources) and all(any(f'"{option}"' in source for source in sources) for option in options)


def test_each_figure_of_the_readme_has_its_command() -> None:
    before = ""
    table = rows(section(read("README.md"), "## Figures"))
    assert len(table) >= 4
    for _, figure, command in table:
        assert re.search(r"\d", figure)
        found = codes(command) or [before]
        assert command == "the same" or codes(command), command
        assert is_there(found[0]), command
        before = found[0]


@pytest.mark.parametrize("heading", re.findall(r"^## .+$", read("docs/measured.md"), re.MULTILINE))
def test_each_section_of_the_figures_names_a_command_that_is_there(heading: str) -> None:
    text = section(read("docs/measured.md"), heading)
    commands = [code for code in codes(re.sub(r"```.*?```", "", text, flags=re.DOTALL))
                if code.startswith(("make ", "python ", ".venv/bin/", "pytest "))]  # fmt: skip
    assert commands, heading
    for command in commands:
        assert is_there(command), command
