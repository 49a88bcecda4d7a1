"""What is recorded of a bot, as the desk shows it: its days, their moments, and its card at any of them."""

from datetime import UTC, datetime, timedelta

from pydantic import AwareDatetime, Field

from aion.errors import NotFoundError, StateError
from aion.past.day import RecordedDay, ms_of, start_of
from aion.past.folder import KINDS, DayFile, PastFolder
from aion.scalar import BotKind, Day, Name, Text
from aion.store.document.base import Document, made
from aion.store.document.state import SwingRolling
from aion.store.document_file import check_sound
from aion.store.layout import check_day, sim_log, swing_rolling
from aion.store.machine import folder_of
from aion.web.bundle.controls import Asked
from aion.web.bundle.document import BotView
from aion.web.bundle.view import Bound, Card, cut
from aion.web.control.folder import Folder
from aion.web.problem import Problem, left_out
from aion.web.state import BotState

WHOLE = Bound(points=20_000)
"""Of a state that is shown: the rows of a card, and all of its curve, which cannot be asked for apart."""
_FILE_KIND = {"intraday": "sim_log", "swing": "swing_rolling"}


class PastHole(Document):
    """A span of which nothing is recorded."""

    start: AwareDatetime
    end: AwareDatetime
    why: Text


class PastDay(Document):
    """One recorded day."""

    first: AwareDatetime | None = Field(None, description="When the first state was recorded.")
    last: AwareDatetime | None = Field(None, description="When the newest state, or the end of a hole, was recorded.")
    states: int = 0
    bytes: int = Field(0, description="Size of the day's file.")
    holes: list[PastHole] = Field(default_factory=list, description="In order of time.")
    error: Text = Field("", description="Why the file cannot be read, or what of it is damaged.")


class BotPast(Document):
    """The recorded days of one bot."""

    bot: Name
    kind: BotKind
    recorder_seen_at: AwareDatetime | None = Field(None, description="When the recorder was last at work.")
    total: int = Field(0, description="Days that are recorded; `days` may hold fewer.")
    days: dict[Day, PastDay] = Field(default_factory=dict, description="UTC days, newest first.")


class PastMoments(Document):
    """The moments of one recorded day: when each of its states was recorded."""

    bot: Name
    kind: BotKind
    day: Day
    start: AwareDatetime = Field(description="Of the UTC day; `moments` count from it.")
    about: PastDay
    moments: list[int] = Field(description="Milliseconds since `start`, in order.")
    market: list[int] = Field(description="Market time of each, seconds since 1970; 0 where the state says none.")


class PastState(Document):
    """One bot as it was."""

    at: AwareDatetime = Field(description="When this state was recorded.")
    until: AwareDatetime | None = Field(None, description="When the next one was; absent for the last of the day.")
    number: int = Field(description="Of the states of the day, from 0.")
    problem: Problem | None = Field(None, description="What of the state could not be read.")
    bot: BotView


class Past:
    """Reads what is recorded of the bots of one data folder."""

    def __init__(self, folder: Folder) -> None:
        """Args: folder: of the bots."""
        self._folder = folder
        self._past = PastFolder(folder.layout.root)

    def days(self, bot: str, kind: BotKind | None, limit: int) -> BotPast:
        """Return the newest `limit` recorded days.

        Raises:
            NotFoundError: there is no such bot, and never was.
        """
        of_kind = self._kind(bot, kind)
        names = self._past.days(of_kind, bot)
        found = made(BotPast)(bot=bot, kind=of_kind, total=len(names))
        found.recorder_seen_at = self._seen_at()
        for day in reversed(names[-limit:]):
            file = DayFile(of_kind, bot, day)
            try:
                found.days[day] = self._about(file, self._read(file))
            except NotFoundError:
                continue  # removed since the listing
            except StateError as error:
                found.days[day] = made(PastDay)(error=str(error))
        return found

    def moments(self, bot: str, kind: BotKind | None, day: str) -> PastMoments:
        """Return the moments of a day.

        Raises:
            NotFoundError: nothing is recorded on it.
            StateError: its file cannot be read.
        """
        file = DayFile(self._kind(bot, kind), bot, check_day(day))
        recorded = self._read(file)
        return made(PastMoments)(
            bot=bot,
            kind=file.kind,
            day=day,
            start=start_of(day),
            about=self._about(file, recorded),
            moments=recorded.walls,
            market=[frame.market_s for frame in recorded.states],
        )

    def state(self, bot: str, kind: BotKind | None, day: str, at: datetime, *, foreign: bool) -> PastState:
        """Return a bot as it stood at a moment.

        Raises:
            NotFoundError: nothing is known of that moment; the message says why.
            StateError: what is recorded cannot be read, or not by this version.
        """
        file = DayFile(self._kind(bot, kind), bot, check_day(day))
        recorded = self._read(file)
        index = recorded.index_at(ms_of(day, at))
        moment = start_of(day) + timedelta(milliseconds=recorded.walls[index])
        name = f"{file.relative}, {recorded.clock(recorded.walls[index])}"
        doc = check_sound(recorded.document(index), _FILE_KIND[file.kind], name)
        assert isinstance(doc, BotState)
        of = sim_log(str(doc.day), bot) if file.kind == "intraday" else swing_rolling(bot)
        card = Card(doc, file.kind, folder_of(self._folder.machine) + of, made(Asked)(), foreign=foreign)
        if self._folder.machine:
            card.row.machine = self._folder.machine
        found = made(PastState)(at=moment, number=index, bot=cut(card.whole, WHOLE), problem=left_out(name, doc))
        if index + 1 < len(recorded.walls):
            found.until = start_of(day) + timedelta(milliseconds=recorded.walls[index + 1])
        return found

    def _kind(self, bot: str, kind: BotKind | None) -> BotKind:
        """Return the kind of a bot: the one asked for, else that of its state, else the one that is recorded."""
        recorded = [each for each in KINDS if self._past.days(each, bot)]
        if kind is not None and (kind in recorded or not recorded):
            recorded = [kind]
        if len(recorded) != 1 or kind is not None:
            try:
                state = self._folder.requests.state(bot)
            except NotFoundError:
                if not recorded:
                    raise
                state = None
            if state is None and not recorded:
                raise NotFoundError(f"there is no bot {bot!r}: it has written no state, and none is recorded")
            if state is not None and kind is None:
                return "swing" if isinstance(state, SwingRolling) else "intraday"
        return kind or recorded[0]

    def _seen_at(self) -> datetime | None:
        try:
            return datetime.fromtimestamp(int(self._past.seen.lstat().st_mtime), UTC)
        except OSError:
            return None

    def _read(self, file: DayFile) -> RecordedDay:
        return RecordedDay.read(self._past.path(file), file.day, file.relative)

    def _about(self, file: DayFile, recorded: RecordedDay) -> PastDay:
        def moment(at_ms: int) -> datetime:
            return start_of(file.day) + timedelta(milliseconds=at_ms)

        about = made(PastDay)(states=len(recorded.states))
        about.bytes = self._past.path(file).lstat().st_size
        if recorded.states:
            about.first, about.last = moment(recorded.walls[0]), moment(recorded.end_ms)
        about.holes = [
            made(PastHole)(start=moment(hole.start_ms), end=moment(hole.end_ms), why=hole.why)
            for hole in recorded.holes
        ]
        if recorded.damaged_bytes:
            about.error = f"{file.relative}: {recorded.damaged_bytes} bytes are damaged; what they held is a hole"
        elif not recorded.states:
            about.error = f"{file.relative}: holds no state that can be read"
        return about
