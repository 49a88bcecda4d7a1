"""`aion up` as it is run: kill -9 of each of its processes and of itself; a desk that is replaced, or that hangs."""

import json
import os
import signal
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from aion.config import Settings
from aion.errors import ConfigError
from aion.process.up import run_up
from tests.process.command import running, up, watched
from tests.process.wait import wait_for


def is_alive(pid: int) -> bool:
    with suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    return False


def kill_one(url: str, name: str, other: str) -> None:
    first = wait_for(lambda: running(url, name))
    left_alone = wait_for(lambda: running(url, other))
    os.kill(first["pid"], signal.SIGKILL)
    again = wait_for(lambda: (now := running(url, name)) and now["pid"] != first["pid"] and now)
    assert again["ended"] == "was killed by SIGKILL" and again["restarts"] == 1
    assert wait_for(lambda: running(url, other))["pid"] == left_alone["pid"], "the other one is left alone"
    key = f"process.{name}"
    over = wait_for(lambda: watched(url).get("cleared", {}).get(key))
    assert "SIGKILL" in over["text"] and over["since"] <= over["cleared_at"]
    assert key not in watched(url)["alarms"]


def test_up_when_each_child_is_killed_then_the_page_says_so_and_all_is_clear_again(tmp_path: Path) -> None:
    with up(tmp_path) as (process, url):
        kill_one(url, "bots", "desk")
        kill_one(url, "desk", "bots")
        kill_one(url, "record", "bots")
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
    written = json.loads((tmp_path / "data/watch/watch.json").read_text())
    assert written["state"] == "stopped"
    said = (tmp_path / "said").read_text()
    assert "bots was killed by SIGKILL; started again in 0.5 s" in said and "all clear: the process bots" in said
    assert "Traceback" not in said


def test_up_when_killed_itself_then_its_children_end_and_the_next_one_says_so(tmp_path: Path) -> None:
    with up(tmp_path) as (process, url):
        pids = [wait_for(lambda: running(url, "desk"))["pid"], wait_for(lambda: running(url, "bots"))["pid"]]
        process.kill()
        wait_for(lambda: not any(is_alive(pid) for pid in pids))
    with up(tmp_path) as (process, url):
        wait_for(lambda: running(url, "desk") and running(url, "bots"))
        assert "`aion up` did not shut down cleanly" in (tmp_path / "said").read_text()


def test_up_when_the_desk_would_be_open_to_others_then_no_bot_is_started(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with pytest.raises(ConfigError, match=r"AION_HOST=0\.0\.0\.0 .*no password"):
        run_up(Settings(data=data, host="0.0.0.0"), (), (), ())
    assert not (data / "logs").exists() and not (data / "watch").exists()


HANGS = """
import signal, time
signal.signal(signal.SIGUSR2, lambda *_: time.sleep(100_000))
"""


def test_up_when_told_to_replace_the_desk_or_when_that_hangs_then_there_is_another_and_the_bots_go_on(
    tmp_path: Path,
) -> None:
    site = tmp_path / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text(HANGS)
    with up(tmp_path, str(site), silent_s=10) as (process, url):
        bots = wait_for(lambda: running(url, "bots"))["pid"]
        first = wait_for(lambda: running(url, "desk"))["pid"]
        process.send_signal(signal.SIGHUP)
        second = wait_for(lambda: (now := running(url, "desk")) and now["pid"] != first and now["pid"])
        wait_for(lambda: not is_alive(first))
        os.kill(second, signal.SIGUSR2)
        again = wait_for(lambda: (now := running(url, "desk")) and now["pid"] != second and now)
        assert again["ended"] == "did not answer for 10 s and was killed"
        assert not is_alive(second)
        wait_for(lambda: "did not answer" in watched(url).get("cleared", {}).get("process.desk", {}).get("text", ""))
        assert wait_for(lambda: running(url, "bots"))["pid"] == bots, "the bots are left alone"
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
    said = (tmp_path / "said").read_text()
    assert "restarting 1 worker, one by one" in said and "desk is replaced; the old one leaves" in said
    assert "desk did not answer for 10 s and was killed; started again in 0.5 s" in said
    assert "most recent call first" in said and "sitecustomize.py" in said, "where it stood"
    assert "Traceback" not in said
