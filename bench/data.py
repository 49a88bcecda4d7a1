"""State folders to serve: what the bots write in a replay of the recorded bars, and cuts of it to a given size."""

import gzip
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import orjson

from aion.config import Settings
from aion.live.disk.source import Tree, scan
from aion.live.snapshot import encode
from aion.store.file import gzip_bytes
from aion.web.bundle.topic import FOLDERS, accepts, load_file, make_topics
from bench.tool import OUT, ROOT, python

DRIVER = "swing/rolling_bench.json.gz"
"""The file that a bench writes again for each change; a few hundred bytes."""
REPLAY_S = 12.0


def driver(number: int) -> bytes:
    """Return a swing bot's account whose equity tells `number`; the same length for all of 0..99,999."""
    return orjson.dumps(
        {
            "schema": "aion/swing_rolling/1", "bot": "bench", "mode": "replay", "run": "1", "cycle_id": "bench",
            "seq": 1, "as_of": "2022-05-31T20:00Z", "written_at": "2026-11-24T23:00:00Z", "currency": "USD",
            "exchange": "XNYS", "strategy": "cross_sectional_momentum", "horizon": "1w", "day": "2022-05-31",
            "equity": 100_000.5 + number, "cash": 1_000.5, "start_equity": 100_000.0,
        }
    )  # fmt: skip


def real_folder() -> Path:
    """Return a copy of what the bots write in a replay; the replay runs once, for a few seconds."""
    kept = OUT / "real"
    if not (kept / "intraday" / "sim_summary.json").exists():
        shutil.rmtree(kept, ignore_errors=True)
        command = [python(), "-m", "aion", "run", "--data", str(kept), "--speed", "36000", "--fresh"]
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            process.wait(REPLAY_S)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGINT)
            process.wait(20)
    return kept


def copy_real(target: Path) -> Path:
    """Copy the real state files and add the driver."""
    shutil.rmtree(target, ignore_errors=True)
    for folder in FOLDERS:
        if (real_folder() / folder).is_dir():
            shutil.copytree(real_folder() / folder, target / folder)
    (target / DRIVER).write_bytes(gzip_bytes(driver(0)))
    return target


def bundle_bytes(folder: Path, topic: str = "bots") -> bytes:
    """Return the payload that the desk would make of `folder`."""
    tree: Tree[Any] = Tree(folder, load_file)
    tree.update(scan(folder, FOLDERS, accepts), set())
    found = next(each for each in make_topics(Settings(data=folder)) if each.name == topic)
    return encode(found.build(tree).payload)


def sized_folder(target: Path, size: int) -> Path:
    """Make `target` a folder whose bots bundle has about `size` bytes: real swing accounts, cut to it."""
    shutil.rmtree(target, ignore_errors=True)
    (target / "swing").mkdir(parents=True)
    (target / DRIVER).write_bytes(gzip_bytes(driver(0)))
    lacking = size - len(bundle_bytes(target))
    for file in sorted((real_folder() / "swing").glob("rolling_swing_*.json.gz")):
        if lacking < 2_000:
            break
        document = orjson.loads(gzip.decompress(file.read_bytes()))
        low, high = 0.0, 1.0
        for _ in range(9):  # the part of its fills and curves that fits
            part = (low + high) / 2
            (target / "swing" / file.name).write_bytes(gzip_bytes(orjson.dumps(_cut(document, part))))
            if size - len(bundle_bytes(target)) >= 0:
                low = part
            else:
                high = part
        (target / "swing" / file.name).write_bytes(gzip_bytes(orjson.dumps(_cut(document, low))))
        lacking = size - len(bundle_bytes(target))
    return target


def _cut(document: dict[str, Any], part: float) -> dict[str, Any]:
    found = dict(document)
    for name in ("fills", "trades", "signals", "equity_curve", "hold_curve"):
        pairs = list(document.get(name, {}).items())
        found[name] = dict(pairs[: int(len(pairs) * part)])
    return found


def write_days(folder: Path, days: int, bots: int) -> None:
    """Write day files of `bots` bots for `days` days beside what is there, as a desk has them after months."""
    source = next(iter(sorted((folder / "intraday" / "sim_logs").glob("*.json"))))
    document = orjson.loads(source.read_bytes())
    for day in range(days):
        name = time.strftime("%Y-%m-%d", time.gmtime(1_640_995_200 + day * 86_400))
        for bot in range(bots):
            document |= {"day": name, "bot": f"bot{bot}"}
            (folder / "intraday" / "sim_logs" / f"{name}_bot{bot}.json").write_bytes(orjson.dumps(document))


def write_symbols(folder: Path, symbols: int) -> None:
    """Give the day-trading job's view `symbols` symbols."""
    path = folder / "intraday" / "rolling.json.gz"
    document = orjson.loads(gzip.decompress(path.read_bytes()))
    sample = next(iter(document["symbols"].values()))
    document["symbols"] |= {f"S{number:04d}": sample for number in range(symbols)}
    path.write_bytes(gzip_bytes(orjson.dumps(document)))
