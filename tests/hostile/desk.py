"""A desk with state files, with a password or without, and what to say to be somebody on it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from aion.config import Settings
from aion.store.layout import Layout
from aion.web.security.command import open_store
from aion.web.security.password import hash_password
from tests.fault.disk import state_folder
from tests.web.conftest import RunningDesk, running

PEOPLE = ("local", "nobody", "viewer", "admin")
Start = Callable[[str], tuple[RunningDesk, dict[str, str]]]


@contextmanager
def hostile_desk(folder: Path, who: str) -> Iterator[tuple[RunningDesk, dict[str, str]]]:
    """Yield a desk over one state file of every kind, and the headers that make a request one of `who`.

    Args:
        folder: of the test.
        who: `local` for a desk without a password; else one with.
    """
    state_folder(folder / "data")
    settings = Settings(data=folder / "data", rescan_interval_s=60, log_level="error")
    headers: dict[str, str] = {}
    if who != "local":
        store = open_store(settings)
        assert store is not None
        store.set_password("admin", hash_password("correct horse"), "command", "test")
        if who != "nobody":
            token = store.make_token("script", "admin" if who == "admin" else "viewer", 1, "test", "")
            headers = {"authorization": f"Bearer {token}"}
        store.close()
    with running(settings, folder / "static") as desk:
        yield desk, headers


def check_log(folder: Path) -> None:
    """The desk must not have met with anything that it did not expect."""
    log = Layout(folder / "data").log("web")
    text = log.read_text("utf-8") if log.exists() else ""
    assert "Traceback" not in text and '"level":"error"' not in text, text[-3000:]
