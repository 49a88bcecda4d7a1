"""The whole-cycle rule: the files of the day-trading job are shown together or not at all.

The job writes its day files, then `rolling.json.gz`, then `sim_summary.json`, which names the cycle that each file
carries. A reader that finds another cycle in a file has come in the middle of a write: it keeps the last whole cycle
and looks again. What lasts is shown part by part, with the problem.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from aion.store.document.state import BotSummary, Rolling, SimLog, SimSummary
from aion.store.layout import ROLLING, SUMMARY, as_summary_names, sim_log
from aion.web.problem import Problem, Problems, add, file_time, problem
from aion.web.state import Files, Index, Shown, is_read, look, look_newest


@dataclass(frozen=True, slots=True)
class Cycle:
    """What the day-trading job's files say together."""

    summary: SimSummary | None = None
    rolling: Rolling | None = None
    days: dict[str, Shown[SimLog]] = field(default_factory=dict)
    """The day file of each of the job's bots; `doc` is None where there is only the summary's line."""
    broken: Problems = field(default_factory=dict)
    """Problems of files that cannot be read or are not there, by section."""
    torn: Problems = field(default_factory=dict)
    """Problems of files that carry another cycle than the summary names, by section; empty when whole."""

    @property
    def is_whole(self) -> bool:
        """True when all readable files carry the cycle that the summary names for them."""
        return not self.torn

    @property
    def errors(self) -> Problems:
        """All problems by section."""
        return {**self.torn, **self.broken}

    @property
    def lines(self) -> dict[str, BotSummary]:
        """The summary's line of each of its bots."""
        return self.summary.bots if self.summary is not None else {}


def read(files: Files, names: Index) -> Cycle:
    """Return the cycle as it stands on disk, whole or not.

    A file that is broken or missing is a problem of its own section and does not keep the others from being whole.
    """
    broken: Problems = {}
    summary, rolling = look(files, SUMMARY, SimSummary), look(files, ROLLING, Rolling)
    doc = summary.doc if summary is not None else None
    named = doc.files if doc is not None else {}
    add(broken, "intraday.summary", summary.problem if summary is not None else None)
    if rolling is not None:
        add(broken, "intraday.signals", rolling.problem)
    elif as_summary_names(ROLLING) in named:
        add(broken, "intraday.signals", problem("missing", ROLLING, "is named by the summary, but is not there"))
    symbols = rolling.doc if rolling is not None else None
    if summary is None:
        return Cycle(rolling=symbols, broken=broken)
    days = dict(_days(files, names, doc, broken))
    return Cycle(doc, symbols, days, broken, _torn(files, doc, rolling, days) if doc is not None else {})


def settle(present: Cycle, last: Cycle | None, *, is_overdue: bool) -> Cycle:
    """Return the cycle to show.

    Args:
        present: as it stands on disk.
        last: the last whole cycle that was shown, if any.
        is_overdue: True when the present mixture has lasted longer than the grace.
    """
    if present.is_whole or last is None or is_overdue:
        if last is None or present.is_whole or last.summary is None:
            return present
        since = {"since": last.summary.as_of}
        return replace(present, torn={key: found.model_copy(update=since) for key, found in present.torn.items()})
    return replace(last, broken=present.broken)


def _days(
    files: Files, names: Index, summary: SimSummary | None, broken: Problems
) -> Iterator[tuple[str, Shown[SimLog]]]:
    if summary is None:
        for bot, days in names.days.items():
            newest = look_newest(files, days, bot)
            if newest is not None:
                add(broken, f"intraday.{bot}", newest.problem)
                yield bot, newest
        return
    for bot, line in summary.bots.items():
        file = sim_log(line.day, bot)
        shown = look(files, file, SimLog, bot)
        if shown is None:
            missing = problem("missing", file, "is not there; the summary has its line", bot=bot)
            add(broken, f"intraday.{bot}", missing)
            yield bot, Shown(file, None)
            continue
        if shown.doc is None:
            older = [day for day in names.days.get(bot, []) if day <= line.day]
            shown = look_newest(files, older, bot) or shown
        add(broken, f"intraday.{bot}", shown.problem)
        yield bot, shown


def _torn(
    files: Files, summary: SimSummary, rolling: Shown[Rolling] | None, days: dict[str, Shown[SimLog]]
) -> Problems:
    torn: Problems = {}
    for bot, shown in days.items():
        cycle = summary.files.get(as_summary_names(sim_log(summary.bots[bot].day, bot)))
        add(torn, f"intraday.{bot}", _mismatch(files, shown, cycle, bot))
    if rolling is not None:
        cycle = summary.files.get(as_summary_names(ROLLING))
        add(torn, "intraday.signals", _mismatch(files, rolling, cycle))
    if torn:
        count = f"{len(torn)} of its {len(summary.files)} files carry another cycle"
        reason = f"cycle {summary.cycle_id} is incomplete: {count}"
        whole = problem("incomplete", SUMMARY, reason, file_time=_time(files, SUMMARY), since=summary.as_of)
        torn = {"intraday.summary": whole, **torn}
    return torn


def _mismatch(
    files: Files, shown: Shown[SimLog] | Shown[Rolling], cycle: str | None, bot: str | None = None
) -> Problem | None:
    """Return what is wrong with a file that carries another cycle than the summary names, None with no other."""
    doc = shown.doc
    if cycle is None or doc is None or not is_read(shown) or doc.cycle_id == cycle:
        return None
    reason = f"carries cycle {doc.cycle_id or 'without a name'}, the summary names {cycle}"
    at = _time(files, shown.file)
    return problem("incomplete", shown.file, reason, bot=bot, file_time=at, since=doc.as_of, shown_as_of=doc.as_of)


def _time(files: Files, file: str) -> datetime | None:
    entry = files.get(file)
    return file_time(entry.mtime_ns) if entry is not None else None
