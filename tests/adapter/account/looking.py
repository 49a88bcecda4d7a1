"""An attached account whose looks a test takes one by one."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from aion.adapter.attached import AttachedBot
from aion.adapter.process import source_of
from aion.section import AttachSettings
from aion.store.document_file import read_document
from aion.store.file import read_json
from aion.store.layout import Layout

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)


class Desk:
    """One account on a desk of its own."""

    def __init__(self, folder: Path, table: Mapping[str, Any], secrets: Mapping[str, str] | None = None) -> None:
        self.layout = Layout(folder / "data")
        self.settings = AttachSettings.model_validate(dict(table))
        self.secrets = {f"AION_ATTACH_MINE_{name}": each for name, each in (secrets or {}).items()}
        self.said: list[tuple[str, str]] = []
        self.now = NOW
        self.begin()

    def begin(self) -> None:
        """Start as the process does."""
        self.source: Any = source_of("mine", self.settings, self.secrets, self.layout)
        self.bot = AttachedBot(
            "mine", self.source, self.layout, 1.0, lambda level, text: self.said.append((level, text))
        )

    def look(self, times: int = 1) -> dict[str, Any]:
        """Look, as a process that ends afterwards; return the state file."""

        async def looks() -> None:
            for _ in range(times):
                self.now += timedelta(seconds=1)
                await self.bot.step(self.now)
            await self.bot.close()

        asyncio.run(looks())
        return self.state()

    def state(self) -> dict[str, Any]:
        """Return the state file, which the desk reads without a complaint."""
        path = self.layout.swing_rolling("mine")
        value = read_json(path)[0]
        if "problem" not in value:
            read_document(path, "swing_rolling")
        return value
