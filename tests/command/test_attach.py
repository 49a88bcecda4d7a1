"""`aion attach` as its users run it: it lists, checks, adds a table, and runs all attached bots in one process."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from aion.config import Settings, load
from aion.errors import ConfigError
from aion.store.file import read_json
from aion.store.layout import Layout
from aion.web.control.request import ask_and_wait
from tests.adapter.freqtrade_api import PASSWORD, USER, Api, serving

SOON_S = 90.0


@pytest.fixture(scope="module")
def api() -> Iterator[Api]:
    with serving() as found:
        yield found


def table(name: str, url: str) -> str:
    return f'[attach.{name}]\nkind = "freqtrade"\nurl = "{url}"\nuser = "{USER}"\n'


def environment(password: str = PASSWORD) -> dict[str, str]:
    return os.environ | {"AION_ATTACH_FT_PASSWORD": password, "AION_ATTACH_NEW_PASSWORD": password}


def aion(folder: Path, *arguments: str, password: str = PASSWORD) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "aion", "attach", *arguments],
        cwd=folder, env=environment(password), capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def wait_for(what: Callable[[], object]) -> object:
    until = time.monotonic() + SOON_S
    while time.monotonic() < until:
        if found := what():
            return found
        time.sleep(0.05)
    raise AssertionError("it did not come about")


def test_bots_are_listed_and_checked(tmp_path: Path, api: Api) -> None:
    (tmp_path / "aion.toml").write_text(table("ft", api.url) + table("gone", "http://127.0.0.1:1"))
    status, text = aion(tmp_path)
    assert status == 0 and f"ft: freqtrade at {api.url}: not read yet" in text
    status, text = aion(tmp_path, "--check", "--name", "ft")
    assert status == 0 and text.count("ok  ") >= 3 and "FAIL" not in text
    assert "ft: ok   closed profit: freqtrade -9.29970874, Aion -9.29970874 (API)" in text
    status, text = aion(tmp_path, "--check")
    assert status == 1 and "gone: FAIL 127.0.0.1:1 cannot be reached: Connection refused" in text
    status, text = aion(tmp_path, "--check", "--name", "none")
    assert status == 2 and "no bot 'none' is attached" in text


def test_table_is_written_once_the_bot_answers(tmp_path: Path, api: Api) -> None:
    before = "# mine\nport = 3001\n"
    (tmp_path / "aion.toml").write_text(before)
    new = ("add", "new", "--url", api.url, "--user", USER)
    status, text = aion(tmp_path, *new, password="wrong")
    assert status == 2 and "does not accept the user and password" in text
    assert (tmp_path / "aion.toml").read_text() == before and len(list(tmp_path.iterdir())) == 1
    status, text = aion(tmp_path, *new)
    assert status == 0 and "wrote [attach.new] to aion.toml" in text
    assert (tmp_path / "aion.toml").read_text().startswith(before)
    assert load(tmp_path / "aion.toml").attach["new"].url == api.url
    status, text = aion(tmp_path, *new)
    assert status == 2 and "has a bot new already" in text


def test_one_process_shows_all_bots_and_hands_over_what_the_desk_asks(tmp_path: Path, api: Api) -> None:
    tables = table("ft", api.url) + table("gone", "http://127.0.0.1:1")
    (tmp_path / "aion.toml").write_text(f'data = "{tmp_path / "data"}"\n' + tables)
    layout = Layout(tmp_path / "data")
    with subprocess.Popen(
        [sys.executable, "-m", "aion", "attach", "run"], cwd=tmp_path, env=environment(), stderr=subprocess.DEVNULL
    ) as process:
        try:
            wait_for(lambda: layout.swing_rolling("ft").exists() and layout.swing_rolling("gone").exists())
            assert "Connection refused" in read_json(layout.swing_rolling("gone"))[0]["problem"]
            assert ask_and_wait(layout, "pause", None, "lunch", "ft") == ("done", "")
            assert ("POST", "/stopentry", None) in api.told
            with pytest.raises(ConfigError, match="cannot be asked for pause now: it takes resume, flatten"):
                ask_and_wait(layout, "pause", None, "", "ft")
            found = environment()["AION_ATTACH_FT_PASSWORD"].encode()
            assert found not in Path(f"/proc/{process.pid}/environ").read_bytes()
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({}, "it needs url, database or both"),
        ({"url": "ftp://x"}, "use an address such as http"),
        ({"url": "http://me:secret@x"}, "a password does not belong in a file"),
        ({"database": "postgresql://me:secret@x/y"}, "a password does not belong in a file"),
    ],
)
def test_table_that_cannot_work_is_refused(values: dict[str, str], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        Settings.model_validate({"attach": {"ft": {"kind": "freqtrade"} | values}})


@pytest.mark.parametrize(
    ("names", "why"),
    [
        (["orb_ny"], "is the name of a bot in .bots. too"),
        (["a-b", "a.b"], "would share the variable of their password"),
        (["desk"], "is the name of all bots together"),
        (["../x"], "cannot be a file name"),
    ],
)
def test_name_that_is_taken_is_refused(names: list[str], why: str) -> None:
    one = {"kind": "freqtrade", "url": "http://127.0.0.1:8080"}
    with pytest.raises(ValueError, match=why):
        Settings.model_validate({"attach": dict.fromkeys(names, one)})
