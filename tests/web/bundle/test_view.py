"""A card has each field of the bot's state, unless it is said that it has it not."""

import json
from pathlib import Path

import pytest

from aion.store.document.base import made, to_json
from aion.store.document.state import SimLog, SwingRolling
from aion.web.bundle.controls import Asked
from aion.web.bundle.document import NOT_SHOWN, BotView
from aion.web.bundle.view import Card
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


def test_card_when_a_bot_writes_the_same_curve_again_then_one_copy_is_kept() -> None:
    def doc(equity: float, last: float) -> SwingRolling:
        return SwingRolling.model_validate(
            {
                "schema": "aion/swing_rolling/1", "as_of": "2022-05-19T14:00Z", "bot": "b", "currency": "USD",
                "equity": equity, "equity_curve": {"2022-05-19T13:31Z": 100.0, "2022-05-19T13:32Z": last},
            }
        )  # fmt: skip

    def card(doc: SwingRolling, before: Card | None) -> Card:
        return Card(doc, "swing", "swing/rolling_b.json.gz", made(Asked)(), foreign=True, before=before)

    first = card(doc(101, 101), None)
    second = card(doc(102, 101), first)
    other = card(doc(102, 102), second)
    assert second.doc.equity_curve is first.doc.equity_curve
    assert other.doc.equity_curve == {"2022-05-19T13:31Z": 100.0, "2022-05-19T13:32Z": 102.0}
    assert (first.row.equity, second.row.equity) == (101, 102)
