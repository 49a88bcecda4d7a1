"""The checks of the watchdog: each costs only itself when it fails."""

from collections.abc import Iterable
from pathlib import Path

import pytest

from aion.config import Settings
from aion.store.layout import Layout
from aion.watch import check
from aion.watch.check import Check, Finding, Place
from aion.watch.machine import Clocks
from aion.watch.watchdog import Watchdog


def broken(_place: Place) -> Check:
    def look(_now_s: float) -> Iterable[Finding]:
        raise OSError("the printer is on fire")

    return look


def halfway(_place: Place) -> Check:
    def look(_now_s: float) -> Iterable[Finding]:
        yield Finding("lost", "check", "warning", "lost", "found before the fault")
        raise ValueError("then this")

    return look


def working(_place: Place) -> Check:
    return lambda _now_s: [Finding("mine", "check", "warning", "mine", "look here")]


def test_check_that_raises_is_an_alarm_and_the_others_still_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aion.watch.watchdog.CHECKS", (broken, halfway, working))
    said: list[str] = []
    dog = Watchdog(Settings(data=tmp_path), Layout(tmp_path), dict, lambda _, text: said.append(text))
    dog.look()
    assert {key: alarm.text for key, alarm in dog.alarms.items()} == {
        "check.broken": "the check broken failed: OSError: the printer is on fire",
        "check.halfway": "the check halfway failed: ValueError: then this",
        "mine": "look here",
    }
    assert "look here" in said


def test_names_of_the_checks_differ_and_each_can_look(tmp_path: Path) -> None:
    names = [make.__name__ for make in check.CHECKS]
    assert len(set(names)) == len(names)
    place = Place(Settings(data=tmp_path), Layout(tmp_path), Clocks())
    for make in check.CHECKS:
        assert [each for each in make(place)(0.0) if each.kind == "check"] == []
