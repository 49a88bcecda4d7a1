"""What a bot's settings and its feed must have in common."""

from pathlib import Path

import pytest

from aion.bot.settings_check import instruments_of
from aion.errors import ConfigError
from tests.bot.desk import recorded, settings


@pytest.mark.parametrize("cost", ["us-equity", "uk-share", "hk-share"])
def test_costs_by_the_share_are_refused_on_adjusted_prices(tmp_path: Path, cost: str) -> None:
    bot = settings(tmp_path).bots["swing_1w"]
    assert set(instruments_of("swing_1w", bot, recorded(), "day")) == set(bot.symbols)
    said = f"prices of {bot.symbols[0]} are adjusted, and cost model {cost!r} charges by the share or the order"
    with pytest.raises(ConfigError, match=said):
        instruments_of("swing_1w", bot.model_copy(update={"cost": cost}), recorded(), "day")
    assert instruments_of("swing_1w", bot.model_copy(update={"cost": "zero"}), recorded(), "day")
