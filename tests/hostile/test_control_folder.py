"""Folders of requests that somebody fills with anything: each request beside it is carried out, and told as it is."""

import os
import random
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from aion.config import Settings
from aion.store.control_id import make_id
from aion.store.document.action import Action
from aion.store.layout import DESK, Layout
from aion.web.control.request import Requests
from aion.web.reader import FileReader
from tests.bot.desk import WALL, audits, document
from tests.control.play import orb, play, when

CHARACTERS = "c0129-TZz._ \t\n\u0661\u00e9*~$%"


def name_of(chance: random.Random) -> str:
    """A name that is an id, nearly one, or anything."""
    kind = chance.randrange(4)
    if kind == 0:
        return "".join(chance.choices(CHARACTERS, k=chance.randrange(1, 60))).strip(".") or "x"
    at = WALL + timedelta(days=chance.choice((-4000, -8, 2, 40, 3000)), seconds=chance.randrange(9999))
    made = make_id(at, None, "".join(chance.choices("0aZ-_.", k=chance.randrange(1, 20))))
    cut = chance.randrange(len(made))
    return made if kind == 1 else made[:cut] + chance.choice(CHARACTERS) + made[cut:] if kind == 2 else made[::-1]


def fill(folder: Path, chance: random.Random, count: int) -> list[Path]:
    """Put anything there."""
    folder.mkdir(parents=True, exist_ok=True)
    makers: tuple[Callable[[Path], object], ...] = (
        lambda path: path.write_bytes(chance.randbytes(chance.randrange(200))),
        lambda path: path.write_text("{}"),
        Path.mkdir,
        os.mkfifo,
        lambda path: path.symlink_to("/dev/zero"),
        lambda path: path.symlink_to(path),
    )
    made = []
    while len(made) < count:
        path = folder / f"{name_of(chance)}{chance.choice(('.json', '.json', ''))}"
        if path.name.startswith(".") or path.name == "kill.json" or os.path.lexists(path):
            continue
        chance.choice(makers)(path)
        made.append(path)
    return made


@pytest.mark.parametrize("seed", range(6))
def test_folder_when_it_is_full_of_anything_then_requests_are_carried_out_and_told_by_their_ids(
    tmp_path: Path, seed: int
) -> None:
    chance = random.Random(seed)
    layout = Layout(tmp_path)
    there = [path for target in ("orb_ny", DESK) for path in fill(layout.controls / target, chance, 60)]
    now = [WALL]
    desk = Requests(layout, FileReader(layout), Settings(data=tmp_path), now=lambda: now[0])
    asked: dict[str, str] = {}

    def ask(target: str, action: Action) -> None:
        line = desk.ask(target, action, "ana", "")
        asked[line.id] = target
        assert desk.read(target).requests[line.id].state == "requested"

    play(
        tmp_path,
        when("2022-05-19T13:31Z", lambda: ask("orb_ny", "pause")),
        when("2022-05-19T13:32Z", lambda: ask(DESK, "resume")),
        when("2022-05-19T13:40Z", lambda: fill(layout.controls / "orb_ny", chance, 20)),
        when("2022-05-19T13:45Z", lambda: ask("orb_ny", "flatten")),
    )
    assert {row.id: row.target for row in audits(layout.ledger)} == asked, "one row a request, and none beside"
    for control_id, target in asked.items():
        assert desk.read(target).requests[control_id].state == "done"
    assert orb(tmp_path)["state"] == "paused" and orb(tmp_path)["positions"] == {}
    clock = document(layout.sim_summary)["clock"]
    assert 0 < len(clock["left_aside"]) <= 10 and 0 < len(desk.read("orb_ny").left_aside) <= 5
    assert all(os.path.lexists(path) for path in there), "nothing of somebody else is removed"
