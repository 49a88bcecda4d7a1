"""What the desk answers of its logs, as pydantic models."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import AwareDatetime, Field

from aion.scalar import Key, Name
from aion.store.document.base import Document
from aion.web.problem import Problem


class LogPart(Document):
    """Where lines lie in one log file."""

    inode: str = Field(description="Another one means that the file was rotated.")
    size: int = Field(description="Bytes in the file.")
    from_: int = Field(alias="from", description="Byte offset of the first line given.")
    to: int = Field(description="Byte offset behind the last whole line; ask `after` it for what follows.")


@dataclass(slots=True)
class LogEntry:
    """One log line; a line that is not JSON has only its text as `event`."""

    file: Annotated[str, Field(description="Name of its file, without `.jsonl`.")]
    offset: Annotated[int, Field(description="Byte offset of the line; file, inode and offset name a line for good.")]
    event: str
    ts: str | None = None
    level: str | None = None
    process: str | None = None
    bot: str | None = None
    cycle_id: str | None = None
    market_time: str | None = None
    more: Annotated[dict[str, str] | None, Field(description="Other fields of the line.")] = None
    size: Annotated[
        int | None, Field(description="Bytes of the line, where only the beginning of a text is given.")
    ] = None
    unfinished: Annotated[bool | None, Field(description="True for the end of a file that has no line end yet.")] = (
        None
    )


class LogTail(Document):
    """Log lines of all processes, merged by time."""

    version: int | None = Field(None, description="Of a pushed tail, as in the bundles.")
    etag: str | None = Field(None, description="Of a pushed tail.")
    parts: dict[Key, LogPart] = Field(default_factory=dict, description="By file.")
    lines: list[LogEntry] = Field(default_factory=list, description="Oldest first.")
    errors: dict[Key, Problem] = Field(default_factory=dict, description="By file.")


class LogSearch(LogTail):
    """The newest lines that a search found; ask again with `before` at each part's `from` while `left` is not 0."""

    scanned: int = Field(0, description="Bytes that were looked through.")
    left: int = Field(0, description="Bytes of the range asked for that lie before.")


class LogFile(Document):
    """One log file."""

    size: int = Field(description="Bytes.")
    inode: str
    changed_at: AwareDatetime


class LogFileList(Document):
    """All log files."""

    files: dict[Key, LogFile] = Field(default_factory=dict, description="By name, without `.jsonl`.")


class LogMachine(Document):
    """Another machine whose logs can be asked for."""

    bots: list[Name] = Field(default_factory=list, description="Whose state files it writes.")


class LogMachineList(Document):
    """The other machines of a desk."""

    machines: dict[Name, LogMachine] = Field(default_factory=dict, description="By name.")
