"""The reference documents list everything there is, and each thing says what it means."""

import subprocess
import sys

import pytest
import typer.main

from aion import config
from aion.command.app import app
from aion.section import Section

from .text import ROOT, codes, read, rows, section

REFERENCE = [sys.executable, "tools/reference.py", "--check"]


def test_reference_documents_are_as_the_code_is() -> None:
    done = subprocess.run(REFERENCE, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr


def test_import_graph_is_up_to_date() -> None:
    command = [sys.executable, "tools/import_graph.py", "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr


def test_every_setting_has_a_row_with_its_variable_and_meaning() -> None:
    listed = {codes(row[0])[0]: row for row in rows(section(read("docs/configuration.md"), "## Settings"))}
    expected = set(config.Settings.model_fields) - set(config.TABLES)
    assert set(listed) == expected
    for name, row in listed.items():
        assert codes(row[1]) == [f"AION_{name.upper()}"]
        assert len(row[4]) > 15, f"{name} does not say what it means"


@pytest.mark.parametrize("part", [each for each in Section.__subclasses__() if each is not config.Settings])
def test_every_key_of_a_bot_has_a_row_with_its_meaning(part: type[Section]) -> None:
    listed = {codes(row[0])[0]: row[-1] for row in rows(read("docs/configuration.md")) if codes(row[0])}
    for name in part.model_fields:
        assert len(listed.get(name, "")) > 10, f"{part.__name__}.{name} does not say what it means"


def test_every_command_has_a_heading_and_every_option_a_row() -> None:
    text = read("docs/cli.md")

    def check(name: str, command: object) -> int:
        inner = getattr(command, "commands", None)
        if inner is not None:
            return sum(check(f"{name} {word}", each) for word, each in inner.items())
        listed = {code for row in rows(section(text, f"## {name}")) for code in codes(row[0])}
        for option in command.params:  # type: ignore[attr-defined]
            if not getattr(option, "hidden", False):
                shown = option.opts if option.opts[0].startswith("-") else [option.name.upper()]
                assert set(shown) <= listed, f"{name}: {shown}"
        return 1

    assert check("aion", typer.main.get_command(app)) == sum(line.startswith("## aion") for line in text.splitlines())


def test_example_settings_of_the_document_are_taken(tmp_path: object) -> None:
    import tomllib

    from .text import blocks

    example = blocks(read("docs/configuration.md"), "toml")[0].code
    path = ROOT.__class__(str(tmp_path)) / "aion.toml"
    path.write_text(example)
    settings = config.load(path, environment={})
    named = tomllib.loads(example)["bots"]
    assert "orb_ny" not in settings.bots
    assert settings.bots["swing_1w"].rules.max_positions == named["swing_1w"]["rules"]["max_positions"]
    assert settings.bots["my_orb"].symbols == ("AZN.L",)


def test_refusal_in_the_document_is_the_one_given() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "aion", "status"],
        cwd=ROOT, capture_output=True, text=True, timeout=30, check=False, env={"AION_PORT": "70000"},
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.strip() in read("docs/configuration.md")
