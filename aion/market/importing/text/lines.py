"""Reads the lines of a text file, also zipped, gzipped or in UTF-16, up to a size limit."""

import codecs
import gzip
import io
import zipfile
from collections.abc import Generator, Iterator
from contextlib import suppress
from errno import EFBIG
from pathlib import Path, PurePosixPath
from typing import BinaryIO, cast

from aion.errors import FeedError
from aion.store.regular_file import LONGEST_LINE, lines, open_regular

MAX_MEMBERS = 5000  # of a zip: ten years of days are 2,500
MAX_ZIP_BYTES = 2 << 30  # packed; its table of contents is read whole
_TABLES = (".csv", ".tsv", ".txt", ".prn")
_KINDS = {
    b"\xd0\xcf\x11\xe0": "an old Excel workbook: save it as CSV",
    b"\x89HDF": "an HDF5 file: write it with pandas as CSV or Parquet",
    b"ARROW1": "a Feather file: write it with pandas as CSV or Parquet",
    b"SQLite f": "an SQLite database: export the table as CSV",
    b"\x80\x04\x95": "a pickle, which can run code when it is read: write it with pandas as CSV or Parquet",
    b"\x80\x05\x95": "a pickle, which can run code when it is read: write it with pandas as CSV or Parquet",
    b"BZh": "packed with bzip2: unpack it, or pack it as zip or gzip",
    b"\xfd7zXZ": "packed with xz: unpack it, or pack it as zip or gzip",
    b"7z\xbc\xaf": "packed with 7-zip: unpack it, or pack it as zip or gzip",
    b"(\xb5/\xfd": "packed with zstd: unpack it, or pack it as zip or gzip",
    b"\xff\xfe\x00\x00": "text in UTF-32: save it as CSV in UTF-8",
    b"\x00\x00\xfe\xff": "text in UTF-32: save it as CSV in UTF-8",
    b"<table": "a web page: save its table as CSV",
    b"<?xml": "XML: write it as CSV or Parquet",
    b"<!DOC": "a web page, not a table: the download itself failed, or wants a login",
    b"<html": "a web page, not a table: the download itself failed, or wants a login",
    b'{"': "JSON: write it with pandas as CSV or Parquet",
    b"[{": "JSON: write it with pandas as CSV or Parquet",
    b"[[": "JSON: write it with pandas as CSV or Parquet",
}


def open_texts(path: Path, cap: int) -> Generator[tuple[str, Iterator[str]]]:
    """Yield name and lines of each text table in a file: the file itself, or the members of a zip.

    Args:
        path: the file.
        cap: size limit after decompression, bytes.

    Raises:
        OSError: it cannot be read, or is larger.
        FeedError: it is not text; the message says what it is.
        UnicodeDecodeError: text in another encoding.
        zipfile.BadZipFile, zlib.error, EOFError: it is damaged.
        NotImplementedError: a zip with an unknown compression method.
    """
    with open_regular(path, follow=True) as file:
        start = file.read(8)
        file.seek(0)
        if start.startswith((b"PK\x03\x04", b"PK\x05\x06")):
            yield from _zipped(path, file, cap)
            return
        if start.startswith(b"\x1f\x8b"):
            with gzip.GzipFile(fileobj=file) as unpacked:
                yield path.name.removesuffix(".gz"), _text(path, cast("BinaryIO", unpacked), cap)
            return
        yield path.name, _text(path, file, cap)


def _zipped(path: Path, file: BinaryIO, cap: int) -> Iterator[tuple[str, Iterator[str]]]:
    if file.seek(0, io.SEEK_END) > MAX_ZIP_BYTES:
        raise OSError(EFBIG, f"it has more than {MAX_ZIP_BYTES:,} bytes")
    with zipfile.ZipFile(file) as archive:
        left = cap
        for member in _members(path, archive):
            size = _Size()
            with archive.open(member) as unpacked:
                yield member.filename, _text(path, cast("BinaryIO", unpacked), left, size)
            left -= size.bytes


def _members(path: Path, archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """Return the tables in an archive; read-me files beside CSV are ignored."""
    names = {each.filename for each in archive.infolist()}
    if "[Content_Types].xml" in names:
        raise FeedError(f"{path} is an Excel workbook: save it as CSV")
    found = []
    for each in archive.infolist():
        place = PurePosixPath(each.filename)
        hidden = any(part != ".." and part.startswith((".", "__MACOSX")) for part in place.parts)
        if not each.is_dir() and not hidden and place.suffix.lower() in _TABLES:
            found.append(each)
    tables = [each for each in found if each.filename.lower().endswith(".csv")] or found
    if not tables:
        held = ", ".join(sorted(names)[:3]) or "nothing"
        raise FeedError(f"{path} holds no file of bars (csv, tsv, txt): it holds {held}")
    if len(tables) > MAX_MEMBERS:
        raise FeedError(f"{path} holds {len(tables):,} files; at most {MAX_MEMBERS:,} are read: import it in parts")
    if any(each.flag_bits & 1 for each in tables):
        raise FeedError(f"{path} is locked with a password: unpack it first")
    return sorted(tables, key=lambda each: each.filename)


class _Size:
    bytes = 0


def _text(path: Path, file: BinaryIO, cap: int, size: _Size | None = None) -> Iterator[str]:
    head = cast("io.BufferedReader", file).peek(16)[:64]  # those of gzip and zip can be looked into as well
    plain = head.lstrip().lower() if not head.startswith(b"\x80") else head
    for magic, what in _KINDS.items():
        if plain.startswith(magic.lower()):
            raise FeedError(f"{path} is {what}")
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or _is_wide(head[1:], head):
        yield from _wide(file, "utf-16-be" if _is_wide(head[1:], head) else "utf-16", cap, size)
        return
    if _is_wide(head, head[1:]):
        yield from _wide(file, "utf-16-le", cap, size)
        return
    for line in lines(file, cap):
        if size is not None:
            size.bytes += len(line)
        yield line.decode("utf-8")


def _is_wide(letters: bytes, between: bytes) -> bool:
    return len(letters) > 2 and not any(between[0:4:2]) and all(letters[0:4:2])


def _wide(file: BinaryIO, encoding: str, cap: int, size: _Size | None) -> Iterator[str]:
    text = io.TextIOWrapper(file, encoding=encoding, newline="")
    used = number = 0
    try:
        while line := text.readline(LONGEST_LINE + 1):
            number += 1
            used += 2 * len(line)
            if size is not None:
                size.bytes = used
            if len(line) > LONGEST_LINE:
                raise OSError(EFBIG, f"line {number} has more than {LONGEST_LINE:,} characters")
            if used > cap:
                raise OSError(EFBIG, f"it has more than {cap:,} bytes")
            yield line
    finally:
        with suppress(ValueError):  # it is closed by now if the table was refused
            text.detach()  # who opened the file closes it
