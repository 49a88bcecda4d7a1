"""The whole-cycle rule: the files of the day-trading job are shown together or not at all.

The job writes its day files, then `rolling.json.gz`, then `sim_summary.json`, which names the cycle that each file
carries. A reader that finds another cycle in a file has come in the middle of a write: it keeps the last whole cycle
and looks again. What lasts is shown part by part, with the problem.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from aion.store.layout import ROLLING, SUMMARY, as_summary_names, sim_log
from aion.web.state import Files, Index, Json, Shown, add, file_time, is_read, look, look_newest, problem


@dataclass(frozen=True, slots=True)
class Cycle:
    """What the day-trading job's files say together."""

    summary: Json | None = None
    rolling: Json | None = None
    days: dict[str, Shown] = field(default_factory=dict)
    """The day file of each of the job's bots; `doc` is None where there is only the summary's line."""
    broken: dict[str, Json] = field(default_factory=dict)
    """Problems of files that cannot be read or are not there, by section."""
    torn: dict[str, Json] = field(default_factory=dict)
    """Problems of files that carry another cycle than the summary names, by section; empty when whole."""

    @property
    def is_whole(self) -> bool:
        """True when all readable files carry the cycle that the summary names for them."""
        return not self.torn

    @property
    def errors(self) -> dict[str, Json]:
        """All problems by section."""
        return {**self.torn, **self.broken}


def read(files: Files, names: Index) -> Cycle:
    """Return the cycle as it stands on disk, whole or not.

    A file that is broken or missing is a problem of its own section and does not keep the others from being whole.
    """
    broken: dict[str, Json] = {}
    summary = look(files, SUMMARY)
    if summary is None:
        rolling = look(files, ROLLING)
        if rolling is not None:
            add(broken, "intraday.signals", rolling.problem)
        return Cycle(rolling=rolling.doc if rolling else None, broken=broken)
    add(broken, "intraday.summary", summary.problem)
    named: dict[str, str] = summary.doc["files"] if summary.doc else {}
    rolling = look(files, ROLLING)
    if rolling is not None:
        add(broken, "intraday.signals", rolling.problem)
    elif as_summary_names(ROLLING) in named:
        add(broken, "intraday.signals", problem("missing", ROLLING, "is named by the summary, but is not there"))
    days = dict(_days(files, names, summary.doc, broken))
    torn = _torn(files, summary.doc, rolling, days) if summary.doc else {}
    return Cycle(summary.doc, rolling.doc if rolling else None, days, broken, torn)


def settle(present: Cycle, last: Cycle | None, *, is_overdue: bool) -> Cycle:
    """Return the cycle to show.

    Args:
        present: as it stands on disk.
        last: the last whole cycle that was shown, if any.
        is_overdue: True when the present mixture has lasted longer than the grace.
    """
    if present.is_whole or last is None or is_overdue:
        if last is None or present.is_whole:
            return present
        return replace(present, torn={key: _since(found, last) for key, found in present.torn.items()})
    return replace(last, broken=present.broken)


def _days(files: Files, names: Index, summary: Json | None, broken: dict[str, Json]) -> Iterator[tuple[str, Shown]]:
    if summary is None:
        for bot, days in names.days.items():
            shown = look_newest(files, days, bot)
            if shown is not None:
                add(broken, f"intraday.{bot}", shown.problem)
                yield bot, shown
        return
    for bot, line in summary["bots"].items():
        file = sim_log(line["day"], bot)
        shown = look(files, file, bot)
        if shown is None:
            add(
                broken, f"intraday.{bot}", problem("missing", file, "is not there; the summary has its line", bot=bot)
            )
            yield bot, Shown(file, None)
            continue
        if shown.doc is None:
            older = [day for day in names.days.get(bot, []) if day <= line["day"]]
            shown = look_newest(files, older, bot) or shown
        add(broken, f"intraday.{bot}", shown.problem)
        yield bot, shown


def _torn(files: Files, summary: Json, rolling: Shown | None, days: dict[str, Shown]) -> dict[str, Json]:
    named: dict[str, str] = summary["files"]
    torn: dict[str, Json] = {}
    for bot, shown in days.items():
        cycle = named.get(as_summary_names(sim_log(summary["bots"][bot]["day"], bot)))
        if cycle is not None and _disagrees(shown, cycle):
            add(torn, f"intraday.{bot}", _mismatch(files, shown, cycle, bot))
    cycle = named.get(as_summary_names(ROLLING))
    if cycle is not None and rolling is not None and _disagrees(rolling, cycle):
        add(torn, "intraday.signals", _mismatch(files, rolling, cycle))
    if torn:
        reason = (
            f"cycle {summary['cycle_id']} is incomplete: {len(torn)} of its {len(named)} files carry another cycle"
        )
        whole = problem("incomplete", SUMMARY, reason, file_time=_time(files, SUMMARY), since=summary["as_of"])
        torn = {"intraday.summary": whole, **torn}
    return torn


def _disagrees(shown: Shown, cycle: str) -> bool:
    return is_read(shown) and shown.doc is not None and shown.doc["cycle_id"] != cycle


def _mismatch(files: Files, shown: Shown, cycle: str, bot: str | None = None) -> Json:
    assert shown.doc is not None
    reason = f"carries cycle {shown.doc['cycle_id'] or 'without a name'}, the summary names {cycle}"
    as_of = shown.doc["as_of"]
    return problem(
        "incomplete", shown.file, reason, bot=bot, file_time=_time(files, shown.file), since=as_of, shown_as_of=as_of
    )


def _since(found: Json, last: Cycle) -> Json:
    if last.summary is None:
        return found
    return {**found, "since": last.summary["as_of"]}


def _time(files: Files, file: str) -> str | None:
    entry = files.get(file)
    return file_time(entry.mtime_ns) if entry is not None else None
