"""What swing bots decided."""

from pathlib import Path

from aion.store.layout import Layout
from tests.bot.desk import (
    document,
)


def decisions(data: Path, horizon: str = "1w") -> list[dict]:
    found = [
        {"day": value["day"], **decision}
        for path in sorted((Layout(data).bot_logs / horizon).glob("*.json"))
        for value in [document(path)]
        for decision in value["decisions"].values()
    ]
    return sorted(found, key=lambda each: each["ts"])
