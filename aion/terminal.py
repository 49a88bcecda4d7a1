"""The only way to print on the terminal: text of others is shown without its control characters."""

import sys
import traceback
from types import TracebackType

from aion.errors import printable


def clean(text: str) -> str:
    """Return `text` without escapes, bells and marks that change the direction of text; line breaks stay."""
    plain = text.replace("\t", "    ").replace("\N{NO-BREAK SPACE}", " ")
    return "\n".join(printable(line) for line in plain.split("\n"))


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
    """Print uncaught exceptions with `say` too, since they contain names and values of others."""
    sys.excepthook = _say_traceback


def _say_traceback(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    say("".join(traceback.format_exception(kind, error, trace)).rstrip("\n"), err=True)
