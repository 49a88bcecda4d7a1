"""The errors that Aion raises on purpose; each says what is wrong and what to do."""

import errno

MAX_SHOWN = 200  # characters of a file's own text in a message


def printable(text: str) -> str:
    """Return `text` as one line without terminal control: characters that are not printable become `?`."""
    return text if text.isprintable() else "".join(each if each.isprintable() else "?" for each in text)


def shorten(text: str) -> str:
    """Return `text`, a file's own, shortened for a message."""
    return text if len(text) <= MAX_SHOWN else text[:MAX_SHOWN] + "..."


class AionError(Exception):
    """Base of every error that is meant for a person.

    The command line prints only its message; the web app answers with `status`.
    """

    status = 500
    """HTTP status of an answer caused by this error."""
    exit_status = 2
    """Exit status of a program that ends with it: 2 where starting it again would not help, 1 where it may."""


def said(error: AionError) -> str:
    """Return an error as printed on stderr."""
    return "".join(f"{printable(line)}\n" for line in f"aion: {error}".split("\n"))


class ConfigError(AionError):
    """An invalid setting, argument or `aion.toml` key; the message names key and value."""

    status = 400


class StateError(AionError):
    """A state file that cannot be trusted: truncated, corrupt, too large, of a wrong schema or not a file."""

    def __init__(self, file: str, reason: str, *, byte: int | None = None) -> None:
        """Args: file: path as shown to people; reason: one clause; byte: offset where it goes wrong."""
        self.file = file
        self.reason = printable(reason)  # names of fields stand in it, which are the file's own words
        self.byte = byte
        where = f" at byte {byte}" if byte is not None else ""
        super().__init__(f"{file}: {self.reason}{where}")


class NotFoundError(AionError):
    """Nothing on disk has the requested name."""

    status = 404


class FeedError(AionError):
    """Market data that is missing, broken or unreachable."""

    status = 503


class OrderError(AionError):
    """An order that the paper broker refuses; the message says which rule it breaks."""

    status = 409


class LedgerError(AionError):
    """A ledger that is in use, from a newer version, of another mode, or damaged."""

    status = 503


class DiskError(LedgerError):
    """A write failed, for example because the disk is full; this may be temporary."""

    exit_status = 1


def unwritable(error: OSError, text: str) -> AionError:
    """Return the error to raise with `text` after a write failed with `error`: temporary only for a full disk."""
    return DiskError(text) if error.errno in (errno.ENOSPC, errno.EDQUOT) else ConfigError(text)


class ConflictError(AionError):
    """Something changed meanwhile, or is not possible now; the message says what is in the way."""

    status = 409
