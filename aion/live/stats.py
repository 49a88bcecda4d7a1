"""Counters of the live library."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class Stats:
    """Counters since the start, for metrics."""

    looks: int = 0
    builds: int = 0
    """Builds of a topic, unchanged results included."""
    files: int = 0
    """Changes of files that rounds were told of."""
    changes: int = 0
    """Builds whose content differed."""
    build_s: list[float] = field(default_factory=list)
    """Durations of the newest builds, seconds; at most 512."""
    push_s: list[float] = field(default_factory=list)
    """Seconds from the newest change time among the files to the push of it; at most 512."""
    answers: int = 0
    not_modified: int = 0
    not_modified_bytes: int = 0
    """Body bytes that a 304 saved."""

    def add(self, samples: list[float], value: float) -> None:
        """Append to one of the bounded lists."""
        samples.append(value)
        if len(samples) > 512:
            del samples[:256]
