"""A card has each field of the bot's state, unless it is said that it has it not."""

import json
from pathlib import Path

import pytest

from aion.store.document.base import to_json
from aion.store.document.state import SimLog, SwingRolling
from aion.web.bundle.document import NOT_SHOWN, BotView
from aion.web.state import load
from tests.kept.keep import answers, unpack


@pytest.mark.parametrize("state", [SwingRolling, SimLog])
def test_card_has_each_field_of_the_state_or_says_that_it_has_not(state: type[SwingRolling | SimLog]) -> None:
    missing = {name for name in state.model_fields if name not in BotView.model_fields}
    assert missing <= NOT_SHOWN
    for name in state.model_fields.keys() - missing:
        assert state.model_fields[name].alias == BotView.model_fields[name].alias, name


@pytest.mark.parametrize(
    ("kind", "file", "bot"),
    [("intraday", "intraday/sim_logs/2022-05-19_full.json", "full"), ("swing", "swing/rolling_torn.json.gz", "torn")],
)
def test_card_when_a_file_says_all_then_it_has_what_the_file_says(
    tmp_path: Path, kind: str, file: str, bot: str
) -> None:
    unpack(tmp_path)
    card = json.loads(json.dumps(answers(tmp_path)["bots"][kind]["bots"][bot]))
    state = to_json(load(tmp_path / file, file))
    said = {name: value for name, value in state.items() if name not in {each.rstrip("_") for each in NOT_SHOWN}}
    assert said.keys() <= card.keys()
    for name in said.keys() - {"kind", "positions", "fills", "trades", "equity_curve", "hold_curve", "stats"}:
        assert card[name] == said[name], name  # those others are ordered or filled up
