"""Names of the state files: the only place that turns names into paths and paths into names."""

import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path, PurePosixPath

from aion.errors import ConfigError
from aion.store.control_id import asked_at

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_HORIZON = re.compile(r"[1-9][0-9]?[dwm]")
_WATCH_FILES = {"watch.json": "watch", "bots.json": "heartbeat"}
_RESERVED = {"con", "prn", "aux", "nul", *(f"com{i}" for i in range(10)), *(f"lpt{i}" for i in range(10))}

DESK = "desk"
"""Name in place of a bot's for requests to the bots' process as a whole; no bot may have it."""


def check_name(what: str, value: str) -> str:
    """Return `value` if it may become part of a file name.

    Args:
        what: what the value is, for the message: `bot`, `control id`, `process`.
        value: letters, digits, `.`, `_` and `-`, 1 to 64 of them, the first a letter or digit.

    Raises:
        ConfigError: anything else: separators, `..`, NUL, wildcards, reserved device names, over-long names.
    """
    if not _NAME.fullmatch(value) or ".." in value or value.endswith("."):
        raise ConfigError(
            f"{what} {value[:80]!r} cannot be a file name: use 1 to 64 letters, digits, '.', '_' or '-', "
            "starting with a letter or digit"
        )
    if value.split(".")[0].lower() in _RESERVED:
        raise ConfigError(f"{what} {value!r} is a reserved device name: choose another")
    return value


def check_day(value: str) -> str:
    """Return `value` if it is a calendar day `YYYY-MM-DD`.

    Raises:
        ConfigError: it is not.
    """
    try:
        if len(value) != 10 or date.fromisoformat(value).isoformat() != value:
            raise ValueError
    except ValueError:
        raise ConfigError(f"day {value[:40]!r} is not a date such as 2022-05-19") from None
    return value


def check_horizon(value: str) -> str:
    """Return `value` if it is a holding period such as `1w`.

    Raises:
        ConfigError: it is not.
    """
    if not _HORIZON.fullmatch(value):
        raise ConfigError(f"horizon {value[:40]!r} is not a period such as 1w, 2w or 4w")
    return value


@dataclass(frozen=True, slots=True)
class Place:
    """What a path below the data folder is: its kind and the names in it."""

    kind: str
    bot: str = ""
    day: str = ""
    horizon: str = ""


class Layout:
    """Paths of all files below one data folder."""

    def __init__(self, root: Path) -> None:
        """Args: root: the data folder (`AION_DATA`); it need not exist."""
        self.root = root
        self.intraday = root / "intraday"
        self.sim_logs = self.intraday / "sim_logs"
        self.swing = root / "swing"
        self.bot_logs = self.swing / "bot_logs"
        self.logs = root / "logs"
        self.configs = root / "config"
        self.controls = root / "control"
        self.runs = root / "runs"
        self.watch = root / "watch" / "watch.json"
        self.heartbeat = root / "watch" / "bots.json"
        self.up_lock = root / "up.lock"
        self.rolling = self.intraday / "rolling.json.gz"
        self.sim_summary = self.intraday / "sim_summary.json"
        self.ledger = root / "ledger.sqlite"
        self.ledger_lock = root / "ledger.lock"
        self.strategy_call = root / ".strategy-call"
        self.desk = root / "desk.sqlite"

    def sim_log(self, day: str, bot: str) -> Path:
        """Path of one bot's trading day."""
        return self.sim_logs / f"{check_day(day)}_{check_name('bot', bot)}.json"

    def swing_rolling(self, bot: str) -> Path:
        """Path of a swing bot's state."""
        return self.swing / f"rolling_{check_name('bot', bot)}.json.gz"

    def bot_activity(self, horizon: str, day: str, bot: str) -> Path:
        """Path of a swing bot's activity of one day."""
        return self.bot_logs / check_horizon(horizon) / f"bot_activity_{check_day(day)}_{check_name('bot', bot)}.json"

    def config(self, bot: str) -> Path:
        """Path of a bot's edited rules."""
        return self.configs / f"{check_name('bot', bot)}.json"

    def control(self, bot: str, control_id: str) -> Path:
        """Path of a request to a bot."""
        return self.controls / check_name("bot", bot) / f"{check_name('control id', control_id)}.json"

    def kill(self, bot: str) -> Path:
        """Path of a bot's kill switch, or with `DESK` of that of all bots."""
        return self.controls / check_name("bot", bot) / "kill.json"

    def log(self, process: str) -> Path:
        """Path of a process's log."""
        return self.logs / f"{check_name('process', process)}.jsonl"

    def relative(self, path: Path) -> str:
        """Return `path` below the data folder with `/`, as shown to people and used in errors."""
        return path.relative_to(self.root).as_posix()

    @staticmethod
    def place(relative: str) -> Place | None:
        """Return what the file at `relative` (below the data folder) is, or None if it is no state file.

        Temporary files (`.name.tmp-...`), names that `check_name` refuses and names in `control/` that are no id of
        a request are no state files.
        """
        parts = PurePosixPath(relative).parts
        try:
            match parts:
                case ("intraday", "rolling.json.gz"):
                    return Place("rolling")
                case ("intraday", "sim_summary.json"):
                    return Place("sim_summary")
                case ("intraday", "sim_logs", name) if name.endswith(".json") and name[10:11] == "_":
                    return Place("sim_log", check_name("bot", name[11:-5]), check_day(name[:10]))
                case ("swing", name) if name.startswith("rolling_") and name.endswith(".json.gz"):
                    return Place("swing_rolling", check_name("bot", name[8:-8]))
                case ("swing", "bot_logs", horizon, name) if name.startswith("bot_activity_") and name.endswith(
                    ".json"
                ):
                    day, bot = check_day(name[13:23]), check_name("bot", name[24:-5])
                    return Place("bot_activity", bot, day, check_horizon(horizon))
                case ("watch", name) if name in _WATCH_FILES:
                    return Place(_WATCH_FILES[name])
                case ("config", name) if name.endswith(".json"):
                    return Place("bot_config", check_name("bot", name[:-5]))
                case ("control", bot, "kill.json"):
                    return Place("kill", check_name("bot", bot))
                case ("control", bot, name) if name.endswith(".json") and asked_at(name[:-5]) is not None:
                    return Place("control", check_name("bot", bot))
                case ("logs", name) if name.endswith(".jsonl"):
                    return Place("log_line", check_name("process", name[:-6]))
        except ConfigError:
            return None
        return None
