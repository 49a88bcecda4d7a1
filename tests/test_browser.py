"""Which browser the tests take of those that are there."""

from pathlib import Path

import pytest

from tools import package
from tools.browser import find_browser, main


@pytest.fixture
def there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is the whole PATH."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("AION_CHROMIUM", raising=False)
    return tmp_path


def put(folder: Path, name: str) -> str:
    path = folder / name
    path.touch(0o755)
    return str(path)


def test_headless_when_the_shell_is_there_then_it_is_taken_and_others_take_chromium(there: Path) -> None:
    shell, chromium = put(there, "chromium-headless-shell"), put(there, "chromium")
    assert find_browser("headless") == shell
    assert find_browser() == chromium


def test_headless_when_there_is_no_shell_then_chromium_is_taken(there: Path) -> None:
    chromium = put(there, "chromium")
    assert find_browser("headless") == chromium


def test_browser_when_it_is_named_then_no_other_is_taken(there: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(there, "chromium-headless-shell")
    monkeypatch.setenv("AION_CHROMIUM", named := put(there, "mine"))
    assert find_browser("headless") == find_browser() == named
    monkeypatch.setenv("AION_CHROMIUM", str(there / "none"))
    assert find_browser("headless") is None


@pytest.mark.parametrize(
    ("found", "words", "installed"),
    [
        (("chromium",), ("headless", "--shell"), ["chromium", "chromium-headless-shell"]),
        (("chromium",), ("headless",), []),
        (("chromium", "chromium-headless-shell"), ("headless", "--shell"), []),
        ((), ("headless",), ["chromium", "chromium-headless-shell"]),
    ],
    ids=["shell is asked for", "chromium will do", "all there", "none there"],
)
def test_browser_when_one_is_missing_then_that_is_installed(
    there: Path, monkeypatch: pytest.MonkeyPatch, found: tuple[str, ...], words: tuple[str, ...], installed: list[str]
) -> None:
    asked: list[str] = []

    def install(name: str) -> None:
        asked.append(name)
        put(there, name)

    monkeypatch.setattr(package, "install", install)
    for name in found:
        put(there, name)
    assert main(*words) == 0 and asked == installed
