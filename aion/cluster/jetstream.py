"""The link to NATS JetStream, on raw streams with headers: its key-value layer cannot resume.

Source: NATS ADR-50 (atomic batches), "JetStream wire API" reference.
"""

import asyncio
import json
import random
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any

from aion.cluster.link import FencedError, Item, Keep, LinkError, Mark, Message, NobodyError
from aion.cluster.refusal import sentence
from aion.cluster.rights.accounts import api_prefix, delivery_prefix
from aion.extras import need

CONNECT_S = 2.0  # that a server has to take a connection
CLOSE_S = 1.0  # that a connection has to end
STAGGER_S = 0.4  # after which the next server is tried beside it
ANSWER_S = 2.0  # that the engine has to take what is put
TRIES = 4  # within that time, of what can be asked twice
SILENT_S = 2.5  # after which a reader of a stream gives up: the server says each second that it is there
HEARTBEAT = "100"  # status of what it says
MOST_WAITING = 256 << 20  # bytes that came and are not taken in yet
HEADERS_BYTES = 4096  # of a message, beside its data
LEAST_PAYLOAD = 65_536  # bytes of a message that a server must take
MOST_BATCH = 900  # items of one atomic batch; the server takes 1,000
OLDEST = 2, 12
"""Version of the server that has atomic batches."""
_WRONG_SEQUENCE = {10071, 10164}
_IN_USE = 10058
MachineOf = Callable[[str], str]


class JetStreamLink:
    """One connection; it does not reconnect by itself, so that whoever holds it knows what it has missed."""

    def __init__(self, client: Any, replicas: int, machine_of: MachineOf) -> None:
        """Args: client: connected, of nats-py; replicas: servers that keep each stream; machine_of: as for `open`."""
        self._client = client
        self._replicas = replicas
        self._machine_of = machine_of
        self._refused: list[str] = []
        self._failures = _failures()
        self.most_bytes = client.max_payload - HEADERS_BYTES

    @classmethod
    async def open(
        cls, servers: Sequence[str], replicas: int = 1, tls: Any = None, machine_of: MachineOf = lambda _: ""
    ) -> "JetStreamLink":
        """Connect to one of `servers`.

        Args:
            servers: URLs, such as `nats://10.0.0.1:4222`.
            replicas: servers that keep each stream that is made.
            tls: context of `ssl`, None for none.
            machine_of: returns the machine in whose account a stream is, empty for one of the own account.

        Raises:
            LinkError: none answers, or they refuse.
            ConfigError: nats-py is not installed.
        """
        said: list[str] = []

        async def hear(error: Exception) -> None:
            said.append(f"{error}" or type(error).__name__)

        async def connect(url: str) -> Any:
            client = need("nats.aio.client", "cluster").Client()
            options: dict[str, Any] = {
                "allow_reconnect": False, "connect_timeout": CONNECT_S, "ping_interval": 1,
                "max_outstanding_pings": 2, "max_reconnect_attempts": 1, "reconnect_time_wait": 0.1,
                "error_cb": hear, **({"tls": tls} if tls is not None else {}),
            }  # fmt: skip
            try:
                async with asyncio.timeout(CONNECT_S):
                    await client.connect([url], **options)
            except BaseException:
                with suppress(*_failures()):  # it waits for the end of a handshake that failed
                    await asyncio.wait_for(client.close(), CLOSE_S)
                raise
            return client

        client = await first_of(random.sample(servers, len(servers)), connect)
        if client is None:
            why = sentence(said[-1] if said else "nats: timeout")
            raise LinkError(f"no server of {', '.join(map(_plain, servers))} can be used: {why}")
        version = client.connected_server_version
        if (version.major, version.minor) < OLDEST:
            await client.close()
            raise LinkError(f"the server is NATS {version.major}.{version.minor}: atomic batches need 2.12 or newer")
        if client.max_payload < LEAST_PAYLOAD:
            most = client.max_payload
            await client.close()
            raise LinkError(f"the server takes messages of {most} bytes only: set its max_payload to 8MB")
        link = cls(client, replicas, machine_of)
        said.clear()  # of servers that could not be used
        link._refused = said
        return link

    async def mark(self, stream: str, keep: Keep | None = None) -> Mark:
        """As `Link`."""
        keep = keep or Keep()
        found = await self._api(stream, f"STREAM.INFO.{stream}")
        if found.get("error", {}).get("code") == 404:
            if machine := self._machine_of(stream):
                raise LinkError(f"machine {machine} has not been here yet, or the servers lost what it sent: held")
            config = {
                "name": stream, "subjects": [f"{stream}.>"], "retention": "limits", "discard": "old",
                "max_msgs_per_subject": 1, "storage": "file", "num_replicas": self._replicas, "max_msgs": keep.most,
                "max_bytes": -1, "max_age": int(keep.age_s * 1e9), "allow_msg_ttl": keep.is_timed,
                "max_consumers": -1, "max_msg_size": -1, "allow_atomic": True,
            }  # fmt: skip
            made = await self._api(stream, f"STREAM.CREATE.{stream}", config)
            if "error" in made and made["error"].get("err_code") != _IN_USE:
                raise LinkError(
                    f"the stream {stream} cannot be made: {sentence(made['error'].get('description', ''))}"
                )
            found = await self._api(stream, f"STREAM.INFO.{stream}")
        if "error" in found:
            raise LinkError(f"the stream {stream} does not answer: {sentence(found['error'].get('description', ''))}")
        return Mark(found["created"], int(found["state"]["last_seq"]))

    async def streams(self) -> list[str]:
        """As `Link`."""
        found: list[str] = []
        while True:
            page = await self._api("", "STREAM.NAMES", {"offset": len(found)})
            if "error" in page:
                raise LinkError(f"the engine does not list its streams: {page['error'].get('description')}")
            names = page.get("streams") or []
            found += names
            if not names or len(found) >= int(page.get("total", 0)):
                return found

    async def keys(self, stream: str) -> list[str]:
        """As `Link`."""
        found: list[str] = []
        while True:
            page = await self._api(stream, f"STREAM.INFO.{stream}", {"subjects_filter": ">", "offset": len(found)})
            if "error" in page:
                raise LinkError(
                    f"the stream {stream} does not answer: {sentence(page['error'].get('description', ''))}"
                )
            names = page["state"].get("subjects") or {}
            found += [name.partition(".")[2] for name in names]
            if not names or len(found) >= int(page.get("total", 0)):
                return found

    async def put(self, stream: str, items: Sequence[Item], after: int) -> int:
        """As `Link`."""
        for start in range(0, len(items), MOST_BATCH):
            after = await self._put_batch(stream, items[start : start + MOST_BATCH], after)
        return after

    async def _put_batch(self, stream: str, items: Sequence[Item], after: int) -> int:
        batch = secrets.token_hex(8)
        for number, item in enumerate(items, 1):
            headers = dict(item.headers)
            if number == 1:
                headers["Nats-Expected-Last-Sequence"] = str(after)
            if len(items) > 1:
                headers |= {"Nats-Batch-Id": batch, "Nats-Batch-Sequence": str(number)}
            if number < len(items):
                await self._guard(self._client.publish(f"{stream}.{item.key}", item.data, headers=headers))
                continue
            if len(items) > 1:
                headers["Nats-Batch-Commit"] = "1"
            return await self._store(f"{stream}.{item.key}", item.data, headers)
        return after

    async def put_one(self, stream: str, item: Item, after: int | None) -> int:
        """As `Link`."""
        headers = dict(item.headers)
        if after is not None:
            headers["Nats-Expected-Last-Subject-Sequence"] = str(after)
        return await self._store(f"{stream}.{item.key}", item.data, headers)

    async def _store(self, subject: str, data: bytes, headers: dict[str, str]) -> int:
        reply = await self._guard(self._client.request(subject, data, timeout=ANSWER_S, headers=headers))
        found = json.loads(reply.data)
        if error := found.get("error"):
            kind = FencedError if error.get("err_code") in _WRONG_SEQUENCE else LinkError
            raise kind(f"{subject.split('.')[0]}: {sentence(error.get('description', ''))}")
        return int(found["seq"])

    async def watch(self, stream: str, after: int) -> AsyncIterator[Message]:
        """As `Link`."""
        # not the client's ordered consumer, which lets the server wait a quarter of a second for each window of data
        machine, name = self._machine_of(stream), secrets.token_hex(8)
        target = f"{delivery_prefix(machine) if machine else '_AION_TO'}.{name}"
        found = await self._guard(self._client.subscribe(target, pending_bytes_limit=MOST_WAITING))
        config = {
            "name": name, "deliver_subject": target, "deliver_policy": "by_start_sequence",
            "opt_start_seq": after + 1, "ack_policy": "none", "max_deliver": 1, "mem_storage": True,
            "num_replicas": 1, "inactive_threshold": 5_000_000_000, "idle_heartbeat": 1_000_000_000,
        }  # fmt: skip
        body = {"stream_name": stream, "config": config, "action": "create"}
        made = await self._api(stream, f"CONSUMER.CREATE.{stream}.{name}", body)
        if "error" in made:
            raise LinkError(f"{stream} cannot be read: {sentence(made['error'].get('description', ''))}")
        expected = 1
        try:
            while True:
                try:
                    got = await found.next_msg(timeout=SILENT_S)
                except TimeoutError:
                    raise LinkError(f"{stream} is silent: the server that sends it is gone or hangs") from None
                if (got.headers or {}).get("Status") == HEARTBEAT:
                    continue
                number = got.metadata.sequence
                if number.consumer != expected:
                    raise LinkError(f"{stream}: a message was lost on the way")
                expected += 1
                yield Message(got.subject.partition(".")[2], got.data, got.headers or {}, number.stream)
        except self._failures as error:
            raise LinkError(f"{stream} cannot be read: {sentence(f'{error}' or type(error).__name__)}") from None
        finally:
            with suppress(*self._failures):  # it is gone with its link
                await found.unsubscribe()

    async def ask(self, subject: str, timeout_s: float, data: bytes = b"") -> bytes:
        """As `Link`."""
        errors = need("nats.errors", "cluster")
        try:
            return bytes((await self._client.request(subject, data, timeout=timeout_s)).data)
        except errors.NoRespondersError:
            raise NobodyError(f"nobody answers to {subject}") from None
        except self._failures as error:
            raise LinkError(f"{subject} does not answer: {error or type(error).__name__}{self._why()}") from None

    async def answer(self, subject: str, reply: Callable[[], Awaitable[bytes]]) -> Callable[[], Awaitable[None]]:
        """As `Link`."""

        async def respond(message: Any) -> None:
            data = await reply()
            with suppress(*self._failures):  # who asked asks again
                await message.respond(data)

        found = await self._guard(self._client.subscribe(subject, cb=respond))

        async def end() -> None:
            with suppress(*self._failures):
                await found.unsubscribe()

        return end

    async def answer_each(
        self, subject: str, reply: Callable[[bytes], Awaitable[bytes]]
    ) -> Callable[[], Awaitable[None]]:
        """As `Link`."""
        tasks: set[asyncio.Task[None]] = set()

        async def respond(message: Any) -> None:
            data = await reply(message.data)
            with suppress(*self._failures):  # who asked asks again
                await message.respond(data)

        async def begin(message: Any) -> None:
            task = asyncio.create_task(respond(message))
            tasks.add(task)
            task.add_done_callback(tasks.discard)

        found = await self._guard(self._client.subscribe(subject, cb=begin))

        async def end() -> None:
            for task in tasks:
                task.cancel()
            with suppress(*self._failures):
                await found.unsubscribe()

        return end

    async def tell(self, subject: str) -> None:
        """As `Link`."""
        await self._guard(self._client.publish(subject, b""))

    async def hear(self, prefix: str) -> AsyncIterator[str]:
        """As `Link`."""
        found = await self._guard(self._client.subscribe(f"{prefix}.*"))
        try:
            while True:
                with suppress(TimeoutError):  # nobody has to speak; a link that is gone raises another error
                    yield (await found.next_msg(timeout=SILENT_S)).subject.rpartition(".")[2]
        except self._failures as error:
            raise LinkError(f"{prefix} cannot be heard: {sentence(f'{error}' or type(error).__name__)}") from None
        finally:
            with suppress(*self._failures):  # it is gone with its link
                await found.unsubscribe()

    async def close(self) -> None:
        """As `Link`."""
        with suppress(*self._failures):
            await asyncio.wait_for(self._client.close(), CLOSE_S)

    async def _api(self, stream: str, what: str, body: Any = None) -> dict[str, Any]:
        data = json.dumps(body).encode() if body is not None else b""
        machine = self._machine_of(stream)
        prefix = api_prefix(machine) if machine else "$JS.API"
        # while servers agree on a leader nobody answers, and nobody does later what was asked before
        tries = (ANSWER_S / TRIES,) * TRIES if what.startswith("STREAM.INFO.") else (ANSWER_S,)
        for rest, timeout_s in enumerate(tries, 1 - len(tries)):
            try:
                reply = await self._guard(self._client.request(f"{prefix}.{what}", data, timeout=timeout_s))
            except LinkError:
                if not rest or not self._client.is_connected:
                    raise
            else:
                break
        found: dict[str, Any] = json.loads(reply.data)
        return found

    async def _guard(self, call: Awaitable[Any]) -> Any:
        try:
            return await call
        except self._failures as error:
            why = sentence(f"{error}" or type(error).__name__)
            raise LinkError(f"the engine does not answer: {why}{self._why()}") from None

    def _why(self) -> str:
        """Return what the server said last: a refused publish looks like a timeout, and only this has the reason."""
        return f" ({sentence(self._refused[-1])})" if self._refused else ""


async def first_of(servers: Sequence[str], connect: Callable[[str], Awaitable[Any]]) -> Any:
    """Return what `connect` makes of the first server that answers; None where none does.

    The next one is tried before the one that hangs has used up its time.
    """
    tries: set[asyncio.Task[Any]] = set()
    waiting = list(servers)
    try:
        while waiting or tries:
            if waiting:
                tries.add(asyncio.ensure_future(connect(waiting.pop(0))))
            done, tries = await asyncio.wait(
                tries, timeout=STAGGER_S if waiting else None, return_when=asyncio.FIRST_COMPLETED
            )
            for task in done:
                if task.exception() is None:
                    return task.result()
                if not isinstance(task.exception(), _failures()):
                    task.result()
        return None
    finally:
        for task in tries:
            task.cancel()
        await asyncio.gather(*tries, return_exceptions=True)


def _failures() -> tuple[type[Exception], ...]:
    """Return what the client raises where the engine, the network or an address is at fault."""
    return need("nats.errors", "cluster").Error, OSError, EOFError, TimeoutError, ValueError


def _plain(url: str) -> str:
    """Return `url` without the password in it."""
    scheme, _, rest = url.rpartition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}" if scheme else rest.rpartition("@")[2]
