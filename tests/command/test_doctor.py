"""Each check of `aion doctor` that fails, and what it then says to do."""

import errno
import json
import os
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib.metadata import PackageNotFoundError
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from aion.command import doctor
from aion.command.doctor import Check, as_json, checks, proxy
from aion.config import Settings
from aion.web.security.command import open_store
from tests.certificate import make_certificate
from tests.process.command import free_port
from tests.web.conftest import RunningDesk, start_desk

__all__ = ["start_desk"]

ROOT = Path(__file__).parents[2]


def found(tmp_path: Path, **settings: Any) -> dict[str, Check]:
    made = Settings(**{"data": tmp_path / "data", "port": 0, **settings})
    return {each.name: each for each in checks(made)}


def test_machine_that_lacks_nothing_is_fine(tmp_path: Path) -> None:
    seen = found(tmp_path)
    assert all(each.is_fine and not each.todo for each in seen.values()), seen
    assert {"python", "permissions", "disk", "inotify", "io_uring", "clock", "port", "address", "feed"} <= seen.keys()


def test_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file where a folder is wanted")
    check = found(tmp_path)["permissions"]
    assert not check.is_fine and "AION_DATA" in check.todo and str(tmp_path / "data") in check.text


@pytest.mark.parametrize(("mode", "is_told"), [(0o700, False), (0o750, True), (0o701, True), (0o755, True)])
def test_folder_that_others_may_read_is_fine_and_they_are_told(tmp_path: Path, mode: int, is_told: bool) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data").chmod(mode)
    check = found(tmp_path)["permissions"]
    assert check.is_fine and ("chmod 700" in check.text) == is_told


def test_database_of_another_user_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data/ledger.sqlite").touch()
    monkeypatch.setattr(os, "access", lambda path, _mode: Path(path).name != "ledger.sqlite")
    check = found(tmp_path)["permissions"]
    assert not check.is_fine and check.text.startswith("ledger.sqlite in") and "chown" in check.todo


def test_disk_that_is_nearly_full_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(tmp_path)._replace(free=5_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage)
    check = found(tmp_path)["disk"]
    assert not check.is_fine and check.todo.startswith("make room")


def test_inotify_limits_are_named_with_the_line_that_raises_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "max_user_watches").write_text("100\n")
    (tmp_path / "max_user_instances").write_text("128\n")
    monkeypatch.setattr(doctor, "LIMITS", tmp_path)
    monkeypatch.setattr("aion.live.disk.watcher.file_system", lambda _path: "ext4")
    seen = [each for each in checks(Settings(data=tmp_path, port=0)) if each.name == "inotify"]
    assert [each.is_fine for each in seen] == [False, True]
    assert seen[0].todo == "sysctl fs.inotify.max_user_watches=8192"
    (tmp_path / "max_user_watches").unlink()
    (tmp_path / "max_user_instances").write_text("many\n")
    seen = [each for each in checks(Settings(data=tmp_path, port=0)) if each.name == "inotify"]
    assert [each.is_fine and "does not say" in each.text for each in seen] == [True, True]


@pytest.mark.parametrize(
    ("number", "why"),
    [(errno.EPERM, "io_uring_disabled"), (errno.EINVAL, "5.18"), (errno.ENOSYS, "has none"), (errno.ENOMEM, "mem")],
)
def test_machine_without_io_uring_is_fine_and_hears_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, why: str
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("aion.live.push.uring.Batch", refuse)
    check = found(tmp_path)["io_uring"]
    assert check.is_fine and why in check.text and "one system call per viewer" in check.text


def test_clock_that_jumps_or_was_never_set_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    readings = count(1000.0, 60.0)
    monkeypatch.setattr(doctor.time, "time", lambda: next(readings))
    check = found(tmp_path)["clock"]
    assert not check.is_fine and "jumped by" in check.text and "chrony" in check.todo
    monkeypatch.undo()
    monkeypatch.setattr(doctor, "parse_iso", lambda _text: doctor.datetime(9999, 1, 1, tzinfo=doctor.UTC))
    assert found(tmp_path)["clock"].todo == "set the clock"


def test_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        check = found(tmp_path, port=taken.getsockname()[1])["port"]
    assert not check.is_fine and "AION_PORT" in check.todo


def test_address_that_is_not_this_machines_is_named(tmp_path: Path) -> None:
    check = found(tmp_path, host="192.0.2.7", password="correct horse")["port"]
    assert not check.is_fine and "192.0.2.7" in check.text and "AION_HOST" in check.todo


def test_desk_for_others_without_a_password_is_named(tmp_path: Path) -> None:
    check = found(tmp_path, host="0.0.0.0")["address"]
    assert not check.is_fine and "aion password set" in check.todo
    assert found(tmp_path, host="0.0.0.0", password="correct horse")["address"].is_fine
    assert not (tmp_path / "data/desk.sqlite").exists(), "it looks, and sets nothing"
    short = found(tmp_path, host="0.0.0.0", password="short")["address"]
    assert not short.is_fine and "10 to 1024" in short.text


def test_password_of_the_environment_stays_when_a_doctor_without_it_looks(tmp_path: Path) -> None:
    given = Settings(data=tmp_path / "data", host="0.0.0.0", password=SecretStr("correct horse battery"))
    store = open_store(given)
    assert store is not None and store.has_password
    assert not found(tmp_path, host="0.0.0.0")["address"].is_fine, "a desk that starts like this has none"
    assert store.has_password, "the desk that runs still has"
    store.close()


def test_feed_that_does_not_work_is_named_with_its_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check = found(tmp_path, feed="folder", folder=tmp_path / "none")["feed"]
    assert not check.is_fine and str(tmp_path / "none") in check.text and check.todo
    monkeypatch.setattr(doctor, "FEED_S", 0.2)
    over = threading.Event()
    monkeypatch.setattr("aion.market.feed.open_feed", lambda *_: over.wait(60))
    check = found(tmp_path)["feed"]
    over.set()
    assert not check.is_fine and "has not answered" in check.text


def test_extra_that_the_settings_need_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def version(package: str) -> str:
        if package in ("apprise", "yfinance"):
            raise PackageNotFoundError
        return "1.0"

    monkeypatch.setattr(doctor, "version", version)
    seen = found(tmp_path, alerts={"urls": "json://x"})
    assert seen["extra alerts"].todo == "pip install 'aion[alerts]'"
    assert "extra yahoo" not in seen, "nothing needs it"
    monkeypatch.setattr(doctor, "LEAST_PYTHON", (9, 1))
    assert found(tmp_path)["python"].todo == "use Python 9.1 or newer"


@pytest.fixture
def stream_server() -> Iterator[Callable[[list[bytes]], str]]:
    """Return what starts a server that answers one request with the parts given, a little apart."""
    listeners: list[socket.socket] = []
    is_over = threading.Event()

    def start(parts: list[bytes]) -> str:
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)

        def serve() -> None:
            with suppress(OSError), listener.accept()[0] as connection:
                connection.recv(65_536)
                for part in parts:
                    connection.sendall(part)
                    time.sleep(0.05)
                if parts[-1] != b"":
                    is_over.wait(3)

        threading.Thread(target=serve, daemon=True).start()
        return f"http://127.0.0.1:{listener.getsockname()[1]}"

    yield start
    is_over.set()
    for listener in listeners:
        listener.close()


HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n"
BEAT = b"event: hb\ndata: {}\n\n"


def test_proxy_that_hands_events_on_is_fine(stream_server: Callable[[list[bytes]], str]) -> None:
    assert proxy(stream_server([HEAD, b"event: hello\ndata: {}\n\n", BEAT, BEAT]), limit_s=60).is_fine


def test_desk_itself_hands_events_on(start_desk: Callable[..., RunningDesk]) -> None:
    desk = start_desk(password="correct horse")
    assert desk.app.desk.store is not None
    token = desk.app.desk.store.make_token("doctor", "viewer", 1, "test", "")
    found = proxy(desk.url, token, limit_s=60)
    assert found.is_fine and "two heartbeats" in found.text, found
    assert "AION_TOKEN" in proxy(desk.url, limit_s=60).todo


def test_proxy_that_buffers_refuses_or_is_away_is_named(stream_server: Callable[[list[bytes]], str]) -> None:
    held = proxy(stream_server([HEAD, b"event: hello\n"]), limit_s=0.5)
    assert not held.is_fine and "proxy_buffering off" in held.todo and "flush_interval -1" in held.todo
    ended = proxy(stream_server([HEAD, BEAT, b""]), limit_s=60)
    assert not ended.is_fine and "ended the stream" in ended.text
    for status, todo in ((b"401 No", "token"), (b"421 No", "AION_HOSTS"), (b"502 No", "does not run")):
        answer = b"HTTP/1.1 " + status + b"\r\ncontent-length: 0\r\n\r\n"
        refused = proxy(stream_server([answer, b""]), limit_s=60)
        assert not refused.is_fine and todo in refused.todo, status
    away = proxy(f"http://127.0.0.1:{free_port()}", limit_s=60)
    assert not away.is_fine and "does not answer" in away.text
    for wrong in ("desk.example.org", "http://127.0.0.1:99999", "http://[::1", "http://", "http://a:b"):
        assert proxy(wrong).todo == "give it as https://desk.example.org", wrong
    for token in ("aion_secret\nx: y", "aion_secret\u2603"):
        check = proxy(f"http://127.0.0.1:{free_port()}", token, limit_s=60)
        assert not check.is_fine and "aion_secret" not in check.text + check.todo
    assert not proxy(f"http://{'a' * 70}.example", limit_s=60).is_fine


@pytest.mark.skipif(shutil.which("openssl") is None, reason="makes the certificate")
def test_proxy_whose_certificate_nobody_knows_is_told_apart_from_one_that_is_away(tmp_path: Path) -> None:
    key, certificate = make_certificate(tmp_path)
    secure = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    secure.load_cert_chain(certificate, key)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection, suppress(OSError):
                secure.wrap_socket(connection, server_side=True)

        threading.Thread(target=serve, daemon=True).start()
        check = proxy(f"https://localhost:{listener.getsockname()[1]}", limit_s=60)
    assert not check.is_fine and "not trusted" in check.text and "renew" in check.todo


def test_command_has_a_status_and_json_for_programs(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = subprocess.run(
            [sys.executable, "-m", "aion", "doctor", "--json", "--port", str(taken.getsockname()[1]), "--data", "d"],
            cwd=tmp_path, capture_output=True, text=True, timeout=110, check=False,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )  # fmt: skip
    assert done.returncode == 1, done.stderr
    said = json.loads(done.stdout)
    assert said["fine"] is False
    assert [each["name"] for each in said["checks"] if not each["fine"]] == ["port"]
    assert json.loads(as_json([Check("clock", True, "even")])) == {
        "fine": True, "checks": [{"name": "clock", "fine": True, "text": "even", "todo": ""}]
    }  # fmt: skip


def places(folder: Path) -> dict[str, str]:
    seen = [each for each in checks(Settings(data=folder, port=0)) if each.name in ("place", "links", "inotify")]
    assert all(each.is_fine for each in seen if each.name in ("place", "links"))
    return {each.name: each.text for each in seen}


def test_folder_that_is_a_link_and_files_with_another_name_are_said(tmp_path: Path) -> None:
    real = tmp_path / "real"
    (real / "swing").mkdir(parents=True)
    plain = places(real)
    assert "place" not in plain and "links" not in plain
    (tmp_path / "data").symlink_to("real")
    file = real / "swing" / "rolling_mine.json"
    file.write_text("{}")
    (tmp_path / "other").hardlink_to(file)
    found = places(tmp_path / "data")
    assert f"is {real}, by a link" in found["place"]
    assert "1 state files have another name" in found["links"] and "swing/rolling_mine.json" in found["links"]
    (real / "intraday").symlink_to(tmp_path / "elsewhere")
    found = places(tmp_path / "data")
    assert str(tmp_path / "data" / "intraday") in found["place"] and "each request checks" in found["place"]


def test_folder_in_it_on_a_file_system_without_events_is_said(tmp_path: Path) -> None:
    (tmp_path / "swing").symlink_to("/proc/self/fdinfo")
    found = places(tmp_path)
    assert "found by comparing file times" in found["inotify"] and "is on proc" in found["inotify"]
