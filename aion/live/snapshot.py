"""Snapshots: one version of one topic as finished bytes, and the rules of conditional requests."""

import re
from collections.abc import Callable, Mapping, Sequence
from hashlib import blake2b
from typing import Any

import orjson

from aion.live.event import deflate_block, gzip_chunk, gzip_member, identity_chunk
from aion.live.topic import Patch

GZIP_LEVEL = 3  # a third more time than level 1 for a tenth fewer bytes; level 6 costs twice that for 13 % fewer


class Snapshot:
    """One version of one topic; each form in which it is sent is made when it is first asked for, and kept.

    Streams mostly take gzip, and only GETs its own member: to make all forms of each version would double its memory.
    """

    __slots__ = (
        "_block",
        "_body",
        "_gzip",
        "_gzip_frame",
        "_identity_frame",
        "_level",
        "_payload",
        "etag",
        "heads",
        "patch_from",
        "topic",
        "version",
    )

    def __init__(
        self,
        topic: str,
        version: int,
        etag: str,
        payload: bytes | Callable[[], bytes],
        level: int = GZIP_LEVEL,
        patch_from: Callable[[str], Patch | None] | None = None,
    ) -> None:
        """Make it.

        Args:
            topic: its name, also the name of its event.
            version: microseconds; grows within a process. A hint of order, never of equality.
            etag: weak validator: a hash of the content without these two. Equal tags mean equal content.
            payload: the content as a JSON object (see `encode`), or what returns it.
            level: zlib level, 1..9.
            patch_from: as `Built.patch_from`.
        """
        self.topic = topic
        self.version = version
        self.etag = etag
        self.patch_from = patch_from
        self.heads: Any = None
        """Ready headers of answers; `http` keeps them here."""
        self._payload = payload
        self._level = level
        self._body: bytes | None = None
        self._block: bytes | None = None
        """The body, compressed."""
        self._gzip: bytes | None = None
        self._gzip_frame: bytes | None = None
        self._identity_frame: bytes | None = None

    @property
    def is_late(self) -> bool:
        """True while its content has not been put together yet."""
        return self._body is None and not isinstance(self._payload, bytes)

    @property
    def is_ready(self) -> bool:
        """True when it is put together and compressed, so that no form takes time."""
        return self._block is not None

    @property
    def body(self) -> bytes:
        """The JSON object, `version` and `etag` first."""
        if self._body is None:
            payload = self._payload if isinstance(self._payload, bytes) else self._payload()
            rest = payload[1:] if payload == b"{}" else b"," + payload[1:]
            self._body = b'{"version":%d,"etag":%b%b' % (self.version, orjson.dumps(self.etag), rest)
            self._payload = b""
        return self._body

    @property
    def gzip(self) -> bytes:
        """The same as one gzip member."""
        if self._gzip is None:
            self._gzip = gzip_member(self.prepare(), self.body)
        return self._gzip

    @property
    def identity_frame(self) -> bytes:
        """The SSE event, as one chunk of chunked transfer coding."""
        if self._identity_frame is None:
            self._identity_frame = identity_chunk(self.topic, str(self.version), self.body)
        return self._identity_frame

    @property
    def gzip_frame(self) -> bytes:
        """The same inside the shared gzip member."""
        if self._gzip_frame is None:
            self._gzip_frame = gzip_chunk(self.topic, str(self.version), self.prepare())
        return self._gzip_frame

    def prepare(self) -> bytes:
        """Do what takes time: put the body together and compress it; return the `deflate_block`."""
        block = self._block
        if block is None:
            block = self._block = deflate_block(self.body, self._level)
        return block


def content_tag(payload: bytes) -> str:
    """Return the weak ETag of `payload`."""
    return f'W/"{blake2b(payload, digest_size=9).hexdigest()}"'


def encode(payload: Mapping[str, Any]) -> bytes:
    """Return `payload` as compact JSON.

    Raises:
        TypeError: it contains something that JSON cannot represent.
    """
    return orjson.dumps(payload, option=orjson.OPT_NON_STR_KEYS)


def make_snapshot(topic: str, payload: bytes, etag: str, version: int, level: int = GZIP_LEVEL) -> Snapshot:
    """Return the snapshot of an encoded `payload`, compressed.

    Args:
        topic: its name, also the name of its event.
        payload: a JSON object as `encode` returns it.
        etag: its `content_tag`.
        version: microseconds.
        level: zlib level, 1..9.
    """
    snapshot = Snapshot(topic, version, etag, payload, level)
    snapshot.prepare()
    return snapshot


_TAG = re.compile(r'(?:W/)?"[^"]*"')


def matches(if_none_match: str, etag: str) -> bool:
    """Tell whether an `If-None-Match` value names `etag`, by the weak comparison of RFC 9110, section 13.1.2."""
    if if_none_match.strip() == "*":
        return True
    opaque = etag.removeprefix("W/")
    return any(found.removeprefix("W/") == opaque for found in _TAG.findall(if_none_match))


def accepts_gzip(accept_encoding: str) -> bool:
    """Tell whether an `Accept-Encoding` value allows gzip (RFC 9110, section 12.5.3)."""
    wildcard = False
    for part in accept_encoding.lower().split(","):
        coding, _, parameters = part.partition(";")
        name, _, weight = parameters.strip().partition("=")
        allowed = not (name.strip() == "q" and weight.strip().rstrip("0").rstrip(".") in ("", "0"))
        if coding.strip() in ("gzip", "x-gzip"):
            return allowed
        if coding.strip() == "*":
            wildcard = allowed
    return wildcard


def parse_have(value: str, topics: Sequence[str]) -> dict[str, str]:
    """Return topic -> ETag of a `have` parameter, `<topic>:<etag>,...`; invalid parts are ignored."""
    found: dict[str, str] = {}
    for part in value[:8192].split(","):
        topic, _, tag = part.partition(":")
        if topic in topics and tag:
            found[topic] = tag
    return found
