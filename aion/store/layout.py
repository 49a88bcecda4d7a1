"""Names of the state files: the only place that turns names into paths and paths into names."""

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from aion.errors import ConfigError
from aion.store.control_id import SUFFIX, asked_at

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
HORIZON = re.compile(r"[1-9][0-9]?[dwm]")
_RESERVED = {"con", "prn", "aux", "nul", *(f"com{i}" for i in range(10)), *(f"lpt{i}" for i in range(10))}

DESK = "desk"
"""Name in place of a bot's for requests to the bots' process as a whole; no bot may have it."""

INTRADAY, SWING, LOGS, CONFIGS, CONTROLS, RUNS, WATCH, MACHINES, ATTACHED, ALERTS, PAST = (
    "intraday", "swing", "logs", "config", "control", "runs", "watch", "machines", "attach", "alerts", "past",
)  # fmt: skip
FOLDERS = (INTRADAY, SWING, LOGS, CONFIGS, CONTROLS, RUNS, WATCH, MACHINES, ATTACHED, ALERTS, PAST)
"""At the top of the data folder."""
SIM_LOGS = f"{INTRADAY}/sim_logs"
BOT_LOGS = f"{SWING}/bot_logs"
SUMMARY = f"{INTRADAY}/sim_summary.json"
ROLLING = f"{INTRADAY}/rolling.json.gz"
WATCHED = f"{WATCH}/watch.json"
HEARTBEAT = f"{WATCH}/bots.json"
PROOF = f"{WATCH}/proof.json"
ALERT_RULES, ALERTS_SENT = f"{ALERTS}/rules.json", f"{ALERTS}/sent.json"
LEDGER, DESK_STORE = "ledger.sqlite", "desk.sqlite"
UP_LOCK, LEDGER_LOCK, STRATEGY_CALL = "up.lock", "ledger.lock", ".strategy-call"
FOLDER_LOCK = ".lock"
"""In a folder that is written by one at a time."""
MACHINES = "machines"
"""Folder of a desk with a folder for each machine."""
RELAY_MARK = ".relay.json"
"""In a folder that holds the copy of a machine's files: which machine, and how far the copy is."""
RELAY_SOCKET = ".relay.sock"
"""In such a folder: where its relay takes questions to that machine."""
NEWEST_ID = ".newest"
"""In `control/`: the id of the request that was written last, whoever it is to."""
KILL = "kill.json"
LOG_SUFFIX = ".jsonl"
BESIDE_SQLITE = ("", "-wal", "-shm", "-journal")
"""What SQLite adds to a database's name for the files beside it, the database itself first."""
_FIXED = {
    WATCHED: "watch", HEARTBEAT: "heartbeat", PROOF: "proof", ALERT_RULES: "alert_rules",
    ALERTS_SENT: "alert_history",
}  # fmt: skip
_SWING_ROLLING = "rolling_"
_ACTIVITY = "bot_activity_"


# below the data folder, as errors and the desk name them; what is put in is not checked


def sim_log(day: str, bot: str) -> str:
    """Return the path of a bot's trading day."""
    return f"{SIM_LOGS}/{day}_{bot}.json"


def swing_rolling(bot: str) -> str:
    """Return the path of a swing bot's state."""
    return f"{SWING}/{_SWING_ROLLING}{bot}.json.gz"


def bot_activity(horizon: str, day: str, bot: str) -> str:
    """Return the path of a swing bot's activity of one day."""
    return f"{BOT_LOGS}/{horizon}/{_ACTIVITY}{day}_{bot}.json"


def config(bot: str) -> str:
    """Return the path of a bot's edited rules."""
    return f"{CONFIGS}/{bot}.json"


def in_controls(bot: str, name: str = "") -> str:
    """Return the path of the folder of the requests to a bot, or of the file `name` in it."""
    return f"{CONTROLS}/{bot}/{name}" if name else f"{CONTROLS}/{bot}"


def control(bot: str, control_id: str) -> str:
    """Return the path of a request to a bot."""
    return in_controls(bot, f"{control_id}{SUFFIX}")


def kill(bot: str) -> str:
    """Return the path of a bot's kill switch, or with `DESK` of that of all bots."""
    return in_controls(bot, KILL)


def log(process: str) -> str:
    """Return the path of a process's log."""
    return f"{LOGS}/{process}{LOG_SUFFIX}"


def as_summary_names(file: str) -> str:
    """Return the path of a file of the day-trading job as written in `sim_summary.json`, relative to its folder."""
    return file.removeprefix(f"{INTRADAY}/")


def is_meant_as_state(relative: str) -> bool:
    """Tell whether a file at `relative` was meant as a bot's state, even if its name is wrong.

    This includes a link in place of the folder of the day files, which is not followed.
    """
    folder, _, name = relative.rpartition("/")
    is_there = folder == SIM_LOGS or (folder == SWING and name.startswith("rolling"))
    return relative == SIM_LOGS or (is_there and not name.startswith(".") and name.endswith((".json", ".json.gz")))


def control_id_of(name: str) -> str | None:
    """Return the id in the name of a request file, None if it is not a request."""
    control_id = name.removesuffix(SUFFIX)
    return control_id if control_id != name and asked_at(control_id) is not None else None


def listed(folder: Path) -> list[str]:
    """Return the names in `folder`, or none if it cannot be listed."""
    try:
        return os.listdir(folder)
    except OSError:
        return []


# beside a file that is there already


def lock_of(ledger: Path) -> Path:
    """Return the lock file of the ledger at `ledger`."""
    return ledger.with_suffix(Path(LEDGER_LOCK).suffix)


def packed(path: Path) -> Path:
    """Return the path of the day file at `path` after compression."""
    return path.with_name(f"{path.name}.gz")


def kept_log(path: Path, part: str) -> Path:
    """Return the path of a rotated part of the log at `path`: `1` for the whole log, or a level."""
    return path.with_name(f"{path.stem}.{part}{LOG_SUFFIX}")


def check_name(what: str, value: str) -> str:
    """Return `value` if it may become part of a file name.

    Args:
        what: what the value is, for the error message: `bot`, `control id`, `process`.
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
    if not HORIZON.fullmatch(value):
        raise ConfigError(f"horizon {value[:40]!r} is not a period such as 1w, 2w or 4w")
    return value


@dataclass(frozen=True, slots=True)
class Place:
    """The kind of a path below the data folder and the names in it."""

    kind: str
    bot: str = ""
    day: str = ""
    horizon: str = ""

    @property
    def file(self) -> str:
        """Path below the data folder of a file of a bot's state or activity."""
        if self.kind == "bot_activity":
            return bot_activity(self.horizon, self.day, self.bot)
        return swing_rolling(self.bot) if self.kind == "swing_rolling" else sim_log(self.day, self.bot)

    def contradicted_by(self, said: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
        """Yield each name that a document's fields give otherwise: which one, what they say, what the path says."""
        for what in ("bot", "day", "horizon"):
            named, value = getattr(self, what), said.get(what)
            if named and value is not None and value != named:
                yield what, repr(str(value)[:80]), named


class Layout:
    """Paths of all files below one data folder."""

    def __init__(self, root: Path) -> None:
        """Args: root: the data folder (`AION_DATA`); it need not exist."""
        self.root = root
        self.intraday = root / INTRADAY
        self.sim_logs = root / SIM_LOGS
        self.swing = root / SWING
        self.bot_logs = root / BOT_LOGS
        self.logs = root / LOGS
        self.configs = root / CONFIGS
        self.controls = root / CONTROLS
        self.newest_id = self.controls / NEWEST_ID
        self.runs = root / RUNS
        self.machines = root / MACHINES
        self.watch = root / WATCHED
        self.heartbeat = root / HEARTBEAT
        self.proof = root / PROOF
        self.alert_rules = root / ALERT_RULES
        self.alerts_sent = root / ALERTS_SENT
        self.alert_state = root / ALERTS / ".state.json"
        """What the watchdog remembers of the bots for the rules; nobody else reads it."""
        self.up_lock = root / UP_LOCK
        self.rolling = root / ROLLING
        self.sim_summary = root / SUMMARY
        self.ledger = root / LEDGER
        self.strategy_call = root / STRATEGY_CALL
        self.desk = root / DESK_STORE
        self.result = root / "result.json"
        self.report = root / "report.html"
        self.probe = root / ".probe.json"

    def sim_log(self, day: str, bot: str) -> Path:
        """As `sim_log`, checked."""
        return self.root / sim_log(check_day(day), check_name("bot", bot))

    def swing_rolling(self, bot: str) -> Path:
        """As `swing_rolling`, checked."""
        return self.root / swing_rolling(check_name("bot", bot))

    def bot_activity(self, horizon: str, day: str, bot: str) -> Path:
        """As `bot_activity`, checked."""
        return self.root / bot_activity(check_horizon(horizon), check_day(day), check_name("bot", bot))

    def config(self, bot: str) -> Path:
        """As `config`, checked."""
        return self.root / config(check_name("bot", bot))

    def controls_of(self, bot: str) -> Path:
        """Path of the folder of the requests to a bot."""
        return self.root / in_controls(check_name("bot", bot))

    def control(self, bot: str, control_id: str) -> Path:
        """As `control`, checked."""
        return self.root / control(check_name("bot", bot), check_name("control id", control_id))

    def kill(self, bot: str) -> Path:
        """As `kill`, checked."""
        return self.root / kill(check_name("bot", bot))

    def log(self, process: str) -> Path:
        """As `log`, checked."""
        return self.root / log(check_name("process", process))

    def attached(self, bot: str) -> Path:
        """Path of the database in which the reader of an account keeps what the account forgets."""
        return self.root / ATTACHED / f"{check_name('bot', bot)}.sqlite"

    def log_files(self) -> list[Path]:
        """Paths of all logs, by name."""
        return sorted(self.logs.glob(f"*{LOG_SUFFIX}"))

    def archive_marker(self, run: str) -> Path:
        """Path of the marker that records the archiving of a run."""
        return self.runs / run / "archive.json"

    def states(self, names: Callable[[Path], Iterable[str]] = listed) -> Iterator[Place]:
        """Yield the files in the folders of the bots' states, in the order of `names`."""
        for folder in (SIM_LOGS, SWING):
            for name in sorted(names(self.root / folder)):
                if (place := self.place(f"{folder}/{name}")) is not None:
                    yield place

    def relative(self, path: Path) -> str:
        """Return `path` below the data folder with `/`, as shown to people and used in errors."""
        return path.relative_to(self.root).as_posix()

    @staticmethod
    def place(relative: str) -> Place | None:
        """Return the place of the file at `relative` (below the data folder), or None if it is not a state file.

        Temporary files (`.name.tmp-...`), names that `check_name` rejects and names in `control/` that are not
        request ids are not state files.
        """
        parts = relative.split("/")
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
                case ("watch" | "alerts", _) if (kind := _FIXED.get("/".join(parts))) is not None:
                    return Place(kind)
                case ("config", name) if name.endswith(".json"):
                    return Place("bot_config", check_name("bot", name[:-5]))
                case ("control", bot, "kill.json"):
                    return Place("kill", check_name("bot", bot))
                case ("control", bot, name) if control_id_of(name) is not None:
                    return Place("control", check_name("bot", bot))
                case ("logs", name) if name.endswith(".jsonl"):
                    return Place("log_line", check_name("process", name[:-6]))
        except ConfigError:
            return None
        return None
