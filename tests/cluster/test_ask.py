"""Logs of a bots' machine on a desk elsewhere: real processes, a real server between them."""

import json
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator

import httpx
import pytest

from tests.cluster.far import LINES, Far, far_desk
from tests.cluster.machine import until


@pytest.fixture(scope="module")
def far(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Far]:
    with far_desk(tmp_path_factory.mktemp("ask")) as made:
        yield made


def test_lines_of_a_machine_are_those_that_its_own_desk_would_give(far: Far) -> None:
    found = far.get("", process="bots", limit=3).json()
    assert [each["event"] for each in found["lines"]] == [f"step {n}" for n in range(LINES - 3, LINES)]
    part = found["parts"]["bots"]
    before = far.get("", process="bots", limit=2, before=f"bots:{part['from']}").json()
    assert [each["event"] for each in before["lines"]] == [f"step {LINES - 5}", f"step {LINES - 4}"]
    assert "bots" not in far.client.get("/api/logs").json()["parts"]


def test_search_goes_to_the_machine_of_the_bot_that_is_asked_for(far: Far) -> None:
    far.write("needle")
    named = far.get("/search", text="needle").json()
    by_bot = far.client.get("/api/logs/search", params={"text": "needle", "bot": "orb_ny"}).json()
    assert [each["event"] for each in named["lines"]] == [each["event"] for each in by_bot["lines"]] == ["needle"]
    assert far.client.get("/api/logs/machines").json() == {"machines": {"m1": {"bots": ["orb_ny"]}}}


def test_whole_file_comes_in_pieces_and_is_the_same_bytes(far: Far) -> None:
    listed = far.get("/files").json()["files"]["bots"]
    answer = far.get("/files/bots")
    log = (far.bots / "logs" / "bots.jsonl").read_bytes()
    assert len(log) > 4 * 256 << 10
    assert answer.content == log and int(answer.headers["content-length"]) == listed["size"] == len(log)
    assert answer.headers["aion-machine"] == "m1"


def test_line_that_is_written_while_somebody_waits_comes_at_once_and_so_does_a_new_file(far: Far) -> None:
    at = far.get("").json()["parts"]
    for process in ("bots", "later"):
        after = ",".join(f"{name}:{part['to']}" for name, part in at.items())
        timer = threading.Timer(0.3, far.write, ("now", process))
        timer.start()
        started = time.monotonic()
        found = far.get("", after=after, wait=True).json()
        assert [(each["file"], each["event"]) for each in found["lines"]] == [(process, "now")]
        assert time.monotonic() - started < 2.5
        at |= found["parts"]


def test_what_is_not_there_or_no_question_is_refused_in_words_of_the_machine(far: Far) -> None:
    assert far.client.get("/api/logs", params={"machine": "m2"}).status_code == 404
    for path, query, status in (
        ("/files/nobody", {}, 404), ("", {"process": "nobody"}, 404), ("", {"after": "bots:x"}, 400),
        ("", {"process": "../ledger"}, 400),
    ):  # fmt: skip
        answer = far.get(path, **query)
        assert answer.status_code == status and answer.json()["detail"], path


def test_link_in_place_of_a_log_is_not_followed_elsewhere_either(far: Far) -> None:
    secret = far.bots / "secret.txt"
    secret.write_text("a secret\n")
    link = far.bots / "logs" / "link.jsonl"
    link.symlink_to(secret)
    try:
        assert far.get("/files/link").status_code == 409
        tail = far.get("").json()
        assert "link" in tail["errors"] and "a secret" not in json.dumps(tail)
        assert "link" not in far.get("/files").json()["files"]
    finally:
        link.unlink()


def test_relay_refuses_what_is_no_question_and_goes_on(far: Far) -> None:
    def say(data: bytes) -> dict[str, object]:
        with socket.socket(socket.AF_UNIX) as own:
            folder = os.open(far.copy, os.O_PATH)
            own.connect(f"/proc/self/fd/{folder}/.relay.sock")
            os.close(folder)
            own.settimeout(10)
            own.sendall(data)
            return dict(json.loads(own.makefile("rb").readline()))

    for what in ("ledger", "../x"):
        assert say(json.dumps({"what": what, "query": {}}).encode() + b"\n")["status"] == 400
    for query in ({"root": "/etc"}, {"limit": "9"}, {"limit": 10**9}, {"level": "no"}, {"text": "x" * 300}):
        assert say(json.dumps({"what": "tail", "query": query}).encode() + b"\n")["status"] == 400
    for broken in (b"\n", b"nonsense\n", b"[]\n", b"{}\n", b"x" * 100_000 + b"\n"):
        assert say(broken)["status"] == 400
    assert say(b'{"what": "files", "query": {}}\n')["size"]


def test_silent_machine_is_named_and_delays_nobody_who_asks_for_something_else(far: Far) -> None:
    far.push.send(signal.SIGSTOP)
    try:
        answers: list[httpx.Response] = []
        asking = [threading.Thread(target=lambda: answers.append(far.get(""))) for _ in range(10)]
        started = time.monotonic()
        for each in asking:
            each.start()
        assert far.client.get("/api/logs").status_code == 200
        assert time.monotonic() - started < 4
        for each in asking:
            each.join()
        assert time.monotonic() - started < 8
        assert sorted(each.status_code for each in answers) == [503] * 2 + [504] * 8
        assert all("machine m1" in each.json()["detail"] for each in answers)
    finally:
        far.push.send(signal.SIGCONT)
    until(lambda: far.get("").status_code == 200)


def test_machine_whose_relay_does_not_run_is_named_at_once_and_answers_again_when_it_does(far: Far) -> None:
    far.push.kill()
    started = time.monotonic()
    until(lambda: "its relay is not running" in far.get("").json().get("detail", ""))
    assert time.monotonic() - started < 8
    far.push.start()
    until(lambda: far.get("").status_code == 200)
