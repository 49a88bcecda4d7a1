"""Proves on the bots' machine, second by second, that what it wrote has reached the desk's disk."""

import secrets
import shlex
import subprocess
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from aion.errors import ConfigError, StateError
from aion.live.proof import steady_s
from aion.store.document.kind import schema_name
from aion.store.document.watch import Proof
from aion.store.document_file import read_document, write_document

LONGEST_TEXT = 300  # characters of what a failed command said


class Prover:
    """Writes the proofs of one feeder; another one, or a new start, has another epoch."""

    def __init__(self, path: Path, every_s: float, now_s: Callable[[], float] = steady_s) -> None:
        """Args: path: of the proof file; every_s: seconds between two proofs; now_s: a steady clock."""
        self._path = path
        self._every_s = every_s
        self._now_s = now_s
        self._epoch = secrets.token_hex(8)
        self._n = 0

    def go_on(self) -> None:
        """Go on behind the proof that lies there, where one can be read: a run of cron is no new start."""
        with suppress(FileNotFoundError, StateError):
            found, _ = read_document(self._path, "proof")
            assert isinstance(found, Proof)
            self._epoch, self._n = found.epoch, found.n

    def write(self, as_of_s: float) -> None:
        """Write the next proof.

        Args:
            as_of_s: steady time as of which all that was written is at its destination.

        Raises:
            OSError: it cannot be written.
        """
        self._n += 1
        value = {
            "schema": schema_name("proof"),
            "epoch": self._epoch,
            "n": self._n,
            "every_s": self._every_s,
            "behind_s": round(max(0.0, self._now_s() - as_of_s), 3),
        }
        write_document(self._path, value)


@dataclass(frozen=True, slots=True)
class Feed:
    """How files reach the desk's disk, where they do not by themselves (NFS)."""

    copy: Sequence[str] = ()
    """Command that copies everything but the proof; its success means that all is there."""
    deliver: Sequence[str] = ()
    """Command that brings the proof there, after `copy`."""


def command_of(text: str, option: str) -> Sequence[str]:
    """Return the words of a command.

    Raises:
        ConfigError: it cannot be split into words.
    """
    try:
        return tuple(shlex.split(text))
    except ValueError as error:
        raise ConfigError(f"{option} {text!r} is no command: {error}") from None


def prove_once(prover: Prover, feed: Feed, now_s: Callable[[], float] = steady_s) -> str:
    """Copy, prove and deliver once; return why there is no proof, or an empty text.

    A copy that fails proves nothing: the desk goes on counting from the proof before.
    """
    as_of_s = now_s()
    try:
        if why := _run(feed.copy):
            return why
        prover.write(as_of_s)
    except OSError as error:
        return f"the proof cannot be written: {error}"
    return _run(feed.deliver)


def _run(command: Sequence[str]) -> str:
    if not command:
        return ""
    try:
        done = subprocess.run(command, capture_output=True, check=False, text=True, errors="replace")  # noqa: S603 - of the user
    except OSError as error:
        return f"{command[0]} cannot be started: {error.strerror}"
    said = " ".join(done.stderr.split())[:LONGEST_TEXT]
    return f"{command[0]} ended with status {done.returncode}: {said}" if done.returncode else ""
