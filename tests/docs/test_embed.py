"""docs/embed.md: the app runs under plain uvicorn and answers GET, 304, a change, and pushes it."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

import aion.live

from .text import ROOT, blocks, codes, read, rows

EXAMPLE, FAMILY = (block.code for block in blocks(read("docs/embed.md"), "python"))


@dataclass
class Embedded:
    """The app of the document, running."""

    folder: Path
    client: httpx.Client

    def write(self, name: str, text: str) -> None:
        target = self.folder / "data" / "notes" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_name(f".{name}.partial")
        partial.write_text(json.dumps({"text": text}))
        partial.rename(target)


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Embedded]:
    folder = tmp_path_factory.mktemp("embedded")
    before, live, after = EXAMPLE.partition("live = ")
    with_family = after.replace('("notes",))]', '("notes",)), one_note]')
    assert with_family != after
    mounts = 'app.mount("/note", FamilyApp(live, "note"))\n'
    (folder / "app.py").write_text(f"{before}{FAMILY}\n{live}{with_family}\n{mounts}")
    console = folder / "console"
    with console.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "uvicorn", "app:app", "--port", "0"],
            cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=out, stderr=subprocess.STDOUT,
        )  # fmt: skip
    try:
        until = time.monotonic() + 120
        while "running on http" not in console.read_text():
            assert process.poll() is None and time.monotonic() < until, console.read_text()
            time.sleep(0.02)
        port = console.read_text().rpartition("http://127.0.0.1:")[2].split()[0]
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60, trust_env=False) as client:
            yield Embedded(folder, client)
    finally:
        process.terminate()
        process.wait(60)


def test_example_is_fifteen_lines() -> None:
    assert len(EXAMPLE.splitlines()) == 15


def test_get_is_what_the_files_are_now(app: Embedded) -> None:
    app.write("a.json", "hello")
    first = app.client.get("/notes/")
    assert first.json()["notes/a.json"] == {"text": "hello"}
    assert app.client.get("/notes/", headers={"If-None-Match": first.headers["etag"]}).status_code == 304
    app.write("a.json", "changed")
    second = app.client.get("/notes/", headers={"If-None-Match": first.headers["etag"]})
    assert second.status_code == 200 and second.json()["notes/a.json"] == {"text": "changed"}
    assert list(second.json())[:2] == ["version", "etag"] and second.json()["etag"] == second.headers["etag"]


def test_change_is_pushed(app: Embedded) -> None:
    app.write("a.json", "before")
    events: list[tuple[str, dict[str, object]]] = []
    with app.client.stream("GET", "/events/?topics=notes") as stream:
        name = ""
        for line in stream.iter_lines():
            if line.startswith("event: "):
                name = line[7:]
            elif line.startswith("data: "):
                events.append((name, json.loads(line[6:])))
                if name == "notes" and len([each for each in events if each[0] == "notes"]) == 1:
                    app.write("b.json", "pushed")
                elif name == "notes":
                    break
    assert events[0][0] == "hello"
    assert events[-1][1]["notes/b.json"] == {"text": "pushed"}


def test_topic_for_each_file_is_answered_and_pushed(app: Embedded) -> None:
    assert app.client.get("/note/late").status_code == 404
    assert app.client.get("/note/").status_code == 404
    with app.client.stream("GET", "/events/?topics=note/late") as stream:
        for line in stream.iter_lines():
            if line == "event: hello":
                app.write("late.json", "hello")
            if line.startswith("data: ") and '"note":' in line:
                assert json.loads(line[6:])["note"] == {"text": "hello"}
                break
    assert app.client.get("/note/late").json()["note"] == {"text": "hello"}


def test_names_in_the_table_are_those_of_the_library() -> None:
    named = {code.partition("(")[0] for row in rows(read("docs/embed.md")) for code in codes(row[0])}
    assert named <= set(aion.live.__all__) and len(named) >= 6
