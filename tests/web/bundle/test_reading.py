"""What is kept of each bot from change to change, against a reading of everything."""

import copy
import zlib
from itertools import islice
from pathlib import Path
from typing import Any

import orjson
import pytest

from aion.live.delta import browser_text
from aion.live.disk.source import Scan, Tree, scan
from aion.live.snapshot import encode
from aion.live.topic import Built, Patch
from aion.web.bundle.document import NOT_IN_ROW, ROW_SYMBOLS, BotsIndex
from aion.web.bundle.index import card
from aion.web.bundle.index.card import CardTopics
from aion.web.bundle.index.index import IndexTopic, RowTopics, TotalsTopic
from aion.web.bundle.index.state import IndexState
from aion.web.bundle.pages import Page, bots_bundle, intraday_bundle
from aion.web.bundle.reader import DeskReader
from aion.web.bundle.reading import KINDS, Desk
from aion.web.bundle.topic import FOLDERS, TreeFiles, accepts, load_file, reload_file
from tests.live.patching import merge
from tests.web.bundle.change import Changes


def said(desk: Desk) -> list[bytes]:
    """Return what the pages are told, the problems in any order."""
    return [orjson.dumps(build(desk), option=orjson.OPT_SORT_KEYS) for build in (bots_bundle, intraday_bundle)]


@pytest.mark.parametrize("seed", range(6))
def test_reading_when_files_change_at_random_then_it_is_that_of_all_files(tmp_path: Path, seed: int) -> None:
    tree = Tree(tmp_path, load_file, reload_file)
    kept, anew = Page(frozenset({"b1"})), Page(frozenset({"b1"}))
    seen = 0
    before: Scan = {}
    kinds = set()
    for number, kind in enumerate(islice(Changes(tmp_path, seed), 120)):
        kinds.add(kind)
        if number % 3 == 2:  # some changes are taken in together
            continue
        found = scan(tmp_path, FOLDERS, accepts)
        tree.update({path: at for path, at in found.items() if before.get(path) != at}, before.keys() - found.keys())
        before = found
        changed = tree.changes(seen) if seen else set(tree.names())
        assert changed is not None
        desk = kept.read(TreeFiles(tree), changed=changed if number else None, is_overdue=number % 7 == 0)
        seen = tree.revision
        other = anew.read(TreeFiles(tree), is_overdue=number % 7 == 0)
        assert said(desk) == said(other), (number, kind)
        assert (kept.is_torn, sorted(desk.lines), desk.lead) == (anew.is_torn, sorted(other.lines), other.lead)
    assert len(kinds) > 8


class Held:
    """What a page has of the index."""

    def __init__(self) -> None:
        self.value: dict[str, Any] = {}

    def merge(self, patch: Patch, etag: str) -> None:
        for each in patch.patches:
            self.value = merge(self.value, each)
        last = patch.patches[-1]
        seen = {name: self.value[name] for name in last if name in self.value}
        if patch.of in seen:
            seen[patch.of] = {
                name: self.value[patch.of][name] for name in last[patch.of] if name in self.value[patch.of]
            }
        assert zlib.crc32(browser_text(orjson.dumps(seen))) == patch.check
        self.value["etag"] = etag


def whole(built: Built) -> dict[str, Any]:
    assert callable(built.payload)
    found = orjson.loads(built.payload())
    BotsIndex.model_validate_json(orjson.dumps({"version": 1, **found}))
    return {**found, "etag": built.etag}


@pytest.mark.parametrize("seed", range(5))
def test_index_when_files_change_at_random_then_patches_rows_and_totals_are_those_of_all_files(
    tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(card, "LEAST_BYTES", 0)
    tree = Tree(tmp_path, load_file, reload_file)
    seen = SeenCards()
    clock = 0.0
    kept = DeskReader(Page(frozenset({"b1"})), 5.0, lambda: clock)
    state = IndexState(kept)
    index, totals, rows, cards, held = (
        IndexTopic(state),
        TotalsTopic(state),
        RowTopics(state),
        CardTopics(kept),
        Held(),
    )
    before: Scan = {}
    patches = 0
    for number, _ in enumerate(islice(Changes(tmp_path, 100 + seed), 100)):
        clock += 1
        if number % 3 == 2:
            continue
        found = scan(tmp_path, FOLDERS, accepts)
        tree.update({path: at for path, at in found.items() if before.get(path) != at}, before.keys() - found.keys())
        before = found
        if number % 5 == 4:  # somebody else looks first
            kept.read(tree)
        built = index(tree)
        assert built.patch_from is not None
        if number % 4 == 3:  # two changes in one patch
            continue
        value, etag = whole(built), held.value.get("etag")
        patch = built.patch_from(etag) if etag not in (None, built.etag) else None
        if patch is not None:
            held.merge(patch, built.etag)
            patches += 1
            assert held.value == value, "what the patch makes is what a newcomer gets"
        assert etag != built.etag or held.value == value
        held.value = copy.deepcopy(value)
        assert_parts(value, totals(tree), {key: rows(tree, key) for key in (*value["bots"], *value["unread"])})
        assert rows(tree, "swing/nobody") is None
        desk, _ = kept.read(tree)
        other = whole(IndexTopic(IndexState(_Same(kept, desk)))(tree))
        for currency, total in other["totals"].items():
            assert value["totals"][currency] == total, (number, currency)
        assert other == value, "equal content, equal tag, however it came about"
        bundle = orjson.loads(orjson.dumps(bots_bundle(desk)))
        assert_sums(value["totals"], bundle["totals"])
        views = {f"{kind}/{name}": view for kind in KINDS for name, view in bundle[kind]["bots"].items()}
        assert value["bots"].keys() == views.keys()
        for key, row in value["bots"].items():
            errors, last, view = row.pop("errors"), row.pop("last_fill", None), views[key]
            assert row.pop("symbols", []) == view.get("symbols", [])[:ROW_SYMBOLS]
            assert (last is None) == (not view["fills"])
            if last is not None:
                name = last.pop("id")
                assert name == list(view["fills"])[-1] and last.items() <= view["fills"][name].items()
            assert row.items() <= views[key].items() and views[key].keys() - row.keys() <= NOT_IN_ROW | {"symbols"}
            alone = CardTopics(kept)(tree, key)
            assert alone is not None
            assert seen.take(key, cards(tree, key)) == {**card_of(alone), "etag": alone.etag}
            assert card_of(alone)["bot"] == views[key]
            value["errors"] |= errors
        for unread in value["unread"].values():
            value["errors"] |= unread["errors"]
        assert {each["reason"] for each in value["errors"].values()} == {
            each["reason"] for each in bundle["errors"].values()
        }, "each problem is named, by its row or by the desk"
    assert patches > 20
    assert seen.patches > 20


class SeenCards:
    """What a page holds of cards; a patch that does not make the card of it fails the test."""

    def __init__(self) -> None:
        self.patches = 0
        self._held: dict[str, tuple[Held, Built]] = {}

    def take(self, key: str, built: Built | None) -> dict[str, Any]:
        """Return the card that was built."""
        assert built is not None
        value = {**card_of(built), "etag": built.etag}
        held, before = self._held.get(key, (Held(), None))
        patch = built.patch_from(before.etag) if before and built.patch_from and before.etag != built.etag else None
        if patch is not None:
            held.merge(patch, built.etag)
            assert held.value == value
            assert list(held.value["bot"]["positions"]) == list(value["bot"]["positions"])
            self.patches += 1
        held.value = copy.deepcopy(value)
        self._held[key] = held, built
        return value


def card_of(built: Built) -> dict[str, Any]:
    """Return what the builder of a card says, which puts a large one together when somebody asks for it."""
    found: dict[str, Any] = orjson.loads(built.payload() if callable(built.payload) else encode(built.payload))
    return found


def assert_parts(index: dict[str, Any], totals: Built, rows: dict[str, Built | None]) -> None:
    """Assert that what is told by itself is what the index says."""
    assert callable(totals.payload)
    head = orjson.loads(totals.payload())
    assert head == {name: each for name, each in index.items() if name not in ("bots", "etag")}
    assert head["counts"] == {kind: sum(key.startswith(kind) for key in index["bots"]) for kind in KINDS}
    for key, row in rows.items():
        assert row is not None
        alone = orjson.loads(orjson.dumps(row.payload))
        shown = index["bots"].get(key)
        assert alone.get("bot") == shown
        assert alone["errors"] == (shown or index["unread"][key])["errors"]


class _Same(DeskReader):
    """Reads what another has read."""

    def __init__(self, reader: DeskReader, desk: Desk) -> None:
        self.page = reader.page
        self.desk = desk

    def read(self, tree: Tree[Any]) -> tuple[Desk, float | None]:
        return self.desk, None


def assert_sums(index: dict[str, Any], full: dict[str, Any]) -> None:
    """Assert that running totals are what the full sums say, to the last digit."""
    assert index.keys() == full.keys()
    for currency, total in full.items():
        found, expected = dict(index[currency]), dict(total)
        names, days = expected.pop("bots"), expected.pop("days")
        assert found.pop("bots") == len(names)
        counted = found.pop("days")
        assert found == expected
        assert counted.keys() == days.keys()
        for day, each in days.items():
            bots, missing = each.pop("bots"), each.pop("missing")
            assert counted[day].pop("bots") == len(bots)
            assert counted[day].pop("missing") == sorted(set(missing))
            assert counted[day].pop("missing_total") == len(set(missing))
            assert counted[day] == each
