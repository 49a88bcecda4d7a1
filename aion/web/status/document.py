"""What the desk answers of itself, as pydantic models: its figures, whether it is well, and what went wrong."""

from typing import Literal

from pydantic import AwareDatetime, Field

from aion.scalar import Key, Text
from aion.store.document.base import Document


class ErrorAnswer(Document):
    """Every answer that is not what was asked for."""

    error: str = Field(description="What went wrong, a word for programs, e.g. `NotFound`.")
    detail: str = Field(description="The same as a message for people.")
    fields: dict[Key, Text] | None = Field(None, description="What is wrong with each field of a form.")


class RouteMetrics(Document):
    """Response times of one route since the process started; percentiles of its newest 256 answers."""

    count: int
    errors: int = Field(description="Answers with a status of 500 and above.")
    not_modified: int = Field(description="Answers with status 304.")
    mean_ms: float
    p50_ms: float
    p95_ms: float
    p99_ms: float


class DataAge(Document):
    """How old the data of one topic is."""

    version: int = Field(0, description="Microsecond of the newest change on disk.")
    age_s: float | None = Field(None, description="Wall seconds since that change.")
    etag: str = ""
    size: int = Field(0, description="Bytes of the bundle.")


class ProcessFigures(Document):
    """What the desk costs the machine, added up over its workers."""

    pid: int = Field(description="Of the worker that answers.")
    threads: int
    cpu_s: float = Field(description="Seconds of one core since it started.")
    cores: int
    system: str = Field(description="Operating system and its release.")
    memory_bytes: int | None = Field(None, description="Resident; on Linux.")
    open_files: int | None = Field(None, description="Descriptors, streams included; on Linux.")


class DiskFigures(Document):
    """The file system of the data folder."""

    total_bytes: int
    free_bytes: int = Field(description="Left for this user.")


class MachineState(Document):
    """One machine whose bots the desk shows, as this desk knows it."""

    held: bool = Field(description="True while it is not heard of: what it wrote is shown with its age.")
    proved_age_s: float | None = Field(None, description="Seconds since all that it had was here; absent if never.")
    limit_s: float = Field(3.0, description="Age above which it is held.")
    bots: int = Field(description="With a state file in its folder.")
    relay: Text | None = Field(
        None, description="What the relay that fills its folder said last; absent where another program does."
    )
    relay_at: AwareDatetime | None = Field(None, description="When, by this machine's clock.")
    clock_offset_s: float | None = Field(
        None, description="Seconds that its clock is ahead of this machine's, to half of `round_trip_s`."
    )
    round_trip_s: float | None = Field(None, description="Of the newest question what it has.")
    lag_s: float | None = Field(None, description="From the write of its newest file to its arrival here.")
    sentence: Text = Field("", description="What is wrong, for people.")


class SystemMetrics(Document):
    """The figures of the System page, added up over all workers of the desk."""

    version: str
    python: str
    started_at: AwareDatetime
    uptime_s: float = Field(description="Of the worker that is up longest.")
    workers: int = Field(1, description="Workers whose figures these are.")
    silent: int = Field(0, description="Workers that did not answer in time and are left out.")
    routes: dict[Key, RouteMetrics] = Field(default_factory=dict, description="By path template.")
    live: dict[str, float] = Field(
        default_factory=dict, description="Counters of the live library: viewers, builds, messages, resets ..."
    )
    topics: dict[Key, DataAge] = Field(default_factory=dict)
    machines: dict[str, MachineState] | None = Field(
        None, description="Absent where the desk shows its own folder alone."
    )
    process: ProcessFigures
    disk: DiskFigures | None = None


class Health(Document):
    """Whether the process is alive or ready."""

    status: Literal["ok", "starting", "stopping"]
