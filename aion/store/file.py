"""Atomic writes and safe reads of whole files.

A write goes to a temporary file in the same folder and is renamed over the old one; a reader sees the old content or
the new one, never a mixture. A read follows no links, never blocks, accepts regular files only and stops at its size
limits before and after decompression.
"""

import itertools
import math
import os
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from aion.errors import StateError, shorten
from aion.store.document.bound import MAX_CONTAINERS, MAX_DEPTH, Budget, check_ratio, check_values
from aion.store.document.not_finite import say_as_text
from aion.store.regular_file import IrregularError, open_descriptor

MAX_FILE_BYTES = 16 << 20  # on disk; a day file with 20 symbols and all their bars is under 2 MB
MAX_INFLATED_BYTES = 16 << 20
GZIP_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff"  # no name, no time: equal content gives equal bytes
TEMPORARY_PREFIX = "."
_TEMPORARY_MARK = ".tmp-"
_numbers = itertools.count()  # of temporary files: two threads may write one file at the same time
_STEP_IN = 64 << 10  # bytes of gzip that are taken at once
_STEP_OUT = 256 << 10  # bytes inflated at once
_Place = tuple[Any, object] | None
"""Where a value stands: the place of what holds it, and its key or number there."""
_JSON_TYPES = {list: "array", str: "string", int: "number", float: "number", bool: "boolean", type(None): "null"}


@dataclass(frozen=True, slots=True)
class Signature:
    """The `stat` of one version of a file; equal signatures mean the same version, except within a clock tick."""

    mtime_ns: int
    ctime_ns: int
    size: int
    inode: int

    @classmethod
    def of(cls, status: os.stat_result) -> "Signature":
        """Return the signature in a `stat` result."""
        return cls(status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino)


def gzip_bytes(data: bytes, level: int = 6) -> bytes:
    """Return `data` as one gzip member with a fixed header (RFC 1952), the same bytes for the same data."""
    packer = zlib.compressobj(level, zlib.DEFLATED, -zlib.MAX_WBITS)
    body = packer.compress(data) + packer.flush()
    return (
        GZIP_HEADER + body + zlib.crc32(data).to_bytes(4, "little") + (len(data) & 0xFFFFFFFF).to_bytes(4, "little")
    )


def write_bytes(path: Path, data: bytes, *, durable: bool = False, modified_ns: int | None = None) -> None:
    """Replace the file at `path` atomically with `data`; its folder is created if missing.

    Args:
        path: the file to replace.
        data: the whole new content.
        durable: True to fsync file and folder before returning, for content that cannot be written again.
        modified_ns: when it was modified, of a copy; default now. Nanoseconds since 1970.

    Raises:
        OSError: the disk is full or read-only; the old file is untouched and no temporary file is left.
    """
    name = f"{TEMPORARY_PREFIX}{path.name}.{next(_numbers)}{_TEMPORARY_MARK}{os.getpid()}"
    temporary = path.with_name(name)
    descriptor = _create(temporary)
    try:
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(descriptor, view) :]
            if modified_ns is not None:
                os.utime(descriptor, ns=(modified_ns, modified_ns))
            if durable:
                os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.replace(temporary, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)
        raise
    if durable:
        _sync_folder(path.parent)


def flush(path: Path) -> None:
    """Flush the file at `path` and its folder to the disk (fsync).

    Raises:
        OSError: the disk reports an error.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    _sync_folder(path.parent)


def remove(path: Path) -> bool:
    """Delete the file at `path` and flush the folder before returning.

    Returns:
        False if there was no file.

    Raises:
        OSError: it cannot be removed.
    """
    try:
        os.unlink(path)
    except FileNotFoundError:
        return False
    _sync_folder(path.parent)
    return True


def remove_temporaries(folder: Path) -> int:
    """Delete temporary files that killed writers left in `folder` and below; those of running processes stay.

    Returns:
        Number of deleted files.
    """
    removed = 0
    for path in folder.rglob(f"{TEMPORARY_PREFIX}*{_TEMPORARY_MARK}*"):
        pid = path.name.rpartition(_TEMPORARY_MARK)[2]
        if pid.isdecimal() and not _is_alive(int(pid)):
            with suppress(OSError):
                path.unlink()
                removed += 1
    return removed


def write_json(path: Path, value: Any, *, durable: bool = False) -> None:
    """Write `value` (JSON types) to `path` atomically; a name ending in `.gz` is compressed.

    Raises:
        OSError: as `write_bytes`.
        TypeError: `value` contains something that JSON cannot represent.
        ValueError: it contains None, NaN or an infinity, which readers reject; the message names the field.
    """
    data = orjson.dumps(value)
    if b"null" in data and (where := _null(value)) is not None:
        raise ValueError(f"{path.name}: {where} is None or not finite; leave it out")
    write_bytes(path, gzip_bytes(data) if path.suffix == ".gz" else data, durable=durable)


def read_bytes(path: Path, *, name: str | None = None, cap: int = MAX_FILE_BYTES) -> tuple[bytes, Signature]:
    """Return the whole content of the regular file at `path` and the signature of what was read.

    Args:
        path: the file; a name ending in `.gz` is inflated.
        name: how messages call it; default its own name.
        cap: largest size on disk, bytes.

    Raises:
        FileNotFoundError: there is none.
        StateError: not a regular file, a link, over a size limit, truncated or not gzip.
    """
    shown = name or path.name
    data, signature = read_file(path, shown, cap)
    return (b"".join(_inflate(data, shown)) if path.suffix == ".gz" else data), signature


def open_file(path: Path, shown: str) -> tuple[int, os.stat_result]:
    """Return a descriptor of the regular file at `path`, for the caller to close, and its status.

    Raises:
        FileNotFoundError: there is none.
        StateError: not a regular file, a link, or it cannot be opened; `shown` is its name there.
    """
    try:
        return open_descriptor(path)
    except FileNotFoundError:
        raise
    except IrregularError as error:
        raise StateError(shown, str(error.strerror).removeprefix("it ")) from None
    except OSError as error:
        raise StateError(shown, f"cannot be opened: {error.strerror}") from None


def read_file(path: Path, shown: str, cap: int = MAX_FILE_BYTES) -> tuple[bytes, Signature]:
    """Return the content of the file at `path`, compressed or not, as `read_bytes` does."""
    descriptor, status = open_file(path, shown)
    try:
        if status.st_size > cap:
            raise StateError(shown, f"is {status.st_size} bytes, over the limit of {cap}")
        return _read_all(descriptor, status.st_size, cap, shown), Signature.of(status)
    except OSError as error:
        raise StateError(shown, f"cannot be read: {error.strerror}") from None
    finally:
        os.close(descriptor)


def read_json(
    path: Path, *, name: str | None = None, cap: int = MAX_FILE_BYTES, is_mended: bool = False
) -> tuple[dict[str, Any], Signature]:
    """Return the JSON object in the file at `path` and its signature; fields that are `null` are left out.

    Args:
        path: the file; a name ending in `.gz` is inflated.
        name: how messages call it; default its own name.
        cap: largest size on disk, bytes.
        is_mended: True to read NaN and numbers that are too large as texts, which number fields then reject.

    Raises:
        FileNotFoundError: there is none.
        StateError: as `read_bytes`; too many values, empty, not UTF-8, not JSON, or not an object, with the byte
            where it goes wrong.
    """
    shown = name or path.name
    data, signature = read_file(path, shown, cap)
    return parse_counted(unpack_file(path, data, shown), shown, is_mended=is_mended), signature


def parse_file(path: Path, data: bytes, shown: str) -> dict[str, Any]:
    """Return the JSON object that `data`, the content of `path`, is, as `read_json` does."""
    return parse_counted(unpack_file(path, data, shown), shown)


def unpack_file(path: Path, data: bytes, shown: str) -> bytes:
    """Return the text in `data`, the content of `path`, if it does not have too many values to be parsed.

    Raises: StateError: it has; truncated or not gzip.
    """
    if path.suffix != ".gz":
        check_values(data, shown)
        return data
    budget = Budget(shown)
    parts: list[bytes] = []
    size = 0
    for part in _inflate(data, shown):
        parts.append(part)
        size += len(part)
        if size > MAX_CONTAINERS:  # below, there cannot be too many
            for each in parts[budget.parts :]:
                budget.take(each)
    return b"".join(parts)


def parse_object(data: bytes, name: str) -> dict[str, Any]:
    """Return the JSON object that `data` is.

    Raises:
        StateError: too many values, empty, not UTF-8, not JSON, or not an object.
    """
    check_values(data, name)
    return parse_counted(data, name)


def parse_counted(data: bytes, name: str, *, is_mended: bool = False) -> dict[str, Any]:
    """Return the JSON object that `data` is, whose values were counted; as `read_json`."""
    if not data or data.isspace():
        raise StateError(name, "is empty")
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        value = _with_texts(data) if is_mended else None
        if value is None:
            raise _not_json(data, error, name) from None
    if not isinstance(value, dict):
        raise StateError(name, f"holds a JSON {_JSON_TYPES[type(value)]}, not an object")
    if b"null" in data:
        _drop_nulls(value)
    return value


def _with_texts(data: bytes) -> Any:
    """Return the value of `data` with NaN and the like as texts; None if it is still not JSON."""
    mended = say_as_text(data)
    try:
        return None if mended is None else orjson.loads(mended)
    except orjson.JSONDecodeError:
        return None


def _drop_nulls(value: dict[str, Any]) -> None:
    """Remove all object fields that are `null`."""
    stack: list[Any] = [value]
    while stack:
        found = stack.pop()
        if isinstance(found, dict):
            for key in [key for key, each in found.items() if each is None]:
                del found[key]
            found = found.values()
        stack.extend(each for each in found if isinstance(each, dict | list))


def _create(temporary: Path) -> int:
    # O_EXCL: what a killed process of the same id left, or somebody put there, is never written into
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    for _ in range(2):
        try:
            return os.open(temporary, flags, 0o640)
        except FileNotFoundError:
            temporary.parent.mkdir(parents=True, exist_ok=True)
        except FileExistsError:
            temporary.unlink(missing_ok=True)
    return os.open(temporary, flags, 0o640)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True


def _null(value: Any) -> str | None:
    """Return the path of the first None or non-finite number, such as `fills.f1.price`; None if there is none."""
    # a place is a chain, not a text: long names above many items would be copied for each of them
    stack: list[tuple[_Place, Any]] = [(None, value)]
    while stack:
        where, found = stack.pop()
        if found is None or (isinstance(found, float) and not math.isfinite(found)):
            return _named(where) or "document"
        if isinstance(found, dict):
            stack.extend(((where, key), each) for key, each in found.items())
        elif isinstance(found, list | tuple):
            stack.extend(((where, index), each) for index, each in enumerate(found))
    return None


def _named(place: _Place) -> str:
    names: list[str] = []
    while place is not None:
        place, name = place
        names.append(shorten(str(name)))
    return ".".join(reversed(names))


def _not_json(data: bytes, error: orjson.JSONDecodeError, name: str) -> StateError:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return StateError(name, "is UTF-16; write UTF-8", byte=0)
    if data.startswith(b"\xef\xbb\xbf"):
        return StateError(name, "starts with a byte order mark; write UTF-8 without one", byte=0)
    if data.startswith(GZIP_HEADER[:2]):
        return StateError(name, "is gzip, but its name does not end in .gz", byte=0)
    if "depth limit" in error.msg:
        return StateError(name, f"is nested over {MAX_DEPTH} levels deep")
    if "infinity" in error.msg:
        return StateError(name, "holds a number that is too large: at most 1.7e308 in size", byte=error.pos)
    byte = error.pos
    if not data.isascii():
        try:
            text = data.decode()
        except UnicodeDecodeError as bad:
            return StateError(name, "is not UTF-8", byte=bad.start)
        byte = len(text[: error.pos].encode())  # orjson counts characters of the decoded text
    if data.startswith((b"NaN", b"Infinity", b"-Infinity"), byte):
        return StateError(
            name, "holds NaN or Infinity, which JSON cannot say; leave out what is not known", byte=byte
        )
    return StateError(name, f"is incomplete JSON ({error.msg.split(': line ')[0]})", byte=byte)


def _read_all(descriptor: int, size: int, cap: int, name: str) -> bytes:
    """Return all that can be read, `size` bytes if the file has not changed since somebody asked."""
    data = os.read(descriptor, min(size, cap) + 1)
    if len(data) == size:
        return data  # one byte more was asked for: there is none
    chunks, left = [data], cap + 1 - len(data)
    while left > 0:
        chunk = os.read(descriptor, min(left, 1 << 20))
        if not chunk:
            return b"".join(chunks)
        chunks.append(chunk)
        left -= len(chunk)
    raise StateError(name, f"grew over the limit of {cap} bytes while it was read")


def _inflate(data: bytes, name: str) -> Iterator[bytes]:
    if not data:
        raise StateError(name, "is empty")
    unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16)
    inflated = at = 0
    try:
        # in small steps: one large buffer, grown and copied, would hold up every other thread of the process
        while at < len(data) and not unpacker.eof:
            left = data[at : at + _STEP_IN]
            at += len(left)
            while left and not unpacker.eof:
                part = unpacker.decompress(left, _STEP_OUT)
                left = unpacker.unconsumed_tail
                inflated += len(part)
                if inflated > MAX_INFLATED_BYTES:
                    raise StateError(name, f"inflates to over {MAX_INFLATED_BYTES} bytes")
                check_ratio(len(data), inflated, name)
                yield part
    except zlib.error as error:
        if not data.startswith(GZIP_HEADER[:2]):
            raise StateError(name, "is not gzip", byte=0) from None
        raise StateError(name, f"is corrupt gzip ({error})") from None
    if not unpacker.eof:
        raise StateError(name, "is a truncated gzip file", byte=len(data))
    if over := len(unpacker.unused_data) + len(data) - at:
        raise StateError(name, "has data after its gzip member", byte=len(data) - over)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
