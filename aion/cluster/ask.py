"""On a desk's machine: takes the desk's questions to another machine over a Unix socket, and fetches the answers.

The desk itself knows no engine. A question is one line of JSON; the answer is a line `{"size": bytes}` and that many
bytes, or a line `{"status": HTTP status, "error": why}`. A machine that falls silent within an answer ends it short.
"""

import asyncio
import json
import os
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from aion.cluster.answer import PIECE_BYTES, ask_subject
from aion.cluster.folder import Say
from aion.cluster.link import Link, LinkError, NobodyError
from aion.store.layout import RELAY_SOCKET, Layout
from aion.store.local_socket import listen

ANSWER_S = 5.0  # that a machine has for each piece
AT_ONCE = 16  # questions at a time
LINE_BYTES = 16 << 10  # of a question


class Asker:
    """Asks one machine. Used by one event loop."""

    def __init__(self, layout: Layout, machine: str, say: Say) -> None:
        """Args: layout: of the folder that holds the machine's files; machine: its name; say: tells people."""
        self._folder = layout.root
        self._machine = machine
        self._say = say
        self._link: Link | None = None
        self._open = 0

    async def run(self, link: Link) -> None:
        """Ask over `link` until it fails, which others notice."""
        self._link = link
        try:
            await asyncio.Event().wait()
        finally:
            self._link = None

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """Inside, questions are taken, with the engine down too: then each is refused at once."""
        try:
            own = listen(self._folder / RELAY_SOCKET)
        except OSError as error:
            self._say(f"the logs of {self._machine} cannot be asked for: {self._folder} takes no socket: {error}")
            yield
            return
        server = await asyncio.start_unix_server(self._take, sock=own, limit=LINE_BYTES)
        try:
            yield
        finally:
            server.close()
            with suppress(FileNotFoundError):
                os.unlink(self._folder / RELAY_SOCKET)

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open += 1
        try:
            await self._answer(reader, writer)
        except (OSError, LinkError):
            pass  # who asked left, or hears that the answer ends short
        finally:
            self._open -= 1
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async def refuse(status: int, why: str) -> None:
            writer.write(json.dumps({"status": status, "error": why}).encode() + b"\n")
            await writer.drain()

        if self._open > AT_ONCE:
            await refuse(503, f"{AT_ONCE} questions to machine {self._machine} are open: ask again")
            return
        try:
            async with asyncio.timeout(ANSWER_S):
                asked = json.loads(await reader.readline())
            question = {"id": secrets.token_hex(8), "what": asked["what"], "query": asked["query"]}
        except (ValueError, TypeError, KeyError, TimeoutError):
            await refuse(400, "a question is one line of JSON with what and query")
            return
        done, size, number = 0, -1, 0
        while size < 0 or done < size:
            try:
                head, data = await self._piece(question, number)
            except LinkError as error:
                if size < 0:
                    await refuse(504, str(error))
                return
            if "error" in head or size not in (-1, head.get("size")):
                if size < 0:
                    await refuse(int(head.get("status", 502)), str(head.get("error")))
                return
            if size < 0:
                size = int(head["size"])
                writer.write(json.dumps({"size": size}).encode() + b"\n")
            if len(data) != min(PIECE_BYTES, size - done):  # the file was cut, or the machine lies
                return
            writer.write(data)
            await writer.drain()
            done += len(data)
            number += 1

    async def _piece(self, question: dict[str, object], number: int) -> tuple[dict[str, Any], bytes]:
        link = self._link
        if link is None:
            raise LinkError(f"machine {self._machine} cannot be reached: the engine does not answer")
        try:
            asked = json.dumps({**question, "piece": number}).encode()
            answer = await link.ask(ask_subject(self._machine), ANSWER_S, asked)
        except NobodyError:
            raise LinkError(
                f"machine {self._machine} is silent: its relay is not running, or cannot reach the engine"
            ) from None
        except LinkError:
            raise LinkError(f"machine {self._machine} is silent: no answer within {ANSWER_S:g} s") from None
        head, _, data = answer.partition(b"\n")
        try:
            found = json.loads(head)
            if not isinstance(found, dict) or ("error" not in found and type(found["size"]) is not int):
                raise ValueError
        except (ValueError, KeyError):
            raise LinkError(f"machine {self._machine} gave an answer that cannot be read") from None
        return found, data
