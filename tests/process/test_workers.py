"""Several workers on one socket: `aion serve --workers N`."""

import json
import os
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Barrier, Event
from typing import Any

import httpx
import psutil

from aion.control.inbox import Inbox
from aion.store.layout import Layout
from tests.process.crew import ROOT, open_stream, read_until, ready_pids, wait_for, workers
from tests.web.sample import Writer


def owners(pids: list[int], url: str) -> dict[int, int]:
    """Return how many connections of the desk's port each worker holds."""
    port = int(url.rsplit(":", 1)[1])
    return {
        pid: sum(each.laddr.port == port and each.status == "ESTABLISHED" for each in connections_of(pid))
        for pid in pids
    }


def connections_of(pid: int) -> Any:
    return psutil.Process(pid).net_connections("tcp")


def test_workers_when_one_is_killed_then_the_others_go_on_and_it_is_replaced(tmp_path: Path) -> None:
    data = tmp_path / "data"
    write = Writer(data)
    write.swing("swing_1w")
    with workers(data, 2) as (process, url):
        first = set(ready_pids(process))
        streams: list[socket.socket] = []
        while len(streams) < 60 and 0 in owners(list(first), url).values():
            streams.append(open_stream(url))
        held = owners(list(first), url)
        assert all(held.values()), "each worker takes connections of the one socket"
        for number in range(1, 6):
            write.swing("swing_1w", equity=101_000.0 + number)
            for _ in range(6):  # any worker, each over a connection of its own
                bundle = httpx.get(f"{url}/api/bots/page", trust_env=False, timeout=60).json()
                assert bundle["swing"]["bots"]["swing_1w"]["equity"] == 101_000.0 + number
        for stream in streams:
            assert read_until(stream, b'"equity":101005')
        victim = min(first)
        os.kill(victim, signal.SIGKILL)
        alive = 0
        write.swing("swing_1w", equity=222_000.0)
        for stream in streams:
            with suppress(ConnectionError):
                read_until(stream, b'"equity":222000')
                alive += 1
        assert alive == len(streams) - held[victim]
        for _ in range(20):
            assert httpx.get(f"{url}/api/bots/page", trust_env=False, timeout=60).status_code == 200
        wait_for(lambda: len(set(ready_pids(process)) - {victim}) == 2)
        for stream in streams:
            stream.close()


def test_workers_when_told_to_stop_then_streams_end_with_bye_and_nobody_is_left(tmp_path: Path) -> None:
    with workers(tmp_path / "data", 3) as (process, url):
        pids = ready_pids(process)
        streams = [open_stream(url) for _ in range(12)]
        process.send_signal(signal.SIGINT)
        for stream in streams:
            assert b"retry: " in read_until(stream, b"event: bye")
            stream.close()
        assert process.wait(60) == 0
        wait_for(lambda: not any(psutil.pid_exists(pid) for pid in pids))
        assert process.stderr is not None
        said = process.stderr.read()
    assert "Traceback" not in said
    lines = [json.loads(line) for line in (tmp_path / "data" / "logs" / "web-1.jsonl").read_text().splitlines()]
    assert {line["process"] for line in lines} == {"web-1"}, "each process writes its own log"


def test_workers_figures_are_added_up_by_whichever_is_asked_and_those_that_hang_or_die_are_left_out() -> None:
    with TemporaryDirectory() as folder, workers(Path(folder) / "data", 3, TMPDIR=folder) as (process, url):

        def ask(path: str = "/api/metrics") -> httpx.Response:
            return httpx.get(f"{url}{path}", trust_env=False, timeout=60).raise_for_status()

        def lines() -> set[str]:
            return set(ask("/metrics").text.splitlines())

        for _ in range(40):  # each over a connection of its own: any worker takes it
            ask("/api/bots/page")
        streams = [open_stream(url) for _ in range(12)]
        pids = ready_pids(process)
        for _ in range(6):
            found = ask().json()
            assert (found["workers"], found["silent"]) == (3, 0)
            assert found["routes"]["/api/bots/page"]["count"] == 40 and found["live"]["viewers"] == 12
            assert found["process"]["pid"] in pids
        assert {
            "aion_workers 3.0", "aion_viewers 12.0",
            'aion_answers_total{route="/api/bots/page",status="200"} 40.0',
            'aion_response_seconds_count{route="/api/bots/page"} 40.0',
            'aion_response_seconds_bucket{le="+Inf",route="/api/bots/page"} 40.0',
        } <= lines()  # fmt: skip
        held = owners(pids, url)
        os.kill(pids[0], signal.SIGSTOP)  # it hangs, and what it may accept now hangs with it
        try:
            wait_for(lambda: hears_of(url, 2, 1))
        finally:
            os.kill(pids[0], signal.SIGCONT)
        wait_for(lambda: hears_of(url, 3, 0))
        os.kill(pids[1], signal.SIGKILL)
        wait_for(lambda: len(set(ready_pids(process)) - {pids[1]}) == 3 and hears_of(url, 3, 0), 90)
        found = ask().json()
        assert found["live"]["viewers"] == 12 - held[pids[1]], "what the dead one counted is gone with it"
        for stream in streams:
            stream.close()
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
        assert not list(Path(folder).glob("aion-*")), "nothing is left of where they met"


def hears_of(url: str, count: int, silent: int) -> bool:
    """Tell whether the desk's figures are of so many workers, when somebody answers at all."""
    with suppress(httpx.HTTPError):
        found = httpx.get(f"{url}/api/metrics", trust_env=False, timeout=5).json()
        return bool((found["workers"], found["silent"]) == (count, silent))
    return False


def test_workers_when_fifty_requests_are_posted_at_once_then_the_bot_carries_out_each(tmp_path: Path) -> None:
    data = tmp_path / "data"
    write = Writer(data)
    write.cycle(5, ["orb_ny"])
    inbox, answered, carried_out = Inbox(Layout(data), ["orb_ny"]), {"orb_ny": set[str]()}, []
    is_over = Event()

    def be_the_bot() -> None:
        """Carry out what comes as a bot does: each id once."""
        while True:
            was_over = is_over.is_set()
            for request in inbox.requests(answered, datetime.now(UTC)):
                carried_out.append(request.id)
                answered["orb_ny"].add(request.id)
            if was_over:
                return

    with workers(data, 3) as (process, url), ThreadPoolExecutor(51) as pool:
        bot = pool.submit(be_the_bot)
        start = Barrier(50, timeout=60)

        def post(number: int) -> tuple[str, str]:
            with httpx.Client(trust_env=False, timeout=60) as client:  # a connection of its own: any worker takes it
                client.get(f"{url}/healthz")
                start.wait()
                reason = f"request {number}"
                line = client.post(f"{url}/api/bots/orb_ny/control", json={"action": "pause", "reason": reason})
                return line.raise_for_status().json()["id"], reason

        try:
            made = list(pool.map(post, range(50)))
        finally:
            is_over.set()
        bot.result(60)
        found = httpx.get(f"{url}/api/bots/orb_ny/control", trust_env=False, timeout=60).json()["requests"]
        assert len(ready_pids(process)) == 3
    assert len({control_id for control_id, _ in made}) == 50, "no id twice"
    assert {control_id: found[control_id]["reason"] for control_id, _ in made} == dict(made), "each as it was asked"
    assert carried_out == sorted(control_id for control_id, _ in made), "none appeared after a later one"


def test_workers_when_the_address_would_show_the_desk_to_others_then_none_is_started(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "aion", "serve", "--workers", "2", "--host", "0.0.0.0", "--port", "0"]
    done = subprocess.run(
        [*command, "--data", str(tmp_path / "data")], cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1 and "password" in done.stderr


def test_change_of_a_stream_when_another_worker_gets_it_then_the_one_that_has_the_stream_makes_it() -> None:
    with TemporaryDirectory() as folder, workers(Path(folder) / "data", 2, TMPDIR=folder) as (process, url):
        write = Writer(Path(folder) / "data")
        pids = ready_pids(process)
        host, _, port = url.removeprefix("http://").partition(":")
        had = socket.create_connection((host, int(port)), timeout=60)
        had.sendall(f"GET /events?topics=intraday HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        hello = read_until(had, b'"}').partition(b"data: ")[2].partition(b"\n")[0]
        name = json.loads(hello)["stream"]
        assert int(name.partition(".")[0]) in pids

        def ask(topics: list[str], asked: str = name) -> httpx.Response:  # any worker, over a connection of its own
            return httpx.post(
                f"{url}/api/events", json={"stream": asked, "topics": topics}, trust_env=False, timeout=60
            )

        for number in range(24):
            found = ask(["intraday", f"bot/swing/b{number}"])
            assert found.status_code == 200 and found.json()["stream"] == name, found.text
        write.swing("b23")
        assert read_until(had, b"event: bot/swing/b23")
        for wrong in (f"{name}x", f"{pids[0]}.x", "1.x", "../x.y", f"{'9' * 300}.x", ".", "\u0661.x"):
            assert ask([], wrong).status_code == 404
        owner = int(name.partition(".")[0])
        os.kill(owner, signal.SIGKILL)
        wait_for(lambda: len(set(ready_pids(process)) - {owner}) == 2)
        assert {ask([]).status_code for _ in range(8)} == {404}
        had.close()
