"""The one way from a command to the terminal: what others wrote is shown there and never obeyed."""

import sys
import traceback
from types import TracebackType

from aion.errors import printable


def clean(text: str) -> str:
    """Return `text` line by line without escapes, bells and marks that turn the direction of text."""
    return "\n".join(printable(line.replace("\t", "    ")) for line in text.split("\n"))


def say(text: str, *, err: bool = False) -> None:
    """Print `text` on standard output, or on standard error if `err`."""
    stream = sys.stderr if err else sys.stdout
    line = f"{clean(text)}\n"
    try:
        stream.write(line)
    except UnicodeEncodeError:  # a terminal of another encoding, or half a surrogate pair
        encoding = stream.encoding or "ascii"
        stream.write(line.encode(encoding, "backslashreplace").decode(encoding))
    stream.flush()


def take_tracebacks() -> None:
    """Let what nobody caught be printed by `say`, too: names and values stand in it."""
    sys.excepthook = _say_traceback


def _say_traceback(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    say("".join(traceback.format_exception(kind, error, trace)).rstrip("\n"), err=True)
