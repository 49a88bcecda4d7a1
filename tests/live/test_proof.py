"""How old proofs are: as text, and as streams are told."""

import asyncio
import json

import pytest

from aion.live import proof
from aion.live.proof import Proof, Proofs, as_text
from aion.live.push.hub import Hub
from aion.live.push.lane import Subscriber


def test_text_names_each_source_with_age_and_limit() -> None:
    proofs = {"m1": Proof(0.418, 3.0), "data": Proof(None, 30.0)}
    assert as_text(proofs) == "data=?0;limit=30.0, m1=0.42;limit=3.0"
    assert as_text(proofs, 1.0) == "data=?0;limit=30.0, m1=1.42;limit=3.0"
    assert as_text({}) == ""


@pytest.mark.parametrize(("age_s", "is_held"), [(None, True), (0.0, False), (3.0, False), (3.01, True)])
def test_source_is_held_once_its_proof_is_too_old_or_never_came(age_s: float | None, is_held: bool) -> None:
    assert Proof(age_s, 3.0).is_held is is_held


class Client(Subscriber):
    """Keeps what it is sent."""

    def __init__(self) -> None:
        super().__init__(("a",), is_gzip=False)
        self.write = lambda data: self.got.append(data.split(b"\r\n", 1)[1])
        self.got: list[bytes] = []

    def said(self, event: str) -> list[str]:
        head = f"event: {event}\ndata: ".encode()
        found = [data.removeprefix(head).strip() for data in self.got if data.startswith(head)]
        return [json.loads(data).get("proved", "none") for data in found]


def test_hello_heartbeat_and_an_event_carry_the_ages_where_there_are_sources() -> None:
    hub, client, paused = Hub(), Client(), Client()
    proofs: Proofs = {}
    hub.proofs = lambda: proofs
    for each in (client, paused):
        hub.add(each)
    hub.greet(client, {}, 100)
    hub.heartbeat()
    proofs = {"data": Proof(0.5, 3.0)}
    hub.greet(client, {}, 100)
    hub.heartbeat()
    hub.pause(paused)
    assert hub.tell_proofs()
    assert client.said("hb") == ["none", "data=0.50;limit=3.0"]
    assert client.said("proved") == ["data=0.50;limit=3.0"]
    assert paused.said("proved") == [] and paused.late_beats == 0, "an age that waits is of no use"
    hub.heartbeat()
    assert len(client.said("hb")) == 3 and paused.late_beats == 1


class Told:
    """A hub that has one source, and a clock."""

    def __init__(self) -> None:
        self.now_s = 100.0
        self.proved_s: float | None = None
        self.limit_s = 3.0
        self.said: list[tuple[float, bool]] = []
        self.has_source = True

    def proofs(self) -> Proofs:
        if not self.has_source:
            return {}
        age_s = None if self.proved_s is None else self.now_s - self.proved_s
        return {"data": Proof(age_s, self.limit_s)}

    def tell_proofs(self) -> bool:
        self.said.append((round(self.now_s - 100, 1), self.proofs()["data"].is_held))
        return True


def play(monkeypatch: pytest.MonkeyPatch, proofs_at: set[float], until_s: float) -> list[tuple[float, bool]]:
    """What is told until then, with proofs at those times."""
    told = Told()

    async def sleep(seconds: float) -> None:
        told.now_s += seconds
        moment = round(told.now_s - 100, 1)
        if moment in proofs_at:
            told.proved_s = told.now_s
        if moment >= until_s:
            raise asyncio.CancelledError

    monkeypatch.setattr(proof, "steady_s", lambda: told.now_s)
    monkeypatch.setattr(proof.asyncio, "sleep", sleep)  # type: ignore[attr-defined]
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(proof.tell_on(told))
    return told.said


def test_streams_are_told_of_each_proof_and_at_once_when_a_source_is_held(monkeypatch: pytest.MonkeyPatch) -> None:
    said = play(monkeypatch, {1.0, 2.0, 3.0}, 8.0)
    assert (0.0, True) in said and (1.0, False) in said and (2.0, False) in said, "the first moment of each proof"
    held = [moment for moment, is_held in said if is_held and moment > 3]
    assert 6.0 < held[0] <= 6.2 and len(held) >= 2, "held after the limit, and every second on"


def test_desk_that_nobody_feeds_tells_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Told, "proofs", lambda self: {})
    assert play(monkeypatch, set(), 5.0) == []
