"""Packages that are not there: one sentence that says what to install, before anything is done."""

import importlib
from pathlib import Path

import pytest

from aion.command.app import main
from aion.errors import ConfigError
from aion.extras import need

EXTRAS = {"ccxt": "ccxt", "alpaca": "alpaca", "yfinance": "yahoo", "pyarrow": "parquet"}
_import = importlib.import_module


def hide(monkeypatch: pytest.MonkeyPatch, gone: str) -> None:
    """Make `gone` and what lies in it a package that is not installed."""

    def without(name: str, package: str | None = None) -> object:
        if name.split(".")[0] == gone:
            raise ModuleNotFoundError(f"No module named {gone!r}", name=gone)
        return _import(name, package)

    monkeypatch.setattr("importlib.import_module", without)


@pytest.mark.parametrize("package", EXTRAS)
def test_missing_package_names_its_extra(monkeypatch: pytest.MonkeyPatch, package: str) -> None:
    hide(monkeypatch, package)
    with pytest.raises(ConfigError, match=f"needs the package {package}, which is not installed: pip install"):
        need(package, EXTRAS[package])


def test_package_that_lacks_another_one_says_which(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(name: str) -> object:
        raise ModuleNotFoundError("No module named 'requests'", name="requests")

    monkeypatch.setattr("importlib.import_module", broken)
    with pytest.raises(ConfigError, match=r"ccxt is there, but requests, which it needs, is not: .*aion\[ccxt\]"):
        need("ccxt", "ccxt")


@pytest.mark.parametrize("feed", ["ccxt", "alpaca", "yahoo"])
def test_command_over_a_feed_without_its_package_ends_with_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], feed: str
) -> None:
    hide(monkeypatch, {"yahoo": "yfinance"}.get(feed, feed))
    monkeypatch.setattr("sys.argv", ["aion", "run", "--feed", feed, "--symbols", "BTC/USDT", "--data", str(tmp_path)])
    assert main() == 2
    said = capsys.readouterr().err.strip().splitlines()
    assert len(said) == 1 and said[0].endswith(f"pip install 'aion[{feed}]'")


@pytest.mark.parametrize("command", ["import", "download"])
def test_parquet_without_its_package_is_refused_before_a_bar_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    hide(monkeypatch, "pyarrow")
    typed = {
        "import": ["none.csv", "--exchange", "XNAS", "--to", str(tmp_path / "bars")],
        "download": [
            "--feed",
            "ccxt",
            "--symbols",
            "BTC/USDT",
            "--from",
            "2026-01-01",
            "--folder",
            str(tmp_path / "bars"),
        ],
    }
    monkeypatch.setattr("sys.argv", ["aion", command, *typed[command]])
    assert main() == 2
    said = capsys.readouterr().err.strip()
    assert said.endswith("pip install 'aion[parquet]', or keep the bars as CSV: --format csv")
    assert not (tmp_path / "bars").exists()
