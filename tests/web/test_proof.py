"""`watch/proof.json`: what proves, what does not, and what a desk says of it."""

import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from aion.config import Settings
from aion.store.document_file import write_document
from aion.store.layout import Layout
from aion.store.log.process_log import ProcessLog
from aion.web.http.static_files import STATIC
from aion.web.proof import OWN, TWO_FEEDERS, ProofWatch, Source
from tests.web.conftest import RunningDesk, running


class Feeder:
    """Writes proofs into a folder that a desk watches by a clock of this test."""

    def __init__(self, root: Path) -> None:
        self.layout = Layout(root)
        self.layout.proof.parent.mkdir(parents=True)
        self.source = Source(self.layout.proof, "watch/proof.json")
        self.now_s = 1000.0

    def write(self, n: int, epoch: str = "e", **fields: float) -> None:
        write_document(self.layout.proof, {"schema": "aion/proof/1", "epoch": epoch, "n": n, **fields})

    def age(self, later_s: float = 0.2) -> float | None:
        """How old the proof is at a look `later_s` after the one before."""
        self.now_s += later_s
        self.source.look(self.now_s)
        age_s = self.source.proof(self.now_s).age_s
        return None if age_s is None else round(age_s, 3)


@pytest.fixture
def feeder(tmp_path: Path) -> Feeder:
    return Feeder(tmp_path / "data")


def test_proof_holds_as_of_the_look_before_it_was_found(feeder: Feeder) -> None:
    feeder.write(1)
    assert feeder.age() is None, "it may have lain there for years"
    feeder.write(2)
    assert feeder.age() == 0.2
    assert feeder.age(1.0) == 1.2
    feeder.write(3, behind_s=0.5)
    assert feeder.age(0.3) == 0.8


def test_only_a_larger_number_of_the_same_epoch_proves(feeder: Feeder) -> None:
    feeder.write(7)
    feeder.age()
    feeder.write(8)
    assert feeder.age() == 0.2
    for n, epoch in ((8, "e"), (3, "e"), (9, "other")):  # sent again, restored, started anew
        feeder.write(n, epoch)
        feeder.age()
    assert feeder.age() == pytest.approx(1.0)
    feeder.write(10, "other")
    assert feeder.age() == 0.2


def test_two_feeders_of_one_folder_prove_nothing_until_one_stops(feeder: Feeder) -> None:
    for n in range(6):
        feeder.write(n, "ab"[n % 2])
        assert feeder.age() is None
    assert feeder.source.problem == TWO_FEEDERS
    feeder.write(6, "b")
    assert feeder.age() == 0.2 and feeder.source.problem == ""


def test_limit_is_three_times_the_promise_and_three_seconds_at_least(feeder: Feeder) -> None:
    for every_s, limit_s in ((0.2, 3.0), (1.0, 3.0), (60.0, 180.0)):
        feeder.write(1, every_s=every_s)
        feeder.age()
        assert feeder.source.proof(feeder.now_s).limit_s == limit_s


def test_broken_or_missing_proof_lets_the_age_grow_and_says_why(feeder: Feeder) -> None:
    feeder.write(1)
    feeder.age()
    feeder.write(2)
    feeder.age()
    feeder.layout.proof.write_text("{")
    assert feeder.age(1.0) == 1.2 and "proof.json" in feeder.source.problem
    feeder.layout.proof.unlink()
    assert feeder.age(1.0) == 2.2 and "gone" in feeder.source.problem
    feeder.write(3)
    assert feeder.age() == 0.2 and feeder.source.problem == ""


def test_folder_is_its_own_source_until_a_proof_lies_there_and_fed_from_then_on(feeder: Feeder) -> None:
    log = ProcessLog(feeder.layout, "web", "info")
    watch = ProofWatch(feeder.layout, log, lambda: feeder.now_s)
    watch.look()
    assert watch.read() == {}
    feeder.write(1)
    watch.look()
    feeder.layout.proof.unlink()
    watch.look()
    assert watch.read()[OWN].is_held, "a proof that is deleted makes nothing fresh"
    log.close()
    assert "proof file is gone" in feeder.layout.log("web").read_text()


def test_each_machine_has_a_proof_of_its_own_and_is_held_without_one(tmp_path: Path) -> None:
    layouts = {name: Layout(tmp_path / "machines" / name) for name in ("a", "b")}
    now_s = 100.0

    def write(machine: str, n: int) -> None:
        layouts[machine].proof.parent.mkdir(parents=True, exist_ok=True)
        write_document(layouts[machine].proof, {"schema": "aion/proof/1", "epoch": machine, "n": n})

    for name in layouts:
        write(name, 1)
    (tmp_path / "machines" / "c").mkdir()
    (tmp_path / "machines" / "C!").mkdir()
    log = ProcessLog(Layout(tmp_path), "web", "info")
    watch = ProofWatch(Layout(tmp_path), log, lambda: now_s)
    watch.look()
    assert watch.machines == ("a", "b", "c") and OWN not in watch.read(), "the own folder is its own source"
    write("a", 2)
    now_s += 1
    watch.look()
    found = watch.read()
    assert (found["a"].age_s, found["b"].age_s, found["c"].age_s) == (1.0, None, None)
    assert [name for name, proof in found.items() if proof.is_held] == ["b", "c"]
    assert watch.held_since("b") == (True, None) and not watch.held_since("a")[0]
    assert watch.problem_of("c").startswith("it has no proof") and list(watch.wrong) == ["C!"]
    now_s += 3
    write("b", 2)
    watch.look()
    assert watch.read()["a"].is_held and not watch.read()["b"].is_held, "one that falls silent holds no other"
    shutil.rmtree(tmp_path / "machines" / "a")
    watch.look()
    assert watch.machines == ("b", "c")
    log.close()


@pytest.fixture(scope="module")
def fed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDesk]:
    """A desk whose data folder is fed."""
    data = tmp_path_factory.mktemp("fed") / "data"
    layout = Layout(data)
    layout.proof.parent.mkdir(parents=True)
    write_document(layout.proof, {"schema": "aion/proof/1", "epoch": "e", "n": 1})
    with running(Settings(data=data), STATIC) as desk:
        yield desk


def proved(desk: RunningDesk, path: str = "/api/bots/page") -> str:
    return desk.get(path).headers["aion-proved-age"]


def test_desk_holds_what_it_finds_until_its_feeder_is_heard_of(fed: RunningDesk) -> None:
    assert proved(fed) == "data=?0;limit=3.0"
    assert proved(fed, "/api/intraday/bots") == "data=?0;limit=3.0"
    with fed.client.stream("GET", "/api/events?topics=bots&beats=1") as stream:
        lines = (line.removeprefix("data: ") for line in stream.iter_lines() if line.startswith("data: "))
        assert json.loads(next(lines))["proved"] == "data=?0;limit=3.0"
        write_document(fed.write.layout.proof, {"schema": "aion/proof/1", "epoch": "e", "n": 2})
        until = time.monotonic() + 30
        for line in lines:
            assert time.monotonic() < until
            if json.loads(line).get("proved", "?0").startswith("data=0."):
                break
    assert proved(fed).startswith("data=0.") or proved(fed).startswith("data=1.")
