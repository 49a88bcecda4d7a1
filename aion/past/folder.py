"""Where the day files are, which there are, and how old and large they may become."""

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from aion.errors import ConfigError
from aion.scalar import BotKind
from aion.store.layout import FOLDER_LOCK, PAST, check_day, check_name, listed

SUFFIX = ".rec"
SEEN = ".seen"
"""In the folder: its time is when the recorder was last at work."""
KINDS: tuple[BotKind, ...] = ("intraday", "swing")


@dataclass(frozen=True, slots=True)
class DayFile:
    """A day file by its name."""

    kind: BotKind
    bot: str
    day: str

    @property
    def relative(self) -> str:
        """Its path below the data folder."""
        return f"{PAST}/{self.kind}/{self.bot}/{self.day}{SUFFIX}"


class PastFolder:
    """The day files below one data folder."""

    def __init__(self, root: Path) -> None:
        """Args: root: the data folder."""
        self.root = root
        self.folder = root / PAST
        self.seen = self.folder / SEEN
        self.lock = self.folder / FOLDER_LOCK

    def path(self, file: DayFile) -> Path:
        """Return the path of a day file.

        Raises:
            ConfigError: its names cannot be those of one.
        """
        check_name("bot", file.bot)
        check_day(file.day)
        return self.root / file.relative

    def days(self, kind: BotKind, bot: str) -> list[str]:
        """Return the days that are recorded of a bot, oldest first.

        Raises:
            ConfigError: no bot can have that name.
        """
        return [file.day for file in self._files(kind, check_name("bot", bot))]

    def files(self) -> Iterator[DayFile]:
        """Yield all day files."""
        for kind in KINDS:
            for bot in sorted(listed(self.folder / kind)):
                with suppress(ConfigError):
                    yield from self._files(kind, check_name("bot", bot))

    def _files(self, kind: BotKind, bot: str) -> Iterator[DayFile]:
        for name in sorted(listed(self.folder / kind / bot)):
            if name.endswith(SUFFIX):
                with suppress(ConfigError):
                    yield DayFile(kind, bot, check_day(name.removesuffix(SUFFIX)))


@dataclass(slots=True)
class Removed:
    """What retention removed."""

    days: int = 0
    bytes: int = 0
    refused: str = ""
    """The first file that could not be removed, and why."""


def tidy(folder: PastFolder, today: date, keep_days: int, most_bytes: int) -> Removed:
    """Remove day files that are too old, then the oldest until the others fit; none of today is removed.

    Args:
        folder: of the day files.
        today: UTC day.
        keep_days: days that are kept, today included; >= 1.
        most_bytes: of all files together.
    """
    removed = Removed()
    before = (today - timedelta(days=keep_days - 1)).isoformat()
    sizes: dict[DayFile, int] = {}
    for file in folder.files():
        with suppress(OSError):
            sizes[file] = folder.path(file).lstat().st_size
    total = sum(sizes.values())
    for file in sorted(sizes, key=lambda each: (each.day, each.bot)):
        is_old = file.day < before
        if file.day >= today.isoformat() or not (is_old or total > most_bytes):
            break
        try:
            os.unlink(folder.path(file))
        except OSError as error:
            removed.refused = removed.refused or f"{file.relative}: {error.strerror}"
            continue
        total -= sizes[file]
        removed.days += 1
        removed.bytes += sizes[file]
        with suppress(OSError):
            os.rmdir(folder.path(file).parent)  # only once it is empty
    return removed
