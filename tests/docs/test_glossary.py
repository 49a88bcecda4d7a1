"""The glossary, the pages' texts and the words on the pages are one."""

import re

from .text import ROOT, read, rows

TERMS = "frontend/src/lib/terms.ts"
ENTRY = re.compile(r'^  (?:"([^"]+)"|(\w+)): \[\s*"([^"]+)",\s*"([^"]+)",?\s*\],$', re.MULTILINE)
PLACES = {"all", "Bots", "bot", "Intraday", "Logs", "System", "Link menu", "Backtest report"}


def terms() -> list[list[str]]:
    return [[quoted or plain, where, text] for quoted, plain, where, text in ENTRY.findall(read(TERMS))]


def test_glossary_says_word_for_word_what_the_pages_say() -> None:
    assert len(terms()) == read(TERMS).count("],") >= 40, "an entry is written in a way that this test cannot read"
    assert rows(read("docs/glossary.md")) == terms()


def test_words_stand_in_alphabetical_order_each_with_its_places_and_one_or_two_sentences() -> None:
    names = [name for name, _, _ in terms()]
    assert names == sorted(names, key=str.lower)
    for name, where, text in terms():
        assert set(where.split(", ")) <= PLACES, name
        assert text.endswith(".") and 1 <= len(re.findall(r"[.:](?: |$)", text)) <= 4, name


def test_words_that_must_be_explained_are_explained() -> None:
    wanted = "Equity Drawdown Net Gross Exposure Horizon Rebalance Cycle Sessions Slippage TWR Sharpe Sortino"
    wanted += " Verified Held Kept Streaming Polling Topic Hold Heartbeat Mark Strength"
    assert set(wanted.split()) <= {name for name, _, _ in terms()}


def test_pages_use_the_words_of_the_glossary() -> None:
    used = set()
    for path in (ROOT / "frontend/src").rglob("*.tsx"):
        used |= set(re.findall(r'<Term name="([^"]+)"', path.read_text("utf-8")))
    assert used <= {name for name, _, _ in terms()} and len(used) >= 10
