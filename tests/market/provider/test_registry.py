"""Providers that other packages offer: opened by name, and named with the reason when they cannot work."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from aion.config import Settings
from aion.errors import ConfigError, FeedError
from aion.market.feed import open_feed
from aion.market.provider.registry import BUILT_IN, is_online, open_provider, provider_names, what_is_wrong

Offer = Callable[..., None]
WHOLE: dict[str, Any] = {
    "name": "house", "provenance": "Bars of a test.", "delay_s": 0.0, "timezone": "UTC", "parallel": 2, "pace_s": 0,
    "chunk": {"minute": timedelta(days=1), "day": timedelta(days=9)}, "asks_each": False,
    "is_history_adjusted": False, "instruments": dict, "bars": dict, "actions": list, "reset": bool,
}  # fmt: skip


def whole(_settings: Settings) -> Any:
    return SimpleNamespace(**WHOLE)


def crashing(_settings: Settings) -> Any:
    raise RuntimeError("no licence")


def unreachable(_settings: Settings) -> Any:
    raise FeedError("the house is closed")


def misnamed(_settings: Settings) -> Any:
    return SimpleNamespace(**WHOLE | {"name": "home"})


@pytest.fixture
def offer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Offer:
    """Install entry points as another distribution has them."""

    def install(**points: str) -> None:
        info = tmp_path / "others-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: others\nVersion: 1.0\n")
        lines = [f"{name} = {value}" for name, value in points.items()]
        (info / "entry_points.txt").write_text("[aion.providers]\n" + "\n".join(lines) + "\n")
        monkeypatch.syspath_prepend(str(tmp_path))

    return install


def test_provider_of_another_package_is_opened_by_its_name(offer: Offer) -> None:
    offer(house=f"{__name__}:whole")
    assert open_provider("house", Settings()).provenance == "Bars of a test."
    assert is_online("house") and provider_names() == [*BUILT_IN, "house"]


@pytest.mark.parametrize(("code", "said"), [
    (f"{__name__}:crashing", r"data provider 'house' \(.* of others\) cannot be loaded: RuntimeError: no licence"),
    (f"{__name__}:misnamed", r"is not a data provider: its name is 'home'; the entry point must have the same"),
    (f"{__name__}:missing", "cannot be loaded: AttributeError"),
    ("no_such_module:Provider", "cannot be loaded: ModuleNotFoundError"),
    (f"{__name__}:WHOLE", "cannot be loaded: TypeError"),
])  # fmt: skip
def test_provider_that_cannot_work_is_named_with_the_reason(offer: Offer, code: str, said: str) -> None:
    offer(house=code)
    with pytest.raises(ConfigError, match=said):
        open_provider("house", Settings())


def test_error_of_aion_passes_as_it_is(offer: Offer) -> None:
    offer(house=f"{__name__}:unreachable")
    with pytest.raises(FeedError, match="the house is closed"):
        open_provider("house", Settings())


def test_name_of_aions_own_is_never_replaced(offer: Offer) -> None:
    offer(yahoo=f"{__name__}:crashing")
    assert open_provider("yahoo", Settings()).name == "yahoo"
    assert provider_names() == list(BUILT_IN)


def test_unknown_name_is_told_with_those_that_are_known(offer: Offer) -> None:
    offer(house=f"{__name__}:whole")
    with pytest.raises(ConfigError, match="there is no data provider 'hause'; known: ccxt, alpaca, yahoo, house"):
        open_provider("hause", Settings())
    with pytest.raises(ConfigError, match=r"feed 'hause' is unknown; use one of recorded, folder, .*house"):
        open_feed("hause")


@pytest.mark.parametrize(("name", "value"), [
    ("bars", None), ("reset", 5), ("name", ""), ("timezone", 3), ("asks_each", 1), ("delay_s", -1), ("delay_s", True),
    ("pace_s", float("nan")), ("pace_s", float("inf")), ("parallel", 0), ("parallel", 2.5), ("parallel", True),
    ("chunk", {}), ("chunk", {"minute": timedelta(0), "day": timedelta(1)}), ("chunk", {"minute": 5, "day": 5}),
])  # fmt: skip
def test_each_part_of_a_provider_that_is_wrong_is_named(name: str, value: Any) -> None:
    assert what_is_wrong(SimpleNamespace(**WHOLE)) == ""
    assert name in what_is_wrong(SimpleNamespace(**WHOLE | {name: value}))


def test_nothing_at_all_is_no_provider() -> None:
    assert what_is_wrong(None) == "it has no method instruments"
