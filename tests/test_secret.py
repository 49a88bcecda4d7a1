"""Secrets of a desk: where they may come from, and that no strategy finds them in its environment."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from aion import secret
from aion.config import Settings, load
from aion.errors import ConfigError
from aion.web.security.command import open_store

ROOT = Path(__file__).parents[1]
WORD = "a sentence that nobody guesses"
GIVEN = {
    "AION_PASSWORD": WORD,
    "AION_VIEWER_PASSWORD": WORD + "v",
    "AION_TOKEN": WORD + "t",
    "AION_ALPACA_SECRET": WORD + "a",
    "AION_ALERT_URLS": "json://127.0.0.1:9/" + WORD.replace(" ", "-"),
}
SPY = """
import json, os, subprocess, sys
from pathlib import Path
from aion.strategy.builtin.opening_range_breakout import OpeningRangeBreakout

def spy():
    seen = {
        "environ": dict(os.environ),
        "initial": Path("/proc/self/environ").read_bytes().decode(),
        "child": subprocess.run(["env"], capture_output=True, text=True).stdout,
        "parent": Path(f"/proc/{os.getppid()}/environ").read_bytes().decode(),
    }
    Path(os.environ["SPY"]).write_text(json.dumps(seen))
spy()
"""


def test_secret_when_a_file_or_a_credential_holds_it_then_it_is_read(tmp_path: Path) -> None:
    (tmp_path / "word").write_text(f"{WORD}\n")
    (tmp_path / "aion-viewer-password").write_text(f"{WORD}v")
    (tmp_path / "aion-alert-urls").write_text("json://127.0.0.1:9/hook\n")
    given = {
        "AION_PASSWORD_FILE": str(tmp_path / "word"), "CREDENTIALS_DIRECTORY": str(tmp_path),
        "AION_DATA": str(tmp_path / "data"),
    }  # fmt: skip
    settings = load(environment=given)
    assert settings.password is not None and settings.password.get_secret_value() == WORD
    assert settings.viewer_password is not None and settings.viewer_password.get_secret_value() == WORD + "v"
    assert [url.get_secret_value() for url in settings.alerts.urls] == ["json://127.0.0.1:9/hook"]
    assert WORD not in repr(settings)
    store = open_store(settings)
    assert store is not None
    assert store.password_source("admin") == store.password_source("viewer") == "environment"
    store.close()
    store = open_store(Settings(data=tmp_path / "data"))
    assert store is not None and not store.has_password
    store.close()


@pytest.mark.parametrize(
    ("content", "why"),
    [(None, "No such file"), (b"", "is empty"), (b"\n", "is empty"), (b"a\nb", "one line"), (b"\xff\xfe", "UTF-8"),
     (b"x" * 20_000, "16384 bytes")],
)  # fmt: skip
def test_file_when_it_holds_no_secret_then_the_setting_and_the_file_are_named(
    tmp_path: Path, content: bytes | None, why: str
) -> None:
    path = tmp_path / "word"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError) as refused:
        load(environment={"AION_PASSWORD_FILE": str(path)})
    assert str(refused.value).startswith(f"AION_PASSWORD_FILE: {path} ") and why in str(refused.value)


def test_secret_when_given_twice_or_in_the_settings_file_then_it_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="AION_PASSWORD and AION_PASSWORD_FILE are both set"):
        load(environment={"AION_PASSWORD": WORD, "AION_PASSWORD_FILE": "/x"})
    (tmp_path / "aion.toml").write_text(f'viewer_password = "{WORD}"')
    with pytest.raises(ConfigError, match="AION_VIEWER_PASSWORD") as refused:
        load(tmp_path / "aion.toml", environment={})
    assert WORD not in str(refused.value)


def test_variables_when_they_are_secret_then_they_are_known() -> None:
    hidden = ("AION_PASSWORD", "AION_PASSWORD_FILE", "AION_TOKEN", "AION_ALPACA_KEY", "AION_SOME_API_KEY",
              "AION_ALERT_URLS", "CREDENTIALS_DIRECTORY")  # fmt: skip
    names = (*hidden, "AION_DATA", "AION_HOSTS", "PATH", "HOME")
    assert [name for name in names if secret.is_secret_variable(name)] == [*hidden]
    assert all(secret.is_secret_variable(secret.variable_of(name)) for name in secret.SECRETS)


@pytest.fixture
def started() -> Iterator[list[subprocess.Popen[bytes]]]:
    found: list[subprocess.Popen[bytes]] = []
    yield found
    for each in found:
        if each.poll() is None:
            each.send_signal(signal.SIGINT)
        each.wait(60)


def wait_for(path: Path, process: subprocess.Popen[bytes], seconds: float = 120) -> None:
    until = time.monotonic() + seconds
    while not path.exists() or not path.read_bytes().endswith(b"}"):
        assert process.poll() is None and time.monotonic() < until
        time.sleep(0.05)


def strategy(folder: Path) -> dict[str, str]:
    """Put a strategy of somebody else's where it is found; return what a process needs to load it."""
    (folder / "spy_strategy.py").write_text(SPY)
    info = folder / "spy_strategy-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: spy-strategy\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[aion.strategies]\nspy = spy_strategy:OpeningRangeBreakout\n")
    return {"PYTHONPATH": f"{folder}:{ROOT}", "SPY": str(folder / "seen.json")}


def assert_nothing_seen(folder: Path) -> None:
    seen = json.loads((folder / "seen.json").read_text())
    text = json.dumps(seen)
    assert "PYTHONPATH" in seen["environ"] and "PYTHONPATH" in seen["initial"], "it looked"
    assert WORD not in text and WORD.replace(" ", "-") not in text
    assert [name for name in GIVEN if name in text] == []


PROGRAM = "import sys\nfrom aion.command.app import main\nsys.exit(main())\n"


@pytest.mark.parametrize("program", [("-m", "aion"), ("desk",), ("-c", PROGRAM)], ids=["module", "renamed", "text"])
def test_strategy_when_it_looks_for_secrets_then_its_environment_has_none(
    tmp_path: Path, started: list[subprocess.Popen[bytes]], program: tuple[str, ...]
) -> None:
    (tmp_path / "desk").write_text(PROGRAM)  # a link to the program, or a copy, under another name
    (tmp_path / "aion.toml").write_text('[bots.orb_ny]\nstrategy = "spy"\n')
    environment = {**os.environ, **GIVEN, **strategy(tmp_path), "AION_DATA": str(tmp_path / "data"), "AION_PORT": "0"}
    with (tmp_path / "console").open("wb") as console:
        up = subprocess.Popen(
            [sys.executable, *program, "up"], cwd=tmp_path, env=environment, stdout=console, stderr=console
        )
    started.append(up)
    wait_for(tmp_path / "seen.json", up)
    assert_nothing_seen(tmp_path)
    for process in (psutil.Process(up.pid), *psutil.Process(up.pid).children()):
        assert WORD not in str(process.environ()), process.cmdline()


def test_backtest_when_a_strategy_looks_for_secrets_then_its_environment_has_none(tmp_path: Path) -> None:
    environment = {**os.environ, **GIVEN, **strategy(tmp_path)}
    command = [sys.executable, "-m", "aion", "backtest", "--strategy", "spy", "--symbols", "MSFT", "--out", "out"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert (tmp_path / "seen.json").exists(), done.stderr
    assert_nothing_seen(tmp_path)


def test_desk_when_its_password_is_in_a_file_then_every_worker_asks_for_it(
    tmp_path: Path, started: list[subprocess.Popen[bytes]]
) -> None:
    (tmp_path / "word").write_text(WORD)
    given = {"AION_PASSWORD_FILE": str(tmp_path / "word"), "AION_DATA": str(tmp_path / "data")}
    given["PYTHONPATH"] = str(ROOT)
    console = tmp_path / "console"
    with console.open("wb") as out:
        desk = subprocess.Popen(
            [sys.executable, "-m", "aion", "serve", "--workers", "2", "--port", "0"],
            cwd=tmp_path, env={**os.environ, **given}, stdout=out, stderr=out,
        )  # fmt: skip
    started.append(desk)
    until = time.monotonic() + 60
    while "http://" not in console.read_text():
        assert desk.poll() is None and time.monotonic() < until, console.read_text()
        time.sleep(0.05)
    url = "http://" + console.read_text().split("http://")[1].split("/bots")[0]
    with httpx.Client(base_url=url, timeout=60, trust_env=False) as client:
        assert client.get("/api/bots/page").status_code == 401
        assert client.post("/api/session", json={"password": WORD}).status_code == 200
        assert client.get("/api/bots/page").status_code == 200
