"""The file of a desk's log, which a desk keeps open for as long as its process lives."""

from typing import Any


def close_file(log: Any) -> None:
    """Close the file of a log that `open_log` returned: a test process outlives many desks."""
    log.bind()._logger.close()  # noqa: SLF001 - structlog has no public name for what it wraps
