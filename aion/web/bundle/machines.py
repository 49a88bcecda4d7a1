"""Reads the desk's own folder and those of its machines, and puts together what they say.

Each machine's folder is read as if it were a desk of its own, so that a cycle that one of them broke off holds back
no other. Without a folder in `machines/` nothing is put together: what the own folder says is what is shown.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from aion.live.disk.source import Entry
from aion.scalar import BotKind
from aion.store.document.base import made
from aion.store.document.part import Pnl
from aion.store.layout import MACHINES, Layout, Place
from aion.store.machine import OWN, folder_of, split_id, split_path, why_none
from aion.web.bundle.document import Watched
from aion.web.bundle.reading import KINDS, Desk, Followed, Key, Lead, Page
from aion.web.bundle.total import DayPnl
from aion.web.bundle.watch import MOST
from aion.web.problem import Problem, Problems, add, problem
from aion.web.state import Files

Owners = dict[str, tuple[str, str]]
"""Machine of each bot by its id, and its name there."""


class FilesBelow(Mapping[str, Entry[Any]]):
    """The files of one machine, named as below its own folder."""

    def __init__(self, files: Files, machine: str, names: set[str]) -> None:
        """Args: files: of the desk; machine: whose; names: of its files, below its folder."""
        self._files = files
        self._folder = folder_of(machine)
        self._names = names

    def __getitem__(self, file: str) -> Entry[Any]:
        return self._files[self._folder + file]

    def __contains__(self, file: object) -> bool:
        return isinstance(file, str) and (self._folder + file) in self._files

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._names))

    def __len__(self) -> int:
        return len(self._names)


class Machines:
    """Reads all folders of a desk."""

    def __init__(self, own: Page) -> None:
        """Args: own: reads the desk's own folder."""
        self._own_swing = own.own_swing
        self._pages: dict[str, Page] = {OWN: own}
        self._seen: dict[str, Followed] = {OWN: own.follow()}
        self._names: dict[str, set[str]] = {OWN: set()}
        """Files by machine, as below its folder."""
        self._desks: dict[str, Desk] = {}
        self._wrong: set[str] = set()
        """Paths in `machines/` that are of no machine."""
        self._followed: list[Followed] = []
        self._shared: dict[str, frozenset[str]] = {}
        self._owners: Owners = {}
        self._lead: Lead | None = None
        self._is_alone = True
        self.names: tuple[str, ...] = ()  # replaced, never changed: another thread may look
        """Machines that have a state file here."""

    @property
    def torn(self) -> frozenset[str]:
        """Machines whose newest cycle is not whole."""
        return frozenset(name for name, page in self._pages.items() if page.is_torn)

    def follow(self) -> Followed:
        """Return what notes the bots, by their ids, that each reading finds changed."""
        found = Followed()
        self._followed.append(found)
        return found

    def read(self, files: Files, *, changed: set[str] | None, overdue: frozenset[str]) -> Desk:
        """Return what is to be shown of `files`.

        Args:
            files: all state files of the desk.
            changed: those that came, changed or went since the last call; None if that is not known.
            overdue: machines whose cycle has been torn for longer than the grace.
        """
        of = self._sort(files, changed)
        for machine in sorted(self._pages):
            if not self._names[machine] and machine:
                del self._pages[machine], self._seen[machine], self._names[machine]
                self._desks.pop(machine, None)
                continue
            theirs = of.get(machine)
            known = machine in self._desks
            if machine and known and changed is not None and not theirs and not self._is_unsettled(machine, overdue):
                continue
            below = FilesBelow(files, machine, self._names[machine]) if len(self._pages) > 1 else files
            news = of.get(machine, set()) if known and changed is not None else None
            self._desks.pop(machine, None)
            page = self._pages[machine]
            self._desks[machine] = page.read(below, changed=news, is_overdue=machine in overdue)
        self.names = tuple(sorted(name for name in self._pages if name))
        was_alone, self._is_alone = self._is_alone, not self.names and not self._wrong
        if self._is_alone:
            self._owners = {}
            self._pass_on(is_all=not was_alone)
            return self._desks[OWN]
        self._name()
        self._pass_on(is_all=was_alone)
        return self._together()

    def _is_unsettled(self, machine: str, overdue: frozenset[str]) -> bool:
        return machine in overdue or self._pages[machine].is_torn

    def _sort(self, files: Files, changed: set[str] | None) -> dict[str, set[str]]:
        """Note which machine has which files; return what changed of each."""
        found: dict[str, set[str]] = {}
        if changed is None:
            self._wrong = set()
            for names in self._names.values():
                names.clear()
        for path in files if changed is None else changed:
            machine, inside = split_path(path)
            if machine and why_none(machine, is_folder=bool(inside)):
                (self._wrong.add if path in files else self._wrong.discard)(path)
                continue
            found.setdefault(machine, set()).add(inside)
            names = self._names.setdefault(machine, set())
            (names.add if path in files else names.discard)(inside)
            if machine not in self._pages:
                self._pages[machine] = page = Page(self._own_swing, machine)
                self._seen[machine] = page.follow()
        return found

    def _name(self) -> None:
        """Give each bot an id: its name, with the machine where two machines have a bot of that name."""
        names = {machine: page.names() for machine, page in self._pages.items()}
        counts: dict[str, int] = {}
        for found in names.values():
            for name in found:
                counts[name] = counts.get(name, 0) + 1
        owners: Owners = {}
        for machine, page in self._pages.items():
            shared = frozenset(name for name in names[machine] if counts[name] > 1)
            gone = self._shared.get(machine, frozenset()) ^ shared
            if gone:
                page.share(shared)
                for each in self._followed:
                    each.is_all = True
            self._shared[machine] = shared
            owners |= {page.id_of(name): (machine, name) for name in sorted(names[machine])}
        self._shared = {machine: self._shared[machine] for machine in self._pages}
        if self._owners.keys() != owners.keys():
            for each in self._followed:
                each.is_all = True
        self._owners = owners

    def _pass_on(self, *, is_all: bool) -> None:
        """Tell those who follow which bots have changed, by their ids."""
        for machine, seen in self._seen.items():
            keys = seen.take()
            for each in self._followed:
                each.is_all |= is_all or keys is None
                if keys is not None and not each.is_all:
                    each.keys |= {(kind, self._pages[machine].id_of(name)) for kind, name in keys}

    def _together(self) -> Desk:
        """Return one desk of all."""
        leader = next((name for name, desk in sorted(self._desks.items()) if desk.lead is not None), OWN)
        first = self._desks[leader]
        newest = [desk.lead.as_of for desk in self._desks.values() if desk.lead is not None]
        self._lead = lead = Lead(max(newest), first.lead.mode, first.lead.run) if first.lead is not None else None
        cards = dict(self._desks[OWN].cards)
        lines = dict(self._desks[OWN].lines)
        days: DayPnl = {day: dict(results) for day, results in self._desks[OWN].days.items()}
        for machine, desk in sorted(self._desks.items()):
            if not machine:
                continue
            page = self._pages[machine]
            cards |= {(kind, page.id_of(name)): card for (kind, name), card in desk.cards.items()}
            lines |= {page.id_of(name): line for name, line in desk.lines.items()}
            for day, results in desk.days.items():
                days.setdefault(day, {}).update({page.id_of(name): pnl for name, pnl in results.items()})
        errors = dict(self._desks[OWN].errors)
        for machine, desk in sorted(self._desks.items()):
            if machine:
                _add_all(errors, self._named(machine, desk.errors))
        _add_all(errors, self._of_machines(lead))
        return Desk(
            first.cycle, cards, lines, errors, days, lead, first.asked, self._watched(), first.symbols,
            dict(self._desks), leader, self._owners,
        )  # fmt: skip

    def _watched(self) -> Watched | None:
        """Return what the watchdogs of all machines say; their processes and alarms are named with the machine."""
        own = self._desks[OWN].watch
        of = {machine: desk.watch for machine, desk in sorted(self._desks.items()) if machine and desk.watch}
        if not of:
            return own
        found = own.model_copy(deep=True) if own is not None else made(Watched)()
        for machine, each in of.items():
            page = self._pages[machine]
            found.processes |= {f"{machine}: {name}": process for name, process in each.processes.items()}
            for mine, theirs in ((found.alarms, each.alarms), (found.cleared, each.cleared)):
                for key, alarm in theirs.items():
                    bot = page.id_of(alarm.bot) if alarm.bot is not None else None
                    more = {"text": f"{machine}: {alarm.text}"[:2000], "bot": bot}
                    mine[f"{machine}: {key}"[:128]] = alarm.model_copy(update=more)
        found.alarms = dict(list(found.alarms.items())[:MOST])
        return found

    def _named(self, machine: str, problems: Problems) -> Problems:
        """Return a machine's problems as the desk names them: by ids of bots, and paths below the data folder."""
        if not machine:
            return problems
        page = self._pages[machine]
        names = page.names() if problems else set()
        found: Problems = {}
        for section, each in problems.items():
            bot = page.id_of(each.bot) if each.bot is not None else None
            renamed = each.model_copy(update={"file": folder_of(machine) + each.file, "bot": bot})
            add(found, _section(section, machine, page, names), renamed)
        return found

    def _of_machines(self, lead: Lead | None) -> Problems:
        """Return what is wrong with whole machines."""
        found: Problems = {}
        for path in sorted(self._wrong):
            name, inside = split_path(path)
            key = f"{MACHINES}.{name}"[:100]
            if key not in found:
                why = why_none(name, is_folder=bool(inside))
                found[key] = problem("unreadable", f"{MACHINES}/{name}"[:200], why)
        for machine, desk in sorted(self._desks.items()):
            if lead is not None and desk.lead is not None and desk.lead.mode != lead.mode:
                why = f"is of mode {desk.lead.mode}, the desk of mode {lead.mode}: its bots are in no total"
                key = f"{MACHINES}.{machine or 'own'}"
                found[key] = problem("mixed_mode", folder_of(machine) or ".", why, shown_as_of=desk.lead.as_of)
        return found

    def owner(self, bot: str) -> tuple[str, str]:
        """Return the machine of a bot, given its id or one that names its machine, and its name there."""
        return self._owners.get(bot) or split_id(bot)

    def resolve(self, key: Key) -> Key:
        """Return the key under which the desk has a bot, given one that may name its machine without need."""
        kind, bot = key
        machine, name = self.owner(bot)
        page = self._pages.get(machine)
        return (kind, page.id_of(name)) if page is not None else key

    def names_of(self, kind: BotKind) -> set[str]:
        """Return the ids of the bots of a kind of which there is a state or a problem."""
        return {page.id_of(name) for page in self._pages.values() for name in page.names_of(kind)}

    def place(self, machine: str, path: str) -> Place | None:
        """Return what the name of a file below a machine's folder says; any thread may ask."""
        page = self._pages.get(machine)
        return page.place(path) if page is not None else Layout.place(path)

    def jobs(self, machine: str) -> set[str]:
        """Return the bots, by name, of a machine's day-trading job."""
        page = self._pages.get(machine)
        return page.day_job if page is not None else set()

    def problems_of(self, key: Key) -> Problems:
        """Return all problems of a bot by section."""
        return self._of(key, Page.problems_of)

    def own_problems(self, key: Key) -> Problems:
        """Return the problems of a bot for which its own files are the reason, by section."""
        return self._of(key, Page.own_problems)

    def _of(self, key: Key, problems: Callable[[Page, Key], Problems]) -> Problems:
        machine, name, page = self._find(key[1])
        return self._named(machine, problems(page, (key[0], name))) if page is not None else {}

    def _find(self, bot: str) -> tuple[str, str, Page | None]:
        """Return the machine of a bot by its id, its name there and what reads it; None for what is no id now."""
        machine, name = self.owner(bot)
        page = self._pages.get(machine)
        return machine, name, page if page is not None and page.id_of(name) == bot else None

    def desk_problems(self) -> Problems:
        """Return the problems that are no bot's, by section."""
        found: Problems = {}
        for machine, page in sorted(self._pages.items()):
            _add_all(found, self._named(machine, page.desk_problems()))
        if not self._is_alone:
            _add_all(found, self._of_machines(self._lead))
        return found

    def days_of(self, bot: str) -> dict[str, Pnl]:
        """Return the results of the bots of an id by market day."""
        _, name, page = self._find(bot)
        return page.days_of(name) if page is not None else {}


def _section(section: str, machine: str, page: Page, names: set[str]) -> str:
    """Return the section of a machine's problem: with the bot's id, or with the machine before it."""
    of, _, name = section.partition(".")
    is_bots = of in (*KINDS, "control") and name in names
    return f"{of}.{page.id_of(name)}" if is_bots else f"{machine}: {section}"


def _add_all(errors: Problems, more: Mapping[str, Problem]) -> None:
    for section, found in more.items():
        add(errors, section, found)
