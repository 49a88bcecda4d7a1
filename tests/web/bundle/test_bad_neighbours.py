"""What bad bots cost the others: counted in files read and topics concerned, never in time."""

import random
from pathlib import Path
from typing import Any

import orjson
import pytest

from aion.config import Settings
from aion.live.builder import Builder
from aion.live.disk.source import Tree, scan
from aion.live.topic import Family, Topic
from aion.store.file import MAX_FILE_BYTES
from aion.web.bundle.index.index import IndexTopic
from aion.web.bundle.index.state import IndexState
from aion.web.bundle.reader import DeskReader
from aion.web.bundle.reading import Page
from aion.web.bundle.topic import FOLDERS, accepts, load_file, make_topics, reload_file
from tests.web.sample import Writer

BOTS = 60
GOOD = [f"good{number}" for number in range(BOTS)]
TORN = [f"torn{number}" for number in range(6)]
FLAPPING = [f"flap{number}" for number in range(6)]


class Fleet:
    """Good bots beside those that are torn, flap between two names, write far too often, or far too much."""

    def __init__(self, root: Path, rng: random.Random) -> None:
        self.write = Writer(root)
        self._rng = rng

    def one_round(self, minute: int, *, with_bad: bool) -> None:
        for name in self._rng.sample(GOOD, 10) if minute else GOOD:
            self.write.swing(name, minute, equity=100_000.0 + self._rng.randrange(1000))
        if not with_bad:
            return
        for name in TORN:
            self.write.layout.swing_rolling(name).write_bytes(b'{"torn')
        for name in FLAPPING:
            here, there = (self.write.layout.swing_rolling(each) for each in (name, f"other_{name}"))
            if here.exists():
                here.replace(there)
            else:
                there.unlink(missing_ok=True)
                self.write.swing(name, minute)
        for _ in range(20):
            self.write.swing("quick", minute)
        enormous = self.write.layout.swing_rolling("enormous")
        with enormous.open("wb") as file:
            file.truncate(MAX_FILE_BYTES + 1)


class Desk:
    """The index over the files of a folder, read again as they change."""

    def __init__(self, root: Path) -> None:
        self.tree: Tree[Any] = Tree(root, load_file, reload_file)
        self._root = root
        self._before: dict[str, Any] = {}
        self._index = IndexTopic(IndexState(DeskReader(Page(), 5.0)))

    def look(self) -> tuple[dict[str, Any], int, int]:
        """Return the index, how many files had changed, and how many were read."""
        found = scan(self._root, FOLDERS, accepts)
        changed = {path: at for path, at in found.items() if self._before.get(path) != at}
        self.tree.update(changed, self._before.keys() - found.keys())
        self._before, loads = found, self.tree.loads
        payload = self._index(self.tree).payload
        assert callable(payload)
        value: dict[str, Any] = orjson.loads(payload())
        return value, sum(not path.endswith("/") for path in changed), self.tree.loads - loads


@pytest.mark.parametrize("seed", range(2))
def test_index_when_many_bots_are_bad_then_only_what_changed_is_read_and_others_are_as_without_them(
    tmp_path: Path, seed: int
) -> None:
    roots = tmp_path / "with", tmp_path / "without"
    fleets = [Fleet(root, random.Random(seed)) for root in roots]
    desks = [Desk(root) for root in roots]
    for minute in range(8):
        for fleet, with_bad in zip(fleets, (True, False), strict=True):
            fleet.one_round(minute, with_bad=with_bad)
        (spoiled, changed, loads), (sound, _, alone) = desks[0].look(), desks[1].look()
        assert loads <= changed, "each file that changed is read once, however often it was written"
        assert alone == (10 if minute else BOTS)
        rows = {key: row for key, row in spoiled["bots"].items() if key in sound["bots"]}
        assert rows == sound["bots"]
        named = {key for key, each in spoiled["unread"].items() if each["errors"]}
        assert named >= {f"swing/{name}" for name in (*TORN, "enormous")}
        assert "swing/quick" in spoiled["bots"]


def test_change_of_one_bot_then_it_concerns_as_few_topics_among_many_as_among_few(tmp_path: Path) -> None:
    counts = []
    for bots in (10, 1000):
        topics = make_topics(Settings(data=tmp_path))
        fixed = {each.name: each for each in topics if isinstance(each, Topic)}
        families = {each.name: each for each in topics if isinstance(each, Family)}
        builder = Builder(Tree(tmp_path, load_file), tmp_path, accepts, fixed, families, {})
        for number in range(bots):
            for family in ("row", "bot"):
                builder.register(f"{family}/swing/b{number}", family, f"swing/b{number}")
        found = builder.concerned(["swing/rolling_b7.json.gz"])
        assert {name for name in found if "/" in name} == {"row/swing/b7", "bot/swing/b7"}
        counts.append(len(found))
    assert counts[0] == counts[1]
