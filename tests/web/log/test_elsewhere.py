"""What a desk makes of the answers of a relay, whatever that says."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from aion.errors import AionError, NotFoundError
from aion.store.layout import RELAY_MARK, RELAY_SOCKET, Layout
from aion.store.local_socket import listen
from aion.web.log.elsewhere import AT_ONCE, BusyMachineError, Elsewhere, SilentMachineError


@asynccontextmanager
async def relay(folder: Path, answer: bytes) -> AsyncIterator[None]:
    async def reply(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(answer)
        writer.close()

    server = await asyncio.start_unix_server(reply, sock=listen(folder / RELAY_SOCKET))
    try:
        yield
    finally:
        server.close()


def copy_of(folder: Path, machine: str = "m1") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / RELAY_MARK).write_text(json.dumps({"machine": machine}))
    return folder


def run(scenario: Callable[[], Coroutine[None, None, None]]) -> None:
    asyncio.run(asyncio.wait_for(scenario(), 20))


async def whole(desk: Elsewhere, machine: str = "m1") -> bytes:
    coming = await desk.ask(machine, "tail", {})
    return b"".join([part async for part in coming.parts])


def test_copies_are_found_in_the_data_folder_and_in_machines_below_it_and_broken_ones_left_out(
    tmp_path: Path,
) -> None:
    copy_of(tmp_path)
    deep = copy_of(tmp_path / "machines" / "b" / ("x" * 100), "deep")  # not one level below
    copy_of(tmp_path / "machines" / "m2", "m2")
    for name, text in (("m3", "not json"), ("m4", '{"machine": "../m4"}'), ("m5", "{}"), ("m6", '{"machine": 6}')):
        (tmp_path / "machines" / name).mkdir()
        (tmp_path / "machines" / name / RELAY_MARK).write_text(text)
    assert deep.exists()
    assert Elsewhere(Layout(tmp_path)).machines() == {"m1": tmp_path, "m2": tmp_path / "machines" / "m2"}


def test_each_machine_is_asked_where_its_copy_is_however_deep_that_is(tmp_path: Path) -> None:
    async def scenario() -> None:
        root = tmp_path / ("d" * 120)
        folder = copy_of(root / "machines" / "m1")
        async with relay(folder, b'{"size": 5}\nlines'):
            assert await whole(Elsewhere(Layout(root))) == b"lines"

    run(scenario)


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (b"", 504),
        (b"nonsense\n", 504),
        (b"[]\n", 504),
        (b'{"size": "x"}\n', 504),
        (b'{"size": 9}\nshort', 504),
        (b'{"status": 504, "error": "machine m1 is silent"}\n', 504),
        (b'{"status": 404, "error": "no log"}\n', 404),
        (b'{"status": 200, "error": "nonsense"}\n', 502),
    ],
)
def test_answer_that_is_none_or_ends_short_is_an_error_that_names_the_machine(
    tmp_path: Path, answer: bytes, status: int
) -> None:
    async def scenario() -> None:
        desk = Elsewhere(Layout(copy_of(tmp_path)))
        async with relay(tmp_path, answer):
            for _ in range(AT_ONCE + 1):  # none of them counts any more when it has failed
                with pytest.raises(AionError) as caught:
                    await whole(desk)
                assert caught.value.status == status
                assert status != 504 or "m1" in str(caught.value)

    run(scenario)


def test_file_or_link_in_place_of_the_socket_is_not_connected_to(tmp_path: Path) -> None:
    async def scenario() -> None:
        desk = Elsewhere(Layout(copy_of(tmp_path / "copy")))
        other = tmp_path / "other"
        other.mkdir()
        async with relay(other, b'{"size": 5}\nlines'):
            (tmp_path / "copy" / RELAY_SOCKET).symlink_to(other / RELAY_SOCKET)
            with pytest.raises(SilentMachineError, match="m1 cannot be asked"):
                await whole(desk)

    run(scenario)


def test_machine_is_asked_a_bounded_number_of_questions_at_once(tmp_path: Path) -> None:
    async def scenario() -> None:
        desk = Elsewhere(Layout(copy_of(tmp_path)))
        async with relay(tmp_path, b'{"size": 5}\nlines'):
            coming = [await desk.ask("m1", "tail", {}) for _ in range(AT_ONCE)]
            with pytest.raises(BusyMachineError, match="m1"):
                await desk.ask("m1", "tail", {})
            for each in coming:
                await each.parts.aclose()
            assert await whole(desk) == b"lines"
        with pytest.raises(NotFoundError, match="m2"):
            await desk.ask("m2", "tail", {})

    run(scenario)
