"""State of the bots' clock and of a live feed, as written in the summary of a cycle."""

from typing import Annotated, Literal

from pydantic import Field

from aion.scalar import Answers, Few, Fraction, Key, Number, Short, Text, UtcTime
from aion.store.document.base import Document


class SymbolFeed(Document):
    """State of one symbol of a live feed."""

    state: Literal["ok", "late", "gone", "refused"] = Field(
        "ok", description="gone: the provider has it no more; refused: left out, see `text`."
    )
    text: Text = ""
    last_bar_at: UtcTime | None = Field(None, description="Close of its newest bar: its age is that of the data.")


class FeedState(Document):
    """State of a live feed. Counts are since the bots' process started."""

    state: Literal["ok", "late", "down"] = Field(
        "ok", description="late: bars are overdue; down: no good answer for a minute."
    )
    text: Text = Field("", description="For people; empty when all is well.")
    answered_at: UtcTime | None = Field(None, description="Wall time of the provider's newest good answer.")
    last_bar_at: UtcTime | None = Field(None, description="Close of the newest bar of any symbol.")
    symbols: Annotated[dict[Key, SymbolFeed], Few] = Field(default_factory=dict, description="At most 200.")
    late_bars: int = Field(0, ge=0, description="Came after their minute was dealt with; left out.")
    revised_bars: int = Field(0, ge=0, description="Came again with other figures; what was traded on stays.")
    duplicate_bars: int = Field(0, ge=0, description="Came twice in one answer; left out.")
    missing_bars: int = Field(0, ge=0, description="Minutes or days of open sessions that no bar came for.")
    silent_bars: int = Field(0, ge=0, description="Left out because nobody traded.")
    refused_bars: int = Field(
        0, ge=0, description="NaN, impossible prices, outside a session, in the future, undeclared splits."
    )


class ClockState(Document):
    """State of the bots' clock; the Mode chip shows it."""

    state: Literal["starting", "catching_up", "running", "paused", "closed", "finished"]
    market_time: UtcTime
    speed: Number = Field(1, ge=0, description="Market seconds per real second; 1 with a real-time feed.")
    feed: str = Field("", max_length=64)
    real_time: bool = Field(False, description="True only for a feed that delivers as it happens.")
    delay_s: Number = Field(0, ge=0, description="Delay of a paper feed in seconds.")
    progress: Fraction | None = Field(None, ge=0, le=1, description="While catching up.")
    label: Text = Field("", description="For people, e.g. `closed, Hong Kong opens in 5 h 30 min`.")
    data_from: UtcTime | None = Field(None, description="First bar of the tape.")
    data_to: UtcTime | None = Field(None, description="Last bar of the tape.")
    next_run_at: UtcTime | None = Field(None, description="When finished: wall time at which run N+1 starts.")
    provenance: Text = ""
    feed_state: FeedState | None = Field(None, description="Of a real-time feed.")
    control_id: Short | None = Field(None, description="Id of the last `control/desk/` request answered.")
    control_error: Text = Field("", description="Why that request was refused; empty when it was carried out.")
    control_answers: Answers = Field(
        default_factory=dict, description="What became of the newest `control/desk/` requests, as in a bot's state."
    )
    left_aside: dict[str, Text] = Field(
        default_factory=dict,
        max_length=100,
        description="Files below `control/` that the bots do not act on, by path, and why; the first few of them.",
    )
    killed: Text = Field("", description="Why the desk's kill switch stops all bots; empty when it is clear.")
