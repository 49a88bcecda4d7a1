"""docs/operations.md: every test that it names exists, every alarm has its row."""

from typing import get_args

import pytest

from aion.store.document.watch import AlarmKind

from .text import codes, is_function, read, rows, section

DOCUMENT = "docs/operations.md"
FAULTS = rows(section(read(DOCUMENT), "## Faults"))


@pytest.mark.parametrize("row", FAULTS, ids=[row[0] for row in FAULTS])
def test_each_fault_says_what_is_seen_and_lost_and_names_a_test_that_exists(row: list[str]) -> None:
    assert all(row) and len(row) == 4
    for code in codes(row[3]):
        assert is_function(code), code
    assert codes(row[3]), "no test shows it"


def test_each_kind_of_alarm_has_a_row_with_what_to_do() -> None:
    listed = [codes(row[0])[0] for row in rows(section(read(DOCUMENT), "## What the watchdog sees"))]
    assert sorted(listed) == sorted(get_args(AlarmKind))
