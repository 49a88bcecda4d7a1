"""The kinds of state documents and their schema names."""

from aion.store.document.alert import AlertHistory, AlertRules
from aion.store.document.base import Document
from aion.store.document.request import BotConfig, Control, Kill
from aion.store.document.state import BotActivity, LogLine, Rolling, SimLog, SimSummary, SwingRolling
from aion.store.document.watch import Heartbeat, Proof, Watch

KINDS: dict[str, type[Document]] = {
    "sim_log": SimLog,
    "rolling": Rolling,
    "sim_summary": SimSummary,
    "swing_rolling": SwingRolling,
    "bot_activity": BotActivity,
    "bot_config": BotConfig,
    "control": Control,
    "kill": Kill,
    "watch": Watch,
    "heartbeat": Heartbeat,
    "proof": Proof,
    "alert_rules": AlertRules,
    "alert_history": AlertHistory,
    "log_line": LogLine,
}
"""Model by kind; the `schema` of a document is `aion/<kind>/1`."""

SCHEMALESS = frozenset({"log_line"})
"""Kinds whose documents carry no `schema`: lines, whose file name says what they are."""

_SECOND = frozenset({"sim_log", "swing_rolling", "bot_activity"})


def versions(kind: str) -> tuple[int, ...]:
    """Return the versions of a `kind` that can be read, newest last, with every version that was ever written."""
    return (1, 2) if kind in _SECOND else (1,)


def schema_name(kind: str) -> str:
    """Return the `schema` string of a `kind` that every desk can read, e.g. `aion/sim_log/1`."""
    return f"aion/{kind}/1"
