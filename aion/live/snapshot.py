"""Snapshots: one version of one topic as finished bytes, and the rules of conditional requests."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, Generic, TypeVar

import orjson

from aion.live.event import deflate_block, event_chunks, gzip_member
from aion.live.source import Tree

T = TypeVar("T")

GZIP_LEVEL = 3  # a third more time than level 1 for a tenth fewer bytes; level 6 costs twice that for 13 % fewer


@dataclass(frozen=True, slots=True)
class Built:
    """The result of a builder."""

    payload: Mapping[str, Any]
    """A JSON object without `version` and `etag`, which are added; a pure function of the files."""
    revisit_in_s: float | None = None
    """Seconds after which to build again though no file changed; None for never."""


@dataclass(frozen=True, slots=True)
class Topic(Generic[T]):
    """One thing that can be requested and subscribed to."""

    name: str
    build: Callable[[Tree[T]], Built]
    """Called in the build thread after each change below `folders`; never two at a time."""
    folders: tuple[str, ...]
    """Folders below the root whose files it depends on."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One version of one topic."""

    topic: str
    version: int
    """Microseconds; grows within a process. A hint of order, never of equality."""
    etag: str
    """Weak validator: a hash of the content without these two. Equal tags mean equal content."""
    body: bytes
    """The JSON object, `version` and `etag` first."""
    gzip: bytes
    """The same as one gzip member."""
    identity_frame: bytes = field(repr=False)
    """The SSE event, as one chunk of chunked transfer coding."""
    gzip_frame: bytes = field(repr=False)
    """The same inside the shared gzip member."""


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
    """Return the snapshot of an encoded `payload`, with every form in which it is sent.

    Args:
        topic: its name, also the name of its event.
        payload: a JSON object as `encode` returns it.
        etag: its `content_tag`.
        version: microseconds.
        level: zlib level, 1..9.
    """
    rest = payload[1:] if payload == b"{}" else b"," + payload[1:]
    body = b'{"version":%d,"etag":%b%b' % (version, orjson.dumps(etag), rest)
    block = deflate_block(body, level)
    return Snapshot(
        topic, version, etag, body, gzip_member(block, body), *event_chunks(topic, str(version), body, block)
    )


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
