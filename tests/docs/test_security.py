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
    assert all(f"**{part}" in text for part in ("What is worth something", "Who is there", "Where trust ends"))
    assert len(PROTECTED) >= 15
    assert section(read("SECURITY.md"), "## What is not").count("\n* ") >= 6


def test_every_test_that_is_named_anywhere_exists() -> None:
    named = [code for code in codes(read("SECURITY.md")) if code.startswith("tests/")]
    assert len(named) > 60 and [code for code in named if not is_function(code)] == []
