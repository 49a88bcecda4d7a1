"""Still WebP images put together to a moving one, without decoding them.

Source: WebP Container Specification, https://developers.google.com/speed/webp/docs/riff_container
"""

import struct
from collections.abc import Iterable


def _chunk(name: bytes, data: bytes) -> bytes:
    return name + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)


def _uint24(value: int) -> bytes:
    return struct.pack("<I", value)[:3]


def image_chunk(still: bytes) -> bytes:
    """Return the chunk of a still WebP that holds its picture.

    Raises:
        ValueError: it is no still WebP.
    """
    if still[:4] != b"RIFF" or still[8:12] != b"WEBP":
        raise ValueError("not a WebP file")
    at = 12
    while at + 8 <= len(still):
        name, size = still[at : at + 4], struct.unpack_from("<I", still, at + 4)[0]
        if name in (b"VP8 ", b"VP8L"):
            return still[at : at + 8 + size + size % 2]
        at += 8 + size + size % 2
    raise ValueError("no still picture in the WebP file")


def size_of(still: bytes) -> tuple[int, int]:
    """Return width and height of a lossy still WebP, pixels.

    Source: RFC 6386, section 9.1 (the key frame header).
    """
    picture = image_chunk(still)
    if picture[:4] != b"VP8 ":
        raise ValueError("not a lossy WebP")
    width, height = struct.unpack_from("<HH", picture, 8 + 6)
    return width & 0x3FFF, height & 0x3FFF


def animate(frames: Iterable[tuple[bytes, int]], width: int, height: int) -> bytes:
    """Return a moving WebP that repeats for ever.

    Args:
        frames: still WebP files of that size, each with its duration in milliseconds.
        width: of every frame, pixels.
        height: of every frame, pixels.
    """
    is_animated = 0b00000010
    body = _chunk(b"VP8X", bytes([is_animated, 0, 0, 0]) + _uint24(width - 1) + _uint24(height - 1))
    body += _chunk(b"ANIM", struct.pack("<IH", 0xFF000000, 0))
    place = _uint24(0) + _uint24(0) + _uint24(width - 1) + _uint24(height - 1)
    do_not_blend = 0b00000010
    for still, duration_ms in frames:
        body += _chunk(b"ANMF", place + _uint24(duration_ms) + bytes([do_not_blend]) + image_chunk(still))
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WEBP" + body
