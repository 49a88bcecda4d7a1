"""The short part of the fault suite, `python -m tests.fault --short`; and that a broken invariant is seen."""

import sys
from pathlib import Path

import pytest

from . import load
from .desk import Broken, Held, until
from .registry import FAULTS, Fault, Scale

load()


@pytest.mark.timeout(600)
@pytest.mark.parametrize("fault", [each for each in FAULTS.values() if each.is_short], ids=lambda each: each.name)
def test_fault_when_brought_about_then_what_must_hold_holds(fault: Fault, tmp_path: Path) -> None:
    assert fault.run(tmp_path, Scale())


def test_each_fault_says_what_must_hold() -> None:
    assert len(FAULTS) >= 15 and all(len(each.what) > 40 for each in FAULTS.values())


def test_leak_when_there_is_one_then_it_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    import psutil

    from . import desk

    monkeypatch.setattr(desk, "PATIENCE_S", 0.1)
    monkeypatch.setattr(desk.until, "__defaults__", (0.1,))
    held = Held(psutil.Process())
    held.check()
    with open(__file__), pytest.raises(Broken, match="open files"):
        held.check()
    before = Held(psutil.Process())
    before.memory -= 30 << 20
    with pytest.raises(Broken, match="memory grew"):
        before.check()


def test_condition_when_it_never_comes_then_it_is_named() -> None:
    with pytest.raises(Broken, match="it rains"):
        until("it rains", lambda: False, seconds=0.05)


def test_command_when_a_fault_is_unknown_then_it_says_which_are_known(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from .__main__ import main

    monkeypatch.setattr(sys, "argv", ["tests.fault", "--only", "earthquake"])
    with pytest.raises(SystemExit):
        main()
    assert "kill-any" in capsys.readouterr().err
