"""What is kept of each bot from change to change, against a reading of everything."""

from itertools import islice
from pathlib import Path

import orjson
import pytest

from aion.live.source import Scan, Tree, scan
from aion.web.bundle.pages import Page, bots_bundle, intraday_bundle
from aion.web.bundle.reading import Desk
from aion.web.bundle.topic import FOLDERS, TreeFiles, accepts, load_file
from tests.web.bundle.change import Changes


def said(desk: Desk) -> list[bytes]:
    """Return what the pages are told, the problems in any order."""
    return [orjson.dumps(build(desk), option=orjson.OPT_SORT_KEYS) for build in (bots_bundle, intraday_bundle)]


@pytest.mark.parametrize("seed", range(12))
def test_reading_when_files_change_at_random_then_it_is_that_of_all_files(tmp_path: Path, seed: int) -> None:
    tree = Tree(tmp_path, load_file)
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
