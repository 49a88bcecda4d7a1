"""State files read on request, straight from the disk: for the routes that give the whole of something."""

import os
from collections.abc import Mapping
from pathlib import Path

from aion.errors import NotFoundError, StateError
from aion.store.document.base import Envelope
from aion.store.document.state import SimLog, SwingRolling
from aion.store.layout import SWING, Layout, kill
from aion.store.newest import newest_states
from aion.web.problem import Problems, left_out, problem
from aion.web.state import BotState, Doc, load, of_kind

MAX_TOGETHER_BYTES = 32 << 20  # of files that one answer holds


class FileReader:
    """Lists and reads the state files below one data folder; every call looks at the disk."""

    def __init__(self, layout: Layout) -> None:
        """Args: layout: of the data folder, which need not exist."""
        self._layout = layout

    def intraday_days(self) -> dict[str, list[str]]:
        """Return the intraday bots with a day file, by market day, the newest day first."""
        return self._days(self._layout.sim_logs)

    def swing_days(self) -> dict[str, dict[str, list[str]]]:
        """Return the swing bots with an activity file, by market day (newest first), by horizon."""
        horizons = {name: self._days(self._layout.bot_logs / name) for name in _names(self._layout.bot_logs)}
        return {horizon: days for horizon, days in horizons.items() if days}

    def swing_bots(self) -> list[str]:
        """Return the swing bots with a state file."""
        folder = self._layout.swing
        places = (Layout.place(self._layout.relative(folder / name)) for name in _names(folder))
        return sorted(place.bot for place in places if place is not None and place.kind == "swing_rolling")

    def control_names(self, bot: str) -> list[str]:
        """Return the names of all that lies in the folder of the requests to `bot`, hidden names left out."""
        names = _names(self._layout.controls_of(bot))
        return sorted(name for name in names if not name.startswith("."))

    def control_targets(self) -> list[str]:
        """Return the names that have a folder of requests: bots, and `desk` for all."""
        return [name for name in _names(self._layout.controls) if Layout.place(kill(name)) is not None]

    def killed(self) -> list[str]:
        """Return the names whose kill switch is thrown: bots, and `desk` for all."""
        places = (Layout.place(kill(name)) for name in _names(self._layout.controls))
        return sorted(
            place.bot for place in places if place is not None and os.path.lexists(self._layout.kill(place.bot))
        )

    def newest_state(self, bot: str, kinds: Mapping[str, str]) -> str | None:
        """Return the file that holds the newest state of `bot`, as `newest_states` says; None when there is none."""
        place = newest_states(self._layout.states(_names), kinds).get(bot)
        return place.file if place is not None else None

    def read(self, file: str, kind: type[Doc], missing: str = "") -> Doc:
        """Return the checked document at `file` (below the data folder), which its name says to be of `kind`.

        Raises:
            NotFoundError: there is none; the message is `missing`.
            StateError: it cannot be trusted.
        """
        try:
            found = of_kind(kind, load(self._layout.root / file, file))
        except FileNotFoundError:
            found = None
        if found is None:
            raise NotFoundError(missing)
        return found

    def read_state(self, file: str, missing: str = "") -> BotState:
        """Return the state of a bot at `file`, as `read`."""
        if file.startswith(f"{SWING}/"):
            return self.read(file, SwingRolling, missing)
        return self.read(file, SimLog, missing)

    def read_all(self, files: dict[str, str], kind: type[Doc]) -> tuple[dict[str, Doc], Problems]:
        """Return the documents of `files` (by any key), and the problems of those that cannot be trusted.

        Those beyond `MAX_TOGETHER_BYTES` are left out, each with a problem that says so.
        """
        docs: dict[str, Doc] = {}
        errors: Problems = {}
        left = MAX_TOGETHER_BYTES
        for key, file in files.items():
            try:
                left -= _size(self._layout.root / file)
                if left < 0:
                    reason = f"is left out: together they are over {MAX_TOGETHER_BYTES >> 20} MB; ask for it alone"
                    errors[key] = problem("unreadable", file, reason)
                    continue
                docs[key] = doc = self.read(file, kind)
                if isinstance(doc, Envelope) and (found := left_out(file, doc)) is not None:
                    errors[key] = found
            except NotFoundError:
                continue  # gone since the listing: as if it had been listed a moment later
            except StateError as error:
                errors[key] = problem("unreadable", file, str(error).removeprefix(f"{file}: "))
        return docs, errors

    def _days(self, folder: Path) -> dict[str, list[str]]:
        days: dict[str, list[str]] = {}
        for name in _names(folder):
            place = Layout.place(self._layout.relative(folder / name))
            if place is not None and place.day:
                days.setdefault(place.day, []).append(place.bot)
        return {day: sorted(days[day]) for day in sorted(days, reverse=True)}


def _size(path: Path) -> int:
    try:
        return os.lstat(path).st_size
    except OSError:
        return 0  # reading it says what is wrong


def _names(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise StateError(folder.name, f"cannot be listed: {error.strerror}") from None
