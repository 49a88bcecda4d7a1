"""A whole sweep on real daily bars: every backtest of it is the one that `aion backtest` runs."""

import csv
import io
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from aion.backtest import command as backtest
from aion.backtest.plan import Options, make_plan, parse_moment
from aion.config import Settings
from aion.errors import ConfigError
from aion.market.feed import open_feed
from aion.sweep import command
from aion.sweep.command import INTERRUPTED
from aion.sweep.grid import parse_grid

SETTINGS = Settings(feed="recorded")
OPTIONS = Options(
    strategy="time_series_momentum",
    symbols=("MSFT", "XOM"),
    first=parse_moment("2024-01-01", is_end=False),
    last=parse_moment("2024-12-31", is_end=True),
)


STRANGE = "<b>x</b>"


def sweep(
    folder: Path, *parameters: str, options: Options = OPTIONS, rules: tuple[str, ...] = (), **more: object
) -> tuple[int, str]:
    console = io.StringIO()
    status = command.run(SETTINGS, options, parse_grid(parameters, rules), folder, console=console, **more)
    return status, console.getvalue()


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int, str]:
    """A sweep of three windows and three volatilities, one window no number."""
    folder = tmp_path_factory.mktemp("sweep") / "out"
    status, said = sweep(folder, f"look_back={STRANGE},20,60", "target_volatility=0.2:0.4:0.1", jobs=2)
    return folder, status, said


def read(folder: Path) -> dict:
    return json.loads((folder / "sweep.json").read_text("utf-8"))


def test_every_backtest_is_the_one_that_would_be_run_alone(done: tuple[Path, int, str], tmp_path: Path) -> None:
    trials = {tuple(each["parameters"].values()): each for each in read(done[0])["trials"]}
    assert len(trials) == 9
    feed = open_feed("recorded", SETTINGS)
    for look_back, volatility in ((20, 0.2), (60, 0.4)):
        options = replace(OPTIONS, parameters={"look_back": look_back, "target_volatility": volatility})
        plan = make_plan(SETTINGS, options, feed, tmp_path / f"{look_back}")
        (result,) = backtest.play(plan).results
        trial = trials[look_back, volatility]
        assert trial["equity"] == str(result.end) and trial["net"] == str(result.costs.net)
        assert trial["trades"] == len(result.trades) > 0
        assert trial["sharpe_ratio"] == result.figures.sharpe_ratio
        assert trial["max_drawdown"] == result.figures.max_drawdown


def test_results_come_in_order_and_what_cannot_work_says_why(done: tuple[Path, int, str]) -> None:
    folder, status, said = done
    found = read(folder)
    ratios = [each["sharpe_ratio"] for each in found["trials"] if "error" not in each]
    assert len(ratios) == 6 and ratios == sorted(ratios, reverse=True)
    failed = [each for each in found["trials"] if "error" in each]
    assert [each["parameters"]["look_back"] for each in failed] == [STRANGE] * 3 and status == 1
    assert all("look_back" in each["error"] for each in failed)
    assert "3 of 9 combinations gave no result" in said and f"look_back {STRANGE}" in said
    with (folder / "sweep.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["net"] for row in rows[:6]] == [each["net"] for each in found["trials"][:6]]
    assert all(row["error"] for row in rows[6:])


def test_choice_of_the_best_is_warned_of(done: tuple[Path, int, str]) -> None:
    folder, _, said = done
    said = " ".join(said.split())
    found = read(folder)
    assert "the best of 6: the best of many looks better than it is" in said
    assert "Deflated Sharpe ratio:" in said and 0 < found["deflated_sharpe_ratio"] < 1
    assert "Holding the same symbols without costs returned" in said and "did well later" in said
    assert len(found["walk_forward"]) == 5 and "Walk-forward test" in said
    page = (folder / "report.html").read_text("utf-8")
    assert "Sharpe ratio by target_volatility and look_back" in page and page.count('class="best"') == 1
    assert page.count('class="none">none') == 3 and STRANGE not in page and "&lt;b&gt;x" in page


def test_same_results_on_one_process(done: tuple[Path, int, str], tmp_path: Path) -> None:
    sweep(tmp_path / "one", "look_back=20,60", "target_volatility=0.2:0.4:0.1", jobs=1)
    whole = [each for each in read(done[0])["trials"] if "error" not in each]
    assert read(tmp_path / "one")["trials"] == whole


@pytest.mark.parametrize(
    ("parameters", "more", "said"),
    [
        (("look_back=0,1",), {}, "none of 2 combinations can work: bots.time_series_momentum: "),
        (("speed=1,2",), {}, "speed"),
        (("look_back=20,60",), {"by": "luck"}, "--by 'luck' is none of sharpe, sortino, calmar, return"),
        (("look_back=20,60",), {"jobs": -1}, "--jobs -1 is below 1"),
        (
            (),
            {"options": Options(), "rules": ("stop_loss=0.01,0.02",)},
            "a sweep is of one bot: choose --bot or --strategy; there are momo_hk, ",
        ),
    ],
)
def test_what_cannot_work_is_said_before_anything_runs(
    tmp_path: Path, parameters: tuple[str, ...], more: dict, said: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        sweep(tmp_path / "out", *parameters, **more)
    assert said in str(caught.value) and not (tmp_path / "out").exists()


def test_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("kept")
    with pytest.raises(ConfigError, match="is not empty"):
        sweep(tmp_path, "look_back=20,60")
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def children(pid: int) -> list[int]:
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        found += [int(child) for child in task.read_text().split()]
    return found


def is_alive(pid: int) -> bool:
    """Tell whether a process runs; one that is dead and not yet taken away does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def listen_to_ctrl_c() -> None:
    """Undo what a shell does that runs the tests in the background: there a process does not hear of Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_interrupt_ends_all_workers_and_keeps_what_is_done(tmp_path: Path) -> None:
    arguments = [
        "--strategy",
        "time_series_momentum",
        "--param",
        "look_back=20:400:1",
        "--out",
        str(tmp_path / "out"),
    ]
    with subprocess.Popen(
        [sys.executable, "-m", "aion", "sweep", *arguments, "--jobs", "2"],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
        preexec_fn=listen_to_ctrl_c,
    ) as process:  # fmt: skip
        while len(workers := children(process.pid)) < 3:  # two workers and what tracks their resources
            assert process.poll() is None, process.stdout.read()
            time.sleep(0.02)
        os.killpg(process.pid, signal.SIGINT)
        said = process.communicate()[0]
    assert process.returncode == INTERRUPTED and "Traceback" not in said
    while any(is_alive(pid) for pid in workers):  # what tracks resources ends a moment later
        time.sleep(0.02)
