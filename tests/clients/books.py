"""A bot's files as tests read them, and the clock that they are told."""

import json
import zlib
from pathlib import Path
from typing import Any

from aion_client import Bot

from aion.store.schema import check_file

START = "2026-11-30T09:00:00Z"


def read_state(data: Path, name: str = "mine") -> dict[str, Any]:
    """The state file as JSON."""
    packed = (data / "swing" / f"rolling_{name}.json.gz").read_bytes()
    found: dict[str, Any] = json.loads(zlib.decompress(packed, 31))
    return found


def written(bot: Bot, data: Path) -> dict[str, Any]:
    """What a bot has written, once it has written everything; all its files are valid."""
    assert bot.flush()
    check_files(data)
    return read_state(data, bot.name)


def check_files(data: Path) -> None:
    files = [each for each in data.rglob("*.json*") if not each.name.startswith(".") and "control" not in each.parts]
    assert files
    for each in files:
        assert check_file(each) == ([], []), each
