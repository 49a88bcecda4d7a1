"""SECURITY.md: each row of what is protected names tests that exist."""

import pytest

from .text import codes, is_function, read, rows, section

PROTECTED = rows(section(read("SECURITY.md"), "## What is protected from whom"))


@pytest.mark.parametrize("row", PROTECTED, ids=[f"{row[0]}, {row[1]}"[:60] for row in PROTECTED])
def test_each_thing_protected_says_from_whom_and_names_tests_that_exist(row: list[str]) -> None:
    assert all(row) and len(row) == 4
    shown = codes(row[3])
    assert shown and [code for code in shown if not is_function(code)] == []


def test_model_names_assets_actors_boundaries_and_what_is_left_out() -> None:
    text = section(read("SECURITY.md"), "## Threat model")
    assert all(f"**{part}" in text for part in ("What is protected", "Actors", "Trust boundaries"))
    assert len(PROTECTED) >= 15
    assert section(read("SECURITY.md"), "## What is not protected").count("\n* ") >= 6


def test_every_test_that_is_named_anywhere_exists() -> None:
    named = [code for code in codes(read("SECURITY.md")) if code.startswith("tests/")]
    assert len(named) > 60 and [code for code in named if not is_function(code)] == []


UNTRIED = {
    "Admins are trusted": "who owns the machine owns its files",
    "A flood that fills the line": "the line and the processor are not ours to fill",
}
"""What begins so is of the world around, and why no test shows it."""


def test_each_limit_names_its_test_or_why_there_is_none() -> None:
    limits = section(read("SECURITY.md"), "## What is not protected").split("\n* ")[1:]
    tried = [limit for limit in limits if any(is_function(code) for code in codes(limit.replace("\n", " ")))]
    untried = [limit[:40] for limit in limits if limit not in tried]
    assert [limit for limit in untried if not any(limit.startswith(each) for each in UNTRIED)] == []
    assert len(untried) == len(UNTRIED)
