"""What happens to a bot's account when its process, its disk or its folder ends."""

import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from aion_client import Bot, NameTakenError
from aion_client.store import Lock

from tests.clients.books import check_files, read_state, written
from tests.docs.text import ROOT

ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT / "clients/python/src")}
TRADER = """
import sys
from aion_client import Bot
bot = Bot("mine", start=0, data=sys.argv[1], batch=0.01)
number = bot.account.fills
while True:
    number += 1
    assert bot.fill("A", "buy", 1, 1, id=number)
    sys.stdout.write(f"{number}\\n")
    sys.stdout.flush()
"""


def test_process_when_killed_at_any_moment_then_no_fill_is_lost_or_booked_twice(tmp_path: Path) -> None:
    chance = random.Random(5)
    said = 0
    for _ in range(6):
        process = subprocess.Popen(
            [sys.executable, "-c", TRADER, str(tmp_path)], env=ENVIRONMENT, stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        assert int(process.stdout.readline()) == said + 1 or said == 0
        for _ in range(chance.randrange(1, 400)):
            said = int(process.stdout.readline())
        process.kill()
        rest, _ = process.communicate()
        said = int(([str(said), *rest.split()])[-1])
        with Bot("mine", data=tmp_path, strict=True) as bot:
            assert bot.account.fills in (said, said + 1), "one may be booked whose number was not printed any more"
            said = bot.account.fills
            assert bot.equity == 0 and bot.position("A") == said
        check_files(tmp_path)
        assert not list(tmp_path.rglob("*.tmp-*")), "nothing of the killed process is left"
    fills = json.loads(next((tmp_path / "swing/bot_logs/1d").iterdir()).read_text())["fills"]
    assert {f"f-{number}" for number in range(max(1, said - 150), said)} <= set(fills)


def test_half_a_line_of_the_journal_then_the_whole_ones_count(tmp_path: Path) -> None:
    paths = tmp_path / "swing/.mine.journal", tmp_path / "swing/rolling_mine.json.gz"
    with Bot("mine", start=100, data=tmp_path) as bot, bot.lock:  # nothing is written meanwhile
        bot.fill("A", "buy", 1, 10)
        bot.fill("A", "buy", 2, 10)
        journal, state = (path.read_bytes() for path in paths)
    paths[0].write_bytes(journal[:-5])  # as kill -9 leaves it
    paths[1].write_bytes(state)
    with Bot("mine", data=tmp_path) as bot:
        assert bot.position("A") == 1, "the second one was cut off"
        assert bot.fill("A", "buy", 5, 10)
    with Bot("mine", data=tmp_path) as bot:
        assert bot.position("A") == 6


def test_disk_full_then_said_and_written_when_there_is_room(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    before, handler = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    with Bot("mine", start=100, data=tmp_path, batch=0.01) as bot:
        bot.fill("A", "buy", 1, 10)
        good = written(bot, tmp_path)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, before[1]))
        try:
            assert bot.fill("A", "buy", 2, 10), "it is booked in memory"
            assert not bot.flush()
            assert "cannot be written" in bot.problem and "cannot be written" in caplog.text
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
            signal.signal(signal.SIGXFSZ, handler)
        assert read_state(tmp_path) == good, "the last whole one stays"
        assert written(bot, tmp_path)["positions"]["A"]["quantity"] == 3
        assert bot.problem == ""


def test_folder_when_removed_then_made_again(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with Bot("mine", start=100, data=data, batch=0.01) as bot:
        bot.fill("A", "buy", 1, 10)
        bot.flush()
        shutil.rmtree(data)
        assert bot.fill("A", "buy", 2, 10)
        assert written(bot, data)["positions"]["A"]["quantity"] == 3
        with pytest.raises(NameTakenError, match=f"process {os.getpid()}"):
            Lock(data / "swing", "mine").take(0)
    with Bot("mine", data=data) as bot:
        assert bot.position("A") == 3


def test_folder_when_removed_and_name_taken_then_told_and_nothing_is_overwritten(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with Bot("mine", start=100, data=data, batch=3600) as bot:
        shutil.rmtree(data)
        with Bot("mine", start=5, data=data) as other:
            bot.beat()
            assert not bot.flush() and "reports under this name" in bot.problem
            other.fill("A", "buy", 1, 1)
            assert written(other, data)["start_equity"] == 5


def test_second_program_of_a_name_then_told_which_process_has_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = """
import sys
from aion_client import Bot
bot = Bot("mine", data=sys.argv[1])
print("open", flush=True)
sys.stdin.read()
"""
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], env=ENVIRONMENT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout is not None and process.stdin is not None
    assert process.stdout.readline() == b"open\n"
    monkeypatch.setattr("aion_client.keeper.LOCK_WAIT_S", 0.05)
    with pytest.raises(NameTakenError, match=f"name='mine': process {process.pid} reports under this name"):
        Bot("mine", data=tmp_path)
    monkeypatch.undo()
    threading.Timer(0.05, process.stdin.close).start()
    Bot("mine", data=tmp_path).close()  # the one before was ending
    assert process.wait(10) == 0
    process.stdout.close()


def test_fork_then_only_the_parent_reports(tmp_path: Path) -> None:
    with Bot("mine", start=100, data=tmp_path, batch=0.01) as bot:
        bot.fill("A", "buy", 1, 10)
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            answers = [bot.fill("A", "buy", 1, 10), bot.mark({"A": 1}), list(bot.asks()) == []]
            with Bot("child", start=1, data=tmp_path) as own:
                answers.append(own.fill("A", "buy", 1, 1))
            bot.close()
            os.write(writing, json.dumps(answers).encode())
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        assert json.loads(os.read(reading, 1000)) == [False, False, True, True]
        os.close(reading)
        os.close(writing)
        assert bot.fill("A", "buy", 1, 10)
        assert written(bot, tmp_path)["positions"]["A"]["quantity"] == 2
        with pytest.raises(NameTakenError):
            Lock(tmp_path / "swing", "mine").take(0)


def test_threads_when_many_report_then_all_is_counted(tmp_path: Path) -> None:
    with Bot("mine", start=0, data=tmp_path, batch=0.01) as bot:

        def trade(number: int) -> None:
            for each in range(100):
                assert bot.fill(f"S{number}", "buy" if each % 2 else "sell", 1, 1, fee=0.01)
                assert bot.mark({f"S{number}": 1})

        threads = [threading.Thread(target=trade, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        state = written(bot, tmp_path)
    assert state["cash"] == -4 and state["stats"]["closed_trades"] == 200


def test_loop_of_asyncio_then_the_last_change_is_written_in_the_end(tmp_path: Path) -> None:
    code = """
import asyncio, sys
from aion_client import Bot

async def main():
    bot = Bot("mine", start=1, data=sys.argv[1], batch=3600)
    await asyncio.gather(*(report(bot, number) for number in range(5)))

async def report(bot, number):
    await asyncio.sleep(0)
    bot.fill("A", "buy", number + 1, 1)

asyncio.run(main())
"""
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], env=ENVIRONMENT, check=True, timeout=60)
    assert read_state(tmp_path)["positions"]["A"]["quantity"] == 15, "nobody closed it"


def test_calls_take_well_under_a_millisecond(tmp_path: Path) -> None:
    with Bot("mine", start=0, data=tmp_path) as bot:
        count, began = 300, time.thread_time()
        for number in range(count):
            bot.fill("A", "buy" if number % 2 else "sell", 1, 1.5, fee=0.01)
            bot.mark({"A": 1.5 + number % 7})
        assert (time.thread_time() - began) / (2 * count) < 0.001
