"""Logins, tokens, tries and the audit on several desks: what happens on one is known to all."""

import asyncio
import json
import shutil
import threading
import time
from collections.abc import Iterator

import httpx
import pytest

from aion.cluster.desk import FACTS
from aion.cluster.link import Item, LinkError
from aion.cluster.relay import Engine
from tests.cluster.desks import PASSWORD, Desk, is_shared, start_desk
from tests.cluster.machine import Cluster, cluster, until


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with cluster(tmp_path_factory.mktemp("desks")) as found:
        found.server()
        yield found


@pytest.fixture(scope="module")
def desks(made: Cluster) -> Iterator[tuple[Desk, Desk]]:
    first = start_desk(made, "one", password=PASSWORD)
    second = start_desk(made, "two")
    until(lambda: is_shared(first, second))
    yield first, second
    for desk in (first, second):
        for client in desk.clients:
            client.close()


def ended_after(client: httpx.Client) -> tuple[threading.Thread, list[float]]:
    """Open a stream; the list gets the time when it ends."""
    ended: list[float] = []
    opened = threading.Event()

    def follow() -> None:
        with client.stream("GET", "/api/events?topics=bots") as stream:
            for _ in stream.iter_raw():
                opened.set()
        ended.append(time.monotonic())

    thread = threading.Thread(target=follow, daemon=True)
    thread.start()
    assert opened.wait(10)
    return thread, ended


def test_login_on_one_desk_is_known_to_the_other_and_logout_ends_its_streams_there_at_once(
    desks: tuple[Desk, Desk],
) -> None:
    one, two = desks
    here = one.log_in()
    until(lambda: two.knows(here))
    there = two.client(here.cookies)
    thread, ended = ended_after(there)
    out = time.monotonic()
    here.delete("/api/session", headers={"origin": one.url})
    thread.join(10)
    assert ended and ended[0] - out < 1
    assert there.get("/api/bots/page").status_code == 401


def test_token_of_one_desk_works_on_the_other_until_it_is_revoked_on_either(desks: tuple[Desk, Desk]) -> None:
    one, two = desks
    here, there = one.log_in(), two.log_in()
    made = here.post("/api/tokens", json={"name": "script", "role": "viewer"}, headers={"origin": one.url}).json()

    def status(desk: Desk) -> int:
        return httpx.get(
            f"{desk.url}/api/bots/page", headers={"authorization": f"Bearer {made['token']}"}
        ).status_code

    until(lambda: status(two) == 200)
    there.delete("/api/tokens/script", headers={"origin": two.url})
    until(lambda: status(one) == 401)


def test_audit_of_each_desk_lists_that_of_all_and_says_on_which_desk(desks: tuple[Desk, Desk]) -> None:
    one, two = desks
    here, there = one.log_in(), two.log_in()
    for desk, client in ((one, here), (two, there)):
        body = {"name": f"of-{desk.name}"}
        client.post("/api/tokens", json=body, headers={"origin": desk.url}).raise_for_status()

    def seen(desk: Desk, client: httpx.Client) -> set[tuple[str, str]]:
        lines = [line for line in desk.lines(client) if line["what"] == "token made"]
        return {(line["after"]["name"], line["desk"]) for line in lines} & wanted  # type: ignore[index]

    wanted = {("of-one", "one"), ("of-two", "two")}
    until(lambda: seen(one, here) == wanted and seen(two, there) == wanted)
    assert sum(line["what"] == "token made" and line["desk"] == "one" for line in two.lines(there)) == sum(
        line["what"] == "token made" and line["desk"] == "one" for line in one.lines(here)
    )


def test_wrong_passwords_count_over_desks(desks: tuple[Desk, Desk]) -> None:
    one, two = desks
    answers = []
    for number in range(6):
        desk = desks[number % 2]
        answers.append(
            desk.client().post("/api/session", json={"password": "no"}, headers={"origin": desk.url}).status_code
        )

        def left(of: Desk) -> float:
            with of.store() as store, store.write() as write:
                rows = write("select left from tried where name = '127.0.0.1'")
            return float(rows[0][0]) if rows else 5.0

        until(lambda: abs(left(one) - left(two)) < 0.5)
    assert 429 in answers
    for desk in desks:
        with desk.store() as store, store.write() as write:
            write("delete from tried")


def test_desk_that_was_cut_off_goes_on_and_takes_in_what_it_missed_and_brings_back_nothing(
    desks: tuple[Desk, Desk],
) -> None:
    one, two = desks
    before = one.log_in()
    until(lambda: two.knows(before))
    two.relay.kill()
    alone = two.log_in()  # a new login works on a desk that is alone
    left_on_one, left_on_two = one.log_in(), two.client(before.cookies)
    left_on_one.delete("/api/session", headers={"origin": one.url})
    assert two.knows(before)  # it has not heard of anything
    before.delete("/api/session", headers={"origin": one.url})
    assert left_on_two.get("/api/session").status_code == 200
    two.relay.start()
    until(lambda: not two.knows(before))
    until(lambda: one.knows(alone))
    assert not one.knows(before) and not one.knows(left_on_one)


def test_password_that_is_changed_on_one_desk_ends_the_sessions_of_all_those_opened_apart_too(
    desks: tuple[Desk, Desk],
) -> None:
    one, two = desks
    here = one.log_in()
    until(lambda: two.knows(here))
    with two.stopped():
        apart = two.log_in()
        one.set_password("another password of theirs")
    until(lambda: not two.knows(apart) and not two.knows(here))
    assert not one.knows(apart)
    again = two.log_in("another password of theirs")
    until(lambda: one.knows(again))
    one.set_password()
    until(lambda: is_shared(one, two) and not two.knows(again))


def test_store_of_the_engine_that_is_lost_brings_back_no_session_that_has_ended(
    made: Cluster, desks: tuple[Desk, Desk]
) -> None:
    one, two = desks
    goes_on, ends = one.log_in(), one.log_in()
    until(lambda: two.knows(ends) and two.knows(goes_on))
    two.relay.kill()
    ends.delete("/api/session", headers={"origin": one.url})
    server = made.parts[0]
    server.kill()
    shutil.rmtree(made.root / "store")
    one.relay.kill()
    server.start()
    two.relay.start()  # who has not heard of it is the first to tell
    until(lambda: asyncio.run(told(made)) > 3)
    one.relay.start()
    until(lambda: not two.knows(ends))
    assert not one.knows(ends)
    assert one.knows(goes_on) and two.knows(goes_on)


async def told(made: Cluster) -> int:
    """How many facts the engine has."""
    link = await Engine([made.url]).open()
    try:
        return len(await link.keys(FACTS))
    except LinkError:
        return 0
    finally:
        await link.close()


def test_foreign_messages_change_nothing(made: Cluster, desks: tuple[Desk, Desk]) -> None:
    one, two = desks
    goes_on = one.log_in()
    until(lambda: two.knows(goes_on))
    with one.store() as store:
        found = store.password_hash("admin")
    name = "a" * 64
    fact = {"role": "admin", "created_at": 1, "ends_at": 9e9, "address": "", "family": name, "generation": 999}
    foreign = {
        "role.admin": b'{"password": -1, "hash": "x", "set_at": 0, "sessions": 0, "tokens": 0}',
        "role.viewer": b"[]",
        "role.root": b"{}",
        "desk.id": b'{"id": "../../.."}',
        "nonsense": b"\xff",
        f"session.{name}": json.dumps(fact | {"role": "root"}).encode(),
        f"session.{'b' * 64}": json.dumps(fact | {"ends_at": "never"}).encode(),
        "session.short": json.dumps(fact).encode(),
        f"token.{name}": json.dumps(fact).encode(),
    }
    asyncio.run(say(made, foreign))
    later = one.log_in()  # told behind all that
    until(lambda: two.knows(later))
    for desk in desks:
        with desk.store() as store, store.write() as write:
            assert not write("select 1 from session where length(id) != 64 or role not in ('admin', 'viewer')")
            assert not write("select 1 from session where id in (?, ?)", name, "b" * 64)
            assert not write("select 1 from token where hash = ?", name)
        with desk.store() as store:
            assert store.password_hash("admin") == found
    assert two.knows(goes_on)


async def say(made: Cluster, messages: dict[str, bytes]) -> None:
    """Put messages in place of those of desks."""
    link = await Engine([made.url]).open()
    try:
        for key, data in messages.items():
            await link.put_one(FACTS, Item(key, data), None)
    finally:
        await link.close()
