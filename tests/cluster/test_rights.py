"""What members of a cluster may do, on a real server with the configuration that `aion cluster` writes."""

import asyncio
import json
import shutil
import stat
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import nats
import nats.errors
import pytest

from aion.cluster.answer import ask_subject
from aion.cluster.copies import Copies
from aion.cluster.desk import AUDIT, FACTS, TRIES
from aion.cluster.jetstream import JetStreamLink
from aion.cluster.link import Item, LinkError
from aion.cluster.push import HERE, state_stream
from aion.cluster.relay import Engine
from aion.cluster.rights import registry
from aion.cluster.rights.accounts import Server, api_prefix, delivery_prefix
from aion.cluster.rights.authority import Pair, make_certificate
from aion.cluster.rights.member import read_member
from aion.cluster.shared import asked_stream
from aion.errors import ConfigError
from aion.store.layout import Layout
from tests.cluster.here import Machines
from tests.cluster.machine import counted, files
from tests.cluster.servers import Servers, servers

MEMBERS = {"m1": "machine", "m2": "machine", "m3": "machine", "gone": "machine", "d1": "desk", "d9": "desk"}
NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    with servers(tmp_path_factory.mktemp("rights"), 1) as found:
        for name, kind in MEMBERS.items():
            found.add(name, kind)
        found.start()
        yield found


def engine(made: Servers, name: str) -> Engine:
    return made.engine(made.folder / "members" / name)


async def raw(made: Servers, name: str, closed: asyncio.Event | None = None) -> Any:
    """A client of its own that may try anything."""
    member = read_member(made.folder / "members" / name)

    async def hear(_: Exception) -> None:
        return None

    async def end() -> None:
        if closed is not None:
            closed.set()

    return await nats.connect(
        list(member.servers), tls=member.tls(), allow_reconnect=False, error_cb=hear, closed_cb=end
    )


async def streams(made: Servers, name: str) -> Any:
    """A client of a machine whose streams are there."""
    link = await engine(made, name).open()
    for stream in (state_stream(name), asked_stream(name)):
        await link.mark(stream)
    await link.close()
    return await raw(made, name)


async def count(client: Any, stream: str) -> int:
    return int((await client.jetstream().stream_info(stream)).state.last_seq)


def play(scenario: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(asyncio.wait_for(scenario(), 60))


async def refused(client: Any, subject: str, data: bytes = b"forged") -> bool:
    try:
        answer = await client.request(subject, data, timeout=1)
    except (nats.errors.NoRespondersError, nats.errors.TimeoutError):
        return True
    return "error" in json.loads(answer.data)


def test_machine_reaches_nothing_of_another_one_and_a_desk_writes_no_state(made: Servers) -> None:
    async def scenario() -> None:
        m1, m2, desk = await streams(made, "m1"), await streams(made, "m2"), await raw(made, "d1")
        before = {stream: await count(m2, stream) for stream in (state_stream("m2"), asked_stream("m2"))}
        assert await refused(m1, f"{state_stream('m2')}.x")
        assert await refused(m1, f"{asked_stream('m2')}.x")
        await m1.publish(f"$JS.API.STREAM.INFO.{state_stream('m1')}", b"", reply=f"{asked_stream('m2')}.x")
        consumer = {"name": "c", "deliver_subject": f"{state_stream('m2')}.x", "ack_policy": "none"}
        body = json.dumps({"stream_name": state_stream("m1"), "config": consumer}).encode()
        await m1.request(f"$JS.API.CONSUMER.CREATE.{state_stream('m1')}.c", body)
        await m1.request(f"{state_stream('m1')}.x", b"forged")
        for api in ("$JS.API", api_prefix("m2")):
            assert await refused(m1, f"{api}.STREAM.INFO.{asked_stream('m2')}")
            assert await refused(m1, f"{api}.STREAM.MSG.GET.{asked_stream('m2')}", b'{"seq": 1}')
        heard = [
            await m1.subscribe(f"{prefix}.>") for prefix in (asked_stream("m2"), delivery_prefix("m2"), "_INBOX")
        ]
        assert not await refused(desk, f"{asked_stream('m2')}.asked", b"flatten")
        assert await refused(desk, f"{state_stream('m2')}.x")
        await desk.publish(
            f"{api_prefix('m2')}.STREAM.INFO.{state_stream('m2')}", b"", reply=f"{state_stream('m2')}.x"
        )
        consumer["deliver_subject"] = f"{state_stream('m2')}.x"
        body = json.dumps({"stream_name": asked_stream("m2"), "config": consumer}).encode()
        await desk.request(f"{api_prefix('m2')}.CONSUMER.CREATE.{asked_stream('m2')}.c", body)
        assert await refused(desk, f"{api_prefix('m2')}.STREAM.DELETE.{state_stream('m2')}", b"")
        assert await refused(desk, f"{api_prefix('m2')}.STREAM.PURGE.{asked_stream('m2')}", b"")
        assert not await refused(
            desk, f"{asked_stream('m2')}.asked", b"pause"
        )  # in the order of the server: all came
        assert await count(m2, state_stream("m2")) == before[state_stream("m2")]
        assert await count(m2, asked_stream("m2")) == before[asked_stream("m2")] + 2
        assert [each.pending_msgs for each in heard] == [0, 0, 0]
        for each in (m1, m2, desk):
            await each.close()

    play(scenario)


def test_state_and_controls_travel_between_members(made: Servers, tmp_path: Path) -> None:
    async def scenario() -> None:
        on = Machines("", tmp_path, "m3")
        on.bots.mkdir()
        on.desk.mkdir()
        on.engine = engine(made, "d1")
        on.pull()
        await on.until(lambda: any("has not been here yet" in each for each in on.said))
        on.share(on.desk)
        on.engine = engine(made, "m3")
        counted(on.bots, 5, "large", 9 << 20)
        counted(on.bots, 1)
        on.push()
        on.share(on.bots, is_source=True)
        await on.proved()
        assert on.is_same()
        kill, heard = (Layout(each).kill("orb_ny") for each in (on.desk, on.bots))
        kill.parent.mkdir(parents=True)
        kill.write_text("{}")
        await on.until(heard.exists)
        heard.unlink()
        await on.until(lambda: not kill.exists())
        for task in on.tasks:
            await on.stop(task)

    play(scenario)


def test_what_desks_share_and_what_they_ask_of_one_machine_is_beyond_another_one(made: Servers) -> None:
    async def scenario() -> None:
        link, other = await engine(made, "d1").open(), await engine(made, "d9").open()
        for stream in (FACTS, AUDIT, TRIES):
            await link.mark(stream)
            await link.put_one(stream, Item("x", b"{}"), None)
            assert (await other.mark(stream)).last == 1, "desks share it"
        owner, m1 = await engine(made, "m2").open(), await raw(made, "m1")
        asked: list[bytes] = []

        async def answer(question: bytes) -> bytes:
            asked.append(question)
            return b"lines"

        await owner.answer_each(ask_subject("m2"), answer)
        for stream in (FACTS, AUDIT, TRIES):
            assert await refused(m1, f"{stream}.x")
            for what in ("INFO", "PURGE", "DELETE", "MSG.GET"):
                assert await refused(m1, f"$JS.API.STREAM.{what}.{stream}", b'{"seq": 1}' if "." in what else b"")
        assert await refused(m1, ask_subject("m2"))
        heard = [await m1.subscribe(f"{prefix}.>") for prefix in (FACTS, AUDIT, TRIES)]
        heard.append(await m1.subscribe(ask_subject("m2")))
        await m1.flush()
        assert await link.ask(ask_subject("m2"), 5, b"which?") == b"lines"
        await other.put_one(FACTS, Item("x", b"{}"), None)
        await m1.flush()
        assert asked == [b"which?"] and [each.pending_msgs for each in heard] == [0, 0, 0, 0]
        assert [(await link.mark(stream)).last for stream in (FACTS, AUDIT, TRIES)] == [2, 1, 1]
        await m1.close()
        for each in (link, other, owner):
            await each.close()

    play(scenario)


def test_desk_finds_machines_that_may_list_nothing_also_one_that_is_added_later(
    made: Servers, tmp_path: Path
) -> None:
    async def scenario() -> None:
        on = Machines("", tmp_path, "m2")
        copies = {name: on.desk / "machines" / name for name in ("m2", "later")}
        for name in copies:
            counted(on.bots / name, 5)
        on.engine = engine(made, "m2")
        on.push(on.bots / "m2")
        on.share(on.bots / "m2", is_source=True)
        on.tasks.append(asyncio.create_task(Copies(on.desk, engine(made, "d1"), on.said.append).run(())))
        await on.proved(copies["m2"])
        on.engine, on.machine = made.add("later", "machine"), "later"
        made.reload()
        forging = await raw(made, "m1")
        for name in ("forged", "m3"):
            await forging.publish(f"{HERE}.{name}")
        await forging.close()
        on.push(on.bots / "later")
        on.share(on.bots / "later", is_source=True)
        for name, copy in copies.items():
            await on.proved(copy)
            assert files(copy) == files(on.bots / name)
        assert sorted(each.name for each in (on.desk / "machines").iterdir()) == ["later", "m2"], (
            "m1 spoke for others"
        )
        for task in on.tasks:
            await on.stop(task)

    play(scenario)


def test_removed_and_renewed_members_are_cut_when_the_servers_reload(made: Servers) -> None:
    async def scenario() -> None:
        closed = asyncio.Event()
        client, old = await raw(made, "gone", closed), read_member(made.folder / "members" / "d9")
        desk_closed = asyncio.Event()
        desk, tls = await raw(made, "d9", desk_closed), old.tls()
        gone = Engine.of(read_member(made.folder / "members" / "gone"))
        gone_tls = read_member(made.folder / "members" / "gone").tls()
        registry.remove(made.folder, "gone")
        registry.renew(made.folder, "d9", datetime.now(UTC))
        assert client.is_connected and desk.is_connected
        made.reload()
        await asyncio.wait_for(asyncio.gather(closed.wait(), desk_closed.wait()), 10)
        for urls, context in ((gone.servers, gone_tls), (old.servers, tls)):
            # a server that closes at once may do so before its reason is read
            said = r"refuses this member: it was removed|does not accept the keys of this member"
            with pytest.raises(LinkError, match=said):
                await JetStreamLink.open(urls, tls=context)
        link = await engine(made, "d9").open()
        await link.close()
        with pytest.raises(ConfigError, match="copy the whole folder"):
            await gone.open()

    play(scenario)


def test_keys_of_another_cluster_and_expired_ones_are_told_apart(made: Servers, tmp_path: Path) -> None:
    other = tmp_path / "other"
    registry.init(other, made.servers, datetime.now(UTC))
    foreign = registry.add(other, "m1", "machine", datetime.now(UTC))
    ours = made.folder / "members" / "m1"

    async def said(folder: Path) -> str:
        with pytest.raises(LinkError) as caught:
            await Engine.of(read_member(folder)).open()
        return str(caught.value)

    async def scenario() -> None:
        assert "its certificate is signed by another authority" in await said(foreign)
        (foreign / "servers.crt").write_bytes((ours / "servers.crt").read_bytes())
        assert "does not accept the keys of this member" in await said(foreign)

    play(scenario)


def test_expired_keys_are_named_as_such(made: Servers, tmp_path: Path) -> None:
    folder = shutil.copytree(made.folder / "members" / "m1", tmp_path / "m1")
    then = datetime.now(UTC) - timedelta(days=800)
    authority = Pair(*((made.folder / "authority" / f"members.{what}").read_bytes() for what in ("crt", "key")))
    past = make_certificate(authority, "machine-m1-x", then)
    (folder / "member.crt").write_bytes(past.certificate)
    (folder / "member.key").write_bytes(past.key)
    card = (folder / "member.toml").read_text().replace(f"{datetime.now(UTC).year + 2}-", "2020-")
    (folder / "member.toml").write_text(card)

    async def scenario() -> None:
        with pytest.raises(LinkError, match=r"the keys of m1 expired on 2020-.*aion cluster renew m1"):
            await Engine.of(read_member(folder)).open()

    play(scenario)


def test_folder_of_a_cluster_is_private_whole_and_never_overwritten(tmp_path: Path) -> None:
    folder = tmp_path / "c"
    registry.init(folder, [Server("10.0.0.1"), Server("b.example"), Server("::1", 4300)], NOW)
    registry.add(folder, "m1", "machine", NOW)
    for path in (folder, *folder.glob("*/*/"), *folder.rglob("*.key")):
        assert not stat.S_IMODE(path.stat().st_mode) & (stat.S_IRWXG | stat.S_IRWXO), path
    assert sorted(each.name for each in (folder / "servers").iterdir()) == ["--1-4300", "10.0.0.1", "b.example"]
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    for again in (
        lambda: registry.init(folder, [Server("x")], NOW),
        lambda: registry.add(folder, "m1", "desk", NOW),
        lambda: registry.add(folder, "a.b", "desk", NOW),
        lambda: registry.remove(folder, "m2"),
        lambda: registry.add(tmp_path / "none", "m1", "desk", NOW),
    ):
        with pytest.raises(ConfigError):
            again()
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
    assert not (tmp_path / "none").exists()
    assert registry.expiry(folder)["m1"] == NOW + timedelta(days=730)
    for path in folder.glob("servers/*/members.conf"):
        assert "machine-m1" in path.read_text()


@pytest.mark.parametrize("text", ["", "a,b", "a,a,b", "a b", "a:0", "a:70000", "nats://a", "a,b,c,d", "[::1"])
def test_servers_that_cannot_be_are_refused(text: str) -> None:
    with pytest.raises(ConfigError):
        registry.parse_servers(text)


def test_servers_are_names_addresses_and_ports() -> None:
    found = registry.parse_servers("a.example, 10.0.0.1:4300, [::1]:4400")
    assert found == (Server("a.example"), Server("10.0.0.1", 4300), Server("::1", 4400))
