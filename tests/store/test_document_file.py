"""What we write has only fields that readers know; what others write may have more."""

from pathlib import Path
from typing import Any

import pytest

from aion.store.document_file import read_document, write_document
from tests.web.sample import fill, sim_log, summary, swing_rolling

PNL = {"gross": 1.0, "net": 1.0}


@pytest.mark.parametrize(
    ("document", "where"),
    [
        (sim_log("orb", 3) | {"equty": 1.0}, "equty"),
        (sim_log("orb", 3, day_pnl={**PNL, "nett": 1.0}), "day_pnl.nett"),
        (sim_log("orb", 3, fills={"f1": fill(1) | {"prize": 1.0}}), "fills.f1.prize"),
        (sim_log("orb", 3, fills={"f1": fill(1) | {"bar": {**fill(1)["bar"], "vol": 1}}}), "fills.f1.bar.vol"),
        (swing_rolling("s", days={"2022-05-18": {**PNL, "nets": 1}}), "days.2022-05-18.nets"),
        (swing_rolling("s", return_=0.1), "return_"),
        (summary(3, ["orb"], days={"2022-05-18": {"orb": {"currency": "USD", "dy": 1}}}), "days.2022-05-18.orb.dy"),
    ],
)
def test_write_when_a_field_is_mistyped_then_it_is_named_and_the_file_stays(
    tmp_path: Path, document: dict[str, Any], where: str
) -> None:
    path = tmp_path / "state.json"
    write_document(path, sim_log("orb", 1))
    before = path.read_bytes()
    with pytest.raises(ValueError, match=rf"^state.json: {where} is no field of a "):
        write_document(path, document)
    assert path.read_bytes() == before


def test_read_when_another_program_says_more_then_it_is_ignored(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    write_document(path, sim_log("orb", 3))
    path.write_bytes(path.read_bytes().replace(b'"bot"', b'"theirs":{"any":1},"bot"', 1))
    read_document(path, "sim_log")
