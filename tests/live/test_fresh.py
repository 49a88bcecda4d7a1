"""A GET that starts after a write has returned sees it, whatever else goes on."""

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from aion.live.disk.source import Tree, scan

from .conftest import Server

Start = Callable[..., Server]

WRITER = """
import json, os, sys, urllib.request, time
folder, url, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
stale = 0
for number in range(count):
    with open(folder + '/.a.tmp', 'w') as file: json.dump({'n': number}, file)
    os.replace(folder + '/.a.tmp', folder + '/a.json')
    with urllib.request.urlopen(url) as answer:
        if json.load(answer)['a.json']['n'] != number: stale += 1
print(stale)
"""


@pytest.mark.parametrize("events", ["events", "signatures"])
def test_get_after_write_from_another_process_is_never_stale(start: Start, events: str) -> None:
    server = start("upgraded", events)
    server.write("a.json", {"n": -1})
    stop = threading.Event()

    def load() -> None:  # GETs that arrive during builds
        import httpx

        with httpx.Client(base_url=f"http://127.0.0.1:{server.port}", trust_env=False) as client:
            while not stop.is_set():
                client.get("/data/")

    threads = [threading.Thread(target=load) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        count = "1000" if events == "events" else "400"
        done = subprocess.run(
            [sys.executable, "-c", WRITER, str(server.root / "data"), f"http://127.0.0.1:{server.port}/data/", count],
            capture_output=True, text=True, timeout=100, check=True,
        )  # fmt: skip
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert done.stdout.strip() == "0"


@pytest.mark.parametrize("events", ["events", "signatures"])
def test_every_kind_of_change_shows_in_the_next_get(start: Start, events: str) -> None:
    server = start("upgraded", events)
    server.write("a.json", {"n": 1})
    assert server.data()["a.json"] == {"n": 1}
    (server.root / "data" / "a.json").write_text('{"n": 2}')  # in place
    assert server.data()["a.json"] == {"n": 2}
    (server.root / "data" / "b").mkdir()
    (server.root / "data" / "b" / "c.json").write_text("{}")  # in a new folder
    assert server.data()["b/c.json"] == {}
    os.rename(server.root / "data" / "b", server.root / "data" / "d")
    assert "d/c.json" in server.data() and "b/c.json" not in server.data()
    (server.root / "data" / "a.json").unlink()
    assert "a.json" not in server.data()
    shutil.rmtree(server.root / "data")
    assert set(server.data()) == {"version", "etag"}
    server.write("z.json", {"back": True})
    assert server.data()["z.json"] == {"back": True}
    shutil.rmtree(server.root)
    assert set(server.data()) == {"version", "etag"}
    server.root.mkdir()
    server.write("y.json", {"again": 1})
    assert server.data()["y.json"] == {"again": 1}


def test_hidden_files_links_and_fifos_do_not_block_or_count(start: Start) -> None:
    server = start()
    folder = server.root / "data"
    (folder / ".hidden.json").write_text("{}")
    os.mkfifo(folder / "fifo.json")
    (folder / "link.json").symlink_to(folder / ".hidden.json")
    found = server.data()
    assert ".hidden.json" not in found
    assert "not a regular file" in str(found["fifo.json"]) and "not a regular file" in str(found["link.json"])


def test_unchanged_disk_builds_and_loads_nothing(start: Start) -> None:
    server = start()
    server.write("a.json", {"n": 1})
    server.data()
    before = server.stats()
    for _ in range(50):
        server.data()
    assert server.stats() == before


def test_change_of_one_file_loads_one_file(start: Start) -> None:
    server = start()
    for number in range(20):
        server.write(f"f{number}.json", {"n": number})
    server.data()
    before = server.stats()["loads"]
    server.write("f3.json", {"n": "new"})
    assert server.data()["f3.json"] == {"n": "new"}
    assert server.stats()["loads"] == before + 1


def test_touch_without_change_keeps_tag_and_version(start: Start) -> None:
    server = start()
    server.write("a.json", {"n": 1})
    before = server.client.get("/data/")
    time.sleep(0.01)
    os.utime(server.root / "data" / "a.json")
    after = server.client.get("/data/")
    assert after.headers["etag"] == before.headers["etag"] and after.json() == before.json()


def test_versions_grow_even_when_file_times_go_back(start: Start) -> None:
    server = start()
    versions = []
    for number in range(5):
        server.write("a.json", {"n": number})
        os.utime(server.root / "data" / "a.json", ns=(10**18 - number, 10**18 - number))
        versions.append(server.data()["version"])
    assert versions == sorted(set(versions), key=lambda each: each)  # type: ignore[arg-type, return-value]


def test_answer_headers_and_conditional_get(start: Start) -> None:
    server = start()
    server.write("a.json", {"n": 1})
    answer = server.client.get("/data/")
    assert answer.headers["cache-control"] == "no-store, no-cache, must-revalidate, max-age=0, no-transform"
    assert answer.headers["pragma"] == "no-cache" and answer.headers["expires"] == "0"
    assert answer.headers["vary"] == "Accept-Encoding" and "fresh;dur=" in answer.headers["server-timing"]
    tag = answer.headers["etag"]
    again = server.client.get("/data/", headers={"If-None-Match": f'W/"x", {tag}'})
    assert (again.status_code, again.content) == (304, b"") and again.headers["etag"] == tag
    server.write("a.json", {"n": 2})
    assert server.client.get("/data/", headers={"If-None-Match": tag}).status_code == 200
    plain = server.client.get("/data/", headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers and plain.json() == server.data()
    assert server.client.head("/data/").content == b""
    refused = server.client.post("/data/")
    assert refused.status_code == 405 and refused.headers["allow"] == "GET, HEAD"


def test_thousand_gets_during_a_change_wait_for_at_most_two_builds(start: Start) -> None:
    server = start()
    server.write("a.json", {"n": 0})
    server.data()
    before = server.stats()["builds"]
    ask = b"GET /data/ HTTP/1.1\r\nHost: desk\r\n\r\n"
    links = [server.connect() for _ in range(50)]
    server.write("a.json", {"n": 1})
    for link in links:  # twenty at once on each, so that all have been asked before anything is read
        link.sendall(ask * 20)
    for link in links:
        with link.makefile("rb") as answers:
            for _ in range(20):
                assert b" 200 " in answers.readline()
                head = dict(line.lower().split(b": ", 1) for line in iter(answers.readline, b"\r\n"))
                assert json.loads(answers.read(int(head[b"content-length"])))["a.json"] == {"n": 1}
    assert server.stats()["builds"] - before <= 2


def test_scan_signatures_of_coarse_clock_are_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a file system with a tick of 4 ms two renames can leave the same signature: it counts as changed."""
    import asyncio

    from aion.live import Built, Live, Topic
    from aion.live.disk import source

    def coarse(status: os.stat_result) -> source.Signature:
        tick = 4_000_000
        return source.Signature(status.st_mtime_ns // tick * tick, status.st_ctime_ns // tick * tick, 0, 0)

    monkeypatch.setattr(source.Signature, "of", staticmethod(coarse))
    (tmp_path / "data").mkdir()

    def build(tree: Tree[object]) -> Built:
        entry = tree.entry("data/a.json")
        return Built({"n": entry.value if entry else None})

    async def check() -> int:
        live: Live[object] = Live(
            tmp_path,
            [Topic("t", build, ("data",))],
            lambda path, name: json.loads(path.read_bytes()),
            trust_events=False,
        )
        await live.start()
        stale = 0
        for number in range(1500):
            (tmp_path / "data" / ".a").write_text(str(number))
            os.replace(tmp_path / "data" / ".a", tmp_path / "data" / "a.json")
            stale += json.loads((await live.fresh("t")).body)["n"] != number
        await live.close()
        return stale

    assert asyncio.run(check()) == 0


def test_scan_lists_files_and_folders_once(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "x.json").write_text("1")
    (tmp_path / "a" / "y.txt").write_text("1")
    found = scan(tmp_path, ("a", "missing"), lambda path: path.endswith(".json"))
    assert sorted(found) == ["a/", "a/b/", "a/b/x.json"]
