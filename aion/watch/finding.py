"""One problem found by a check."""

from dataclasses import dataclass

from aion.store.document.watch import AlarmKind, Level


@dataclass(frozen=True, slots=True)
class Finding:
    """A present problem; a finding with the same `key` in the next check is the same problem."""

    key: str
    kind: AlarmKind
    level: Level
    subject: str
    text: str
    """A sentence for people, with what to do."""
    bot: str | None = None


def span(seconds: float) -> str:
    """Return a duration for people: `42 s`, `3 min 10 s`, `5 h 20 min`, `3 d 4 h`."""
    whole = int(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    if whole < 86_400:
        return f"{whole // 3600} h {whole % 3600 // 60} min"
    return f"{whole // 86_400} d {whole % 86_400 // 3600} h"
