"""Names of files in the data folder stand in `aion/store/layout.py`; which file of a bot is newest is one rule."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aion.command.inspect import status_lines
from aion.store import layout as names
from aion.store.layout import Layout, Place
from aion.store.newest import newest_first, newest_states
from aion.web.reader import FileReader

CODE = Path(names.__file__).parents[1]
OWN = (Path(names.__file__), *(CODE / "live").rglob("*.py"))  # aion/live stands alone and is told its names
FILES = frozenset(
    PurePosixPath(value).name for value in vars(Layout(Path())).values() if isinstance(value, Path) and value.suffix
) | {names.KILL, "archive.json"}
PLACED = re.compile(rf"(?:{'|'.join(names.FOLDERS)})/")
PARTS = re.compile(r"rolling_|bot_activity_|sim_logs\b|bot_logs\b|\*\.json|\.jsonl\b")


def test_no_module_but_the_layout_spells_a_path_of_the_data_folder() -> None:
    found = [each for path in sorted(CODE.rglob("*.py")) if path not in OWN for each in _spelled(path)]
    assert not found, "\n".join(found)


def test_the_search_finds_what_it_is_for(tmp_path: Path) -> None:
    code = tmp_path / "module.py"
    code.write_text(
        '"""Says intraday/rolling.json.gz."""\n'
        'a = root / "intraday"\nb = f"swing/rolling_{bot}.json.gz"\nc = root / "up.lock"\nd = f"logs/{name}"\n'
        'e = folder.glob("*.jsonl")\nf = "no such file: config/x.json is missing"\nrouter = "/api/intraday/logs"\n'
    )
    assert [int(line.split(":")[1]) for line in _spelled(code)] == [2, 3, 4, 5, 6]


def _spelled(path: Path) -> Iterator[str]:
    tree = ast.parse(path.read_text("utf-8"))
    below = {node.right for node in ast.walk(tree) if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div)}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or not isinstance(node.value, str) or " " in node.value:
            continue  # a sentence may name a file; a path has no blank
        value = node.value
        is_folder = node in below and value in names.FOLDERS
        if is_folder or value in FILES or PLACED.match(value) or PARTS.search(value):
            yield f"{path.relative_to(path.parents[1])}:{node.lineno}: {value!r}"


BOTS = st.sampled_from(["a", "b.c", "d-1"])
DAYS = st.dates().map(str)
PLACES = st.one_of(
    st.builds(Place, st.just("sim_log"), BOTS, DAYS),
    st.builds(Place, st.just("swing_rolling"), BOTS),
    st.builds(Place, st.just("bot_activity"), BOTS, DAYS, st.sampled_from(["1w", "12d"])),
)


@given(PLACES)
def test_a_place_gives_the_path_that_it_was_read_from(place: Place) -> None:
    assert Layout.place(place.file) == place


@given(st.lists(PLACES), st.dictionaries(BOTS, st.sampled_from(["intraday", "swing"])))
def test_the_newest_state_is_of_the_known_kind_and_newest_day(places: list[Place], kinds: dict[str, str]) -> None:
    found = newest_states(places, kinds)
    for place in places:
        kind = {"sim_log": "intraday", "swing_rolling": "swing"}.get(place.kind)
        if kind is None or kinds.get(place.bot, kind) != kind:
            continue
        newest = found[place.bot]
        assert kinds.get(place.bot) in (None, "swing" if newest.kind == "swing_rolling" else "intraday")
        assert newest.kind == "swing_rolling" or (place.kind == "sim_log" and newest.day >= place.day)
    assert set(newest_first(places)) == {place.bot for place in places}


@pytest.mark.parametrize(("kind", "is_swing"), [(None, True), ("swing", True), ("intraday", False)])
def test_readers_agree_on_the_file_of_a_bot_that_has_two(tmp_path: Path, kind: str | None, *, is_swing: bool) -> None:
    layout = Layout(tmp_path)
    kinds = {} if kind is None else {"a": kind}
    for path in (layout.sim_log("2022-05-19", "a"), layout.sim_log("2022-05-20", "a"), layout.swing_rolling("a")):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"no JSON")
    file = names.swing_rolling("a") if is_swing else names.sim_log("2022-05-20", "a")
    assert FileReader(layout).newest_state("a", kinds) == file
    (line,) = status_lines(tmp_path, kinds)
    assert "UNREADABLE" in line
    assert file in line
