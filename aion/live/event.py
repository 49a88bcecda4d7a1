"""The wire format of Server-Sent Events as pure functions.

Source: WHATWG HTML, section 9.2 "Server-sent events". Lines end with LF; CR, LF and CRLF inside a field's value would
end it early, so data is split at each of them and names that contain them are rejected.
"""

import re
import zlib

_LINE_END = re.compile(rb"\r\n|\r|\n")


def encode_event(name: str, data: bytes, *, event_id: str | None = None, retry_ms: int | None = None) -> bytes:
    """Return one event.

    Args:
        name: its type; the page listens for it by this name.
        data: UTF-8; each CR, LF or CRLF in it becomes a new `data:` line, so that the page gets LF.
        event_id: becomes the page's last event id.
        retry_ms: milliseconds that the page waits before it connects again.

    Raises:
        ValueError: a line end or NUL in `name` or `event_id`, or a negative `retry_ms`.
    """
    head = _head(name, event_id, retry_ms)
    return head + b"".join(b"data: " + line + b"\n" for line in _LINE_END.split(data)) + b"\n"


def frame_around(name: str, event_id: str | None = None) -> tuple[bytes, bytes]:
    """Return the bytes before and after one line of data, for data that is known to contain no line end.

    Raises:
        ValueError: as `encode_event`.
    """
    return _head(name, event_id, None) + b"data: ", b"\n\n"


def _head(name: str, event_id: str | None, retry_ms: int | None) -> bytes:
    for what, value in (("event name", name), ("event id", event_id or "")):
        if "\n" in value or "\r" in value or "\0" in value:
            raise ValueError(f"{what} {value!r} holds a line end or NUL")
    head = f"event: {name}\n".encode()
    if event_id is not None:
        head += f"id: {event_id}\n".encode()
    if retry_ms is not None:
        if retry_ms < 0:
            raise ValueError(f"retry {retry_ms} ms is negative")
        head += f"retry: {retry_ms}\n".encode()
    return head


def chunk(data: bytes) -> bytes:
    """Return `data` as one chunk of HTTP/1.1 chunked transfer coding (RFC 9112, section 7.1)."""
    return b"%x\r\n%b\r\n" % (len(data), data)


LAST_CHUNK = b"0\r\n\r\n"

GZIP_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
"""Header of one gzip member (RFC 1952) without name and time."""

_FINAL_BLOCK = b"\x03\x00"  # an empty block of fixed codes with the last-block bit (RFC 1951)


def deflate_block(data: bytes, level: int) -> bytes:
    """Return `data` as complete deflate blocks that end on a byte boundary and refer to nothing before them.

    A decoder can read them after any other such blocks, so one result serves every client of a shared stream, and a
    client may join or skip at any of them. RFC 1951; the flush is zlib's Z_FULL_FLUSH.
    """
    packer = zlib.compressobj(level, zlib.DEFLATED, -zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush(zlib.Z_FULL_FLUSH)


def stored_block(data: bytes) -> bytes:
    """Return `data` as stored (uncompressed) deflate blocks of at most 65,535 bytes each."""
    blocks = []
    for start in range(0, len(data), 65_535):
        part = data[start : start + 65_535]
        blocks.append(b"\x00" + len(part).to_bytes(2, "little") + (len(part) ^ 0xFFFF).to_bytes(2, "little") + part)
    return b"".join(blocks)


def event_chunks(name: str, event_id: str, data: bytes, block: bytes) -> tuple[bytes, bytes]:
    """Return an event with one line of data as two chunks: plain, and inside the shared gzip member.

    Args:
        name: as for `encode_event`.
        event_id: the same.
        data: known to hold no line end.
        block: the `deflate_block` of `data`; the bytes around it are stored uncompressed.
    """
    return identity_chunk(name, event_id, data), gzip_chunk(name, event_id, block)


def identity_chunk(name: str, event_id: str, data: bytes) -> bytes:
    """Return an event with one line of data as one plain chunk; arguments as of `event_chunks`."""
    before, after = frame_around(name, event_id)
    return chunk(before + data + after)


def gzip_chunk(name: str, event_id: str, block: bytes) -> bytes:
    """Return an event as one chunk inside the shared gzip member; arguments as of `event_chunks`."""
    before, after = frame_around(name, event_id)
    return chunk(stored_block(before) + block + stored_block(after))


def gzip_member(block: bytes, data: bytes) -> bytes:
    """Return a complete gzip member made of `block`, the `deflate_block` of `data`."""
    size = (len(data) & 0xFFFFFFFF).to_bytes(4, "little")
    return GZIP_HEADER + block + _FINAL_BLOCK + zlib.crc32(data).to_bytes(4, "little") + size
