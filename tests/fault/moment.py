"""Wall clocks that jump, and the nights on which they are put forward or back."""

import os
import shutil
import subprocess
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import orjson

from aion.clock import iso
from aion.engine.runner import run_all
from aion.model import Bar
from aion.store.control_id import why_not
from tests.bot.desk import ListFeed, VirtualWaiter, at, bar, document, instrument, state_files
from tests.bot.desk import settings as bot_settings
from tests.web.sample import Writer

from .desk import Broken, Watchers, running, watched
from .process import begin, books, check_state, differences, replay_flags, undisturbed, wait_for_end
from .registry import Scale, fault

STEPS_S = (3_600, -7_200, 86_400 * 400, -86_400 * 900, 1, -1, 0)
"""Where the wall clock is put, seconds from the machine's."""


def movable(folder: Path) -> tuple[dict[str, str], Path]:
    """Return the environment of processes with a wall clock of their own, and the file that moves it.

    Raises:
        Broken: there is no C compiler.
    """
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        raise Broken("a C compiler (package gcc) is needed: the moved clock is built with it")
    library, offset = folder / "clock.so", folder / "offset"
    source = Path(__file__).with_name("clock.c")
    subprocess.run([compiler, "-O1", "-Wall", "-shared", "-fPIC", "-o", str(library), str(source)], check=True)
    offset.write_text("0")
    return {"LD_PRELOAD": str(library), "AION_FAULT_CLOCK": str(offset)}, offset


def move(offset: Path, seconds: int) -> None:
    part = offset.with_name("offset.part")
    part.write_text(str(seconds))
    os.replace(part, offset)


@fault("clock-steps")
def clock_steps(folder: Path, scale: Scale) -> str:
    """The desk's wall clock jumps by hours and years, both ways: each write is in the next answer everywhere."""
    environment, offset = movable(folder)
    write = Writer(folder / "data")
    write.swing("mine", equity=0.0)
    version = 0
    years: set[str] = set()
    ids: list[str] = []
    with watched(folder / "data", environment=environment) as (aion, watchers):
        steps = STEPS_S * scale.times(1, 20)
        for number, seconds in enumerate(steps, 1):
            move(offset, seconds)
            write.swing("mine", equity=float(number))
            os.utime(folder / "data/swing/rolling_mine.json.gz", (time.time() + seconds, time.time() + seconds))
            found = aion.get().json()
            if found["swing"]["bots"]["mine"]["equity"] != number:
                raise Broken(f"an answer is older than the write before it, {seconds} s away")
            if found["version"] <= version:
                raise Broken(f"the version went back from {version} to {found['version']}")
            version = found["version"]
            if aion.get("/api/metrics").json()["topics"]["bots"]["age_s"] < 0:
                raise Broken("an age is below zero")
            aion.get("/api/logs").raise_for_status()
            asked = httpx.post(
                f"http://127.0.0.1:{aion.port}/api/bots/orb_ny/control", json={"action": "pause"}, timeout=30,
                trust_env=False,
            ).raise_for_status().json()  # fmt: skip
            years.add(asked["requested_at"][:4])
            now = datetime.now(UTC) + timedelta(seconds=seconds)
            if any(asked["id"] <= each for each in ids if not why_not(each, now)):
                raise Broken("a request sorts before one that was made earlier and still counts")
            ids.append(asked["id"])
        watchers.agree()
    if len(years) < 3:
        raise Broken(f"the clock did not move: {years}")
    seen = ", ".join(sorted(years))
    return f"{len(steps)} steps among the years {seen}: nothing stale, no version and no id that counts goes back"


@fault("clock-of-bots", short=False)
def clock_of_bots(folder: Path, scale: Scale) -> str:
    """The wall clock of `aion up` jumps while the bots trade: their books end as under a steady clock."""
    environment, offset = movable(folder)
    expected, data = undisturbed(folder, scale), begin(folder / "stepped")
    with running("up", data, *replay_flags(scale), environment=environment) as aion, Watchers(aion) as watchers:
        steps = 0

        def step() -> None:
            nonlocal steps
            move(offset, STEPS_S[steps % len(STEPS_S)])
            steps += 1
            check_state(data)

        wait_for_end(data, step)
        watchers.agree()
    if wrong := differences(expected, books(data)):
        raise Broken(f"differs from a steady clock: {', '.join(wrong[:5])}")
    return f"{steps} steps during the run; books equal"


NIGHTS = {
    "XNYS": ("2022-03-11", "2022-03-14", "14:30", "13:30"),
    "XLON": ("2022-03-25", "2022-03-28", "08:00", "07:00"),
}
"""Exchange, last day before and first day after the clocks are put forward, UTC times of the two opens."""
ZONES = ("UTC", "America/New_York", "Europe/London", "Asia/Hong_Kong", "Australia/Lord_Howe")


def night_bars(exchange: str) -> list[Bar]:
    """Two sessions of minutes around a night on which clocks are put forward; made up, for rules and no figures."""
    before, after, first_open, second_open = NIGHTS[exchange]
    found = []
    for day, opening in ((before, first_open), (after, second_open)):
        start = at(f"{day}T{opening}Z").timestamp()
        for minute in range(1, 121):
            price = 100 + (minute % 17) / 10 + (0.8 if minute > 45 else 0)
            found.append(bar("AAA", datetime.fromtimestamp(start + 60 * minute, UTC), price, high=price + 0.2))
    return found


@fault("dst-night")
def dst_night(folder: Path, scale: Scale) -> str:
    """The nights on which clocks change, on machines of five time zones: equal files, days by their UTC opens."""
    fills = 0
    before = os.environ.get("TZ")
    for exchange in NIGHTS:
        made = {}
        for zone in ZONES:
            os.environ["TZ"] = zone
            time.tzset()
            try:
                made[zone] = _replay(folder / f"{exchange}-{zone.replace('/', '-')}", exchange)
            finally:
                os.environ.pop("TZ") if before is None else os.environ.update(TZ=before)
                time.tzset()
        first, *others = made.values()
        if any(other != first for other in others):
            raise Broken(f"the files of a replay over the night differ between time zones ({exchange})")
        days = sorted(name[-26:] for name in first if "sim_logs" in name)
        if len(days) != 2:
            raise Broken(f"two days were traded, there are files of {days}")
        for (name, content), opening in zip(
            sorted((name, content) for name, content in first.items() if "sim_logs" in name), NIGHTS[exchange][2:],
            strict=True,
        ):  # fmt: skip
            day = orjson.loads(content)
            curve = sorted(day["equity_curve"])
            if not curve[0][11:16] >= opening:
                raise Broken(f"{name} begins at {curve[0]}, its session opens at {opening}")
            fills += len(day.get("fills", {}))
    autumn = _autumn(folder)
    return f"{len(NIGHTS)} exchanges in {len(ZONES)} time zones: equal bytes, {fills} fills, right opens; {autumn}"


def _replay(data: Path, exchange: str) -> dict[str, bytes]:
    from aion.config import BotSettings, Rules

    trader = BotSettings(
        kind="intraday", strategy="opening_range_breakout", symbols=("AAA",), exchange=exchange, currency="USD",
        cash=100_000, cost="zero", rules=Rules(max_positions=1, stop_loss=0),
    )  # fmt: skip
    start = at(f"{NIGHTS[exchange][0]}T{NIGHTS[exchange][2]}Z")
    made = bot_settings(data, bots={"trader": trader}, start=start, speed=36_000, closed_gap_s=0, run_pause_s=0)
    waiter = VirtualWaiter()
    feed = ListFeed({"AAA": instrument("AAA", exchange)}, night_bars(exchange))
    run_all(made, waiter, waiter.wall, feed=feed, runs=1)
    for path in data.rglob("*.json"):
        document(path) if "control" not in path.parts else None
    return state_files(data)


def _autumn(folder: Path) -> str:
    """The hour that comes twice, on the desk: states of both are told apart and stay in order."""
    zone = ZoneInfo("America/New_York")
    moments = [datetime(2022, 11, 6, 1, 30, tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)]
    write = Writer(folder / "night" / "data")
    curve = {iso(moment): 100.0 + number for number, moment in enumerate(moments)}
    if len(curve) != 2:
        raise Broken("the hour that comes twice is one")
    write.swing("mine", equity_curve=curve, as_of=iso(moments[1]))
    with running("serve", folder / "night" / "data", environment={"TZ": "America/New_York"}) as aion:
        found = aion.get().json()["swing"]["bots"]["mine"]
    shown = [at(moment) for moment in found["equity_curve"]]
    if shown != moments or at(found["as_of"]) != moments[1]:
        raise Broken(f"the hour that comes twice is shown as {found['equity_curve']}")
    return "the hour that comes twice is shown twice"
