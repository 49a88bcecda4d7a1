"""The wire format, byte for byte."""

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aion.live.event import GZIP_HEADER, chunk, deflate_block, encode_event, frame_around, gzip_member, stored_block


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"{}", b"event: bots\ndata: {}\n\n"),
        (b"a\nb", b"event: bots\ndata: a\ndata: b\n\n"),
        (b"a\rb", b"event: bots\ndata: a\ndata: b\n\n"),
        (b"a\r\nb", b"event: bots\ndata: a\ndata: b\n\n"),
        (b"a\n\nb", b"event: bots\ndata: a\ndata: \ndata: b\n\n"),
        (b"", b"event: bots\ndata: \n\n"),
    ],
)
def test_encode_event_any_line_end_starts_a_data_line(data: bytes, expected: bytes) -> None:
    assert encode_event("bots", data) == expected


def test_encode_event_id_and_retry_come_before_the_data() -> None:
    assert encode_event("hello", b"{}", event_id="17", retry_ms=500) == (
        b"event: hello\nid: 17\nretry: 500\ndata: {}\n\n"
    )


@pytest.mark.parametrize("name", ["a\nb", "a\rb", "a\0b"])
def test_encode_event_line_end_in_a_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="line end or NUL"):
        encode_event(name, b"")
    with pytest.raises(ValueError, match="line end or NUL"):
        encode_event("x", b"", event_id=name)


def test_encode_event_negative_retry_is_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        encode_event("x", b"", retry_ms=-1)


def test_frame_around_gives_the_same_bytes_as_encode_event() -> None:
    before, after = frame_around("bots", "9")
    assert before + b'{"a":1}' + after == encode_event("bots", b'{"a":1}', event_id="9")


def test_chunk_is_length_in_hex_and_crlf() -> None:
    assert chunk(b"x" * 20) == b"14\r\n" + b"x" * 20 + b"\r\n"


@given(st.lists(st.tuples(st.binary(max_size=3000), st.booleans()), max_size=8), st.integers(0, 8))
def test_blocks_in_any_order_or_from_any_point_decode(parts: list[tuple[bytes, bool]], start: int) -> None:
    blocks = [deflate_block(data, 3) if packed else stored_block(data) for data, packed in parts]
    unpacked = zlib.decompressobj(31).decompress(GZIP_HEADER + b"".join(blocks[start:]))
    assert unpacked == b"".join(data for data, _ in parts[start:])


@given(st.binary(max_size=200_000))
def test_gzip_member_of_a_block_is_what_gunzip_reads(data: bytes) -> None:
    assert gzip.decompress(gzip_member(deflate_block(data, 3), data)) == data


def test_stored_block_over_the_block_limit_is_split() -> None:
    data = bytes(range(256)) * 600
    assert zlib.decompressobj(-15).decompress(stored_block(data)) == data
