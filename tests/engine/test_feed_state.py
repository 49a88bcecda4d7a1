"""The state of a live feed, as the summary of a cycle says it."""

from datetime import UTC, datetime

from aion.engine.live import MOST_SYMBOLS, health_json
from aion.market.feed.batcher import Tally
from aion.market.feed.health import FeedHealth, SymbolHealth
from aion.store.document.clock import FeedState


def test_feed_state_when_hundreds_of_symbols_have_much_to_say_then_a_document_takes_it() -> None:
    at = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
    left_out = {f"S{number}": SymbolHealth("refused", at, "jumps " * 500) for number in range(300)}
    said = "; ".join(f"{name}: {each.text}" for name, each in left_out.items())
    found = FeedState.model_validate(health_json(FeedHealth("ok", said, at, left_out, Tally())))
    assert len(found.symbols) == MOST_SYMBOLS and found.text.startswith("S0: jumps")
