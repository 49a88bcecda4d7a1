"""README.md: its examples make bots appear on a running desk, its commands exist, its size is bounded."""

import json
import re
import subprocess
import time
from threading import Thread
from typing import Any

import httpx
import pytest

from aion.config import Settings
from aion.store.schema import check_file
from tests.docs.readme import EXAMPLES, OWN_BOT, PLAIN, environment, file_of
from tests.e2e.conftest import Up

from .text import ROOT, blocks, read

LINES = {"python": 10, "sh": 10}
WORTH = {"client": (1001.85, 619.45)}
"""Equity and cash of an example that has traded."""


def test_readme_is_at_most_150_lines() -> None:
    assert len(read("README.md").splitlines()) <= 150


def test_own_bot_is_the_second_section_and_within_ten_lines() -> None:
    headings = re.findall(r"^##? .*$", read("README.md"), re.MULTILINE)
    assert headings[1] == "## Your own bot in ten lines"
    for language, most in LINES.items():
        assert all(len(block.code.splitlines()) <= most for block in blocks(OWN_BOT, language))


def shown(bundle: dict[str, Any]) -> dict[str, Any]:
    return {**bundle["intraday"]["bots"], **bundle["swing"]["bots"]}


def appears(url: str, bot: str, seen: dict[str, float], opened: list[bool]) -> None:
    """Follow the stream until a pushed bundle has `bot`, and say when."""
    with httpx.stream("GET", f"{url}/events/bots", timeout=30, trust_env=False) as stream:
        event = ""
        for line in stream.iter_lines():
            if line.startswith("event: "):
                event = line[7:]
            elif line.startswith("data: ") and event == "bots":
                if bot in shown(json.loads(line[6:])):
                    seen[bot] = time.time()
                    return
                opened.append(True)


@pytest.mark.parametrize("bot", EXAMPLES)
def test_example_when_run_beside_the_desk_then_its_bot_appears_within_a_second(bot: str, desk: Up) -> None:
    assert bot not in shown(desk.bundle())
    seen: dict[str, float] = {}
    opened: list[bool] = []
    following = Thread(target=appears, args=(desk.url, bot, seen, opened))
    following.start()
    desk.wait(lambda: opened)
    subprocess.run(EXAMPLES[bot], env=environment(desk.data), check=True, timeout=30)
    found = shown(desk.bundle())[bot]  # a GET after the write has returned always sees it
    assert (found["equity"], found["cash"]) == WORTH.get(bot, (1000, 1000)) and found["foreign"] is True
    following.join(20)
    file = file_of(desk.data, bot)
    assert seen[bot] - file.stat().st_mtime < 20  # a hundredth of a second on a machine that is not busy
    assert check_file(file) == ([], [])
    assert not [each for each in desk.bundle()["errors"].values() if each.get("bot") == bot]


def test_empty_page_shows_the_same_bot_for_a_desk_of_its_own() -> None:
    source = (ROOT / "frontend/src/bot/example.ts").read_text()
    shown = source.partition("`")[2].partition("`")[0]
    assert shown.replace('"mode": "paper"', '"mode": "replay"') == PLAIN.rstrip()


def test_commands_of_the_readme_exist() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"^    make (\w+)", read("README.md"), re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
    assert {"PORT", "SPEED", "FRESH"} <= set(re.findall(r"\$\(([A-Z]+)\)", makefile))


def test_replay_that_the_readme_describes_is_the_default_one() -> None:
    settings = Settings()
    text = " ".join(read("README.md").split())
    assert settings.speed == 60 and "one market minute a second" in text
    assert settings.closed_gap_s == 2 and "closed hours pass in two seconds" in text
    assert len(settings.bots) == 6 and "Six bots" in text
    series = json.loads((ROOT / "aion/market/feed/recorded/index.json").read_text())["series"]
    for bot in settings.bots.values():
        if bot.kind == "intraday":
            [symbol] = bot.symbols
            assert symbol in text
            last = series[f"minute:{symbol}"]["last"]
            assert str(settings.start)[:10] == "2022-05-19" and last[:10] == "2022-06-15"
    assert "from 19 May to 15 June 2022" in text
