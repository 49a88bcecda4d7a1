"""The data folders of a desk: its own, and one for each machine whose bots it shows; which of them has a bot."""

from collections.abc import Callable
from dataclasses import dataclass

from aion.config import Settings
from aion.errors import ConflictError, NotFoundError
from aion.store.layout import DESK, Layout, check_name
from aion.store.machine import OWN, bot_id, folder_of, is_machine, split_id
from aion.web.control.request import Requests
from aion.web.control.rule import RuleBook
from aion.web.reader import FileReader


@dataclass(frozen=True, slots=True)
class Folder:
    """One data folder, and what reads and writes it."""

    machine: str
    """Name of the machine, `OWN` for the desk's own folder."""
    layout: Layout
    files: FileReader
    requests: Requests
    rules: RuleBook

    @classmethod
    def of(cls, machine: str, layout: Layout, settings: Settings) -> "Folder":
        """Return the folder of a machine at `layout`."""
        files = FileReader(layout)
        requests = Requests(layout, files, settings, is_of_machine=bool(machine))
        return cls(machine, layout, files, requests, RuleBook(layout, files, settings, requests))

    def has(self, bot: str) -> bool:
        """Tell whether there is a state of a bot."""
        return self.files.newest_state(bot, {}) is not None


class Folders:
    """All folders of a desk."""

    def __init__(self, own: Folder, settings: Settings, machines: Callable[[], tuple[str, ...]]) -> None:
        """Args: own: the desk's own; settings: of the desk; machines: names those that there are, from memory."""
        self.own = own
        self._settings = settings
        self._machines = machines
        self._made: dict[str, Folder] = {}

    def of_machine(self, machine: str) -> Folder:
        """Return the folder of a machine.

        Raises:
            NotFoundError: there is none of that name.
        """
        if machine not in self._machines():
            raise NotFoundError(f"there is no machine {machine[:80]!r}: it has no folder in machines/")
        return self._folder(machine)

    def all(self) -> list[Folder]:
        """Return the own folder and that of each machine, by name."""
        return [self.own, *map(self._folder, self._machines())]

    def first(self) -> Folder:
        """Return the folder whose clock leads the desk: its own where bots write to it, else that of a machine."""
        machines = self._machines()
        if not machines:
            return self.own
        return next((each for each in self.all() if any(True for _ in each.layout.states())), self.own)

    def of(self, bot: str) -> tuple[Folder, str]:
        """Return the folder of a bot and its name there.

        Args: bot: id of the bot; it may name its machine though no other machine has a bot of the name.

        Raises:
            ConfigError: no bot can have that name.
            ConflictError: several machines have a bot of the name.
            NotFoundError: it names a machine that is not there.
        """
        machine, name = split_id(bot)
        if machine and is_machine(machine):
            return self.of_machine(machine), check_name("bot", name)
        machines = self._machines()
        if not machines or bot == DESK:
            return self.own, bot
        check_name("bot", bot)
        if self.own.has(bot):
            return self.own, bot
        having = [each for each in map(self._folder, machines) if each.has(bot)]
        if len(having) > 1:
            ids = ", ".join(bot_id(each.machine, bot) for each in having)
            raise ConflictError(f"several machines have a bot {bot}: say which, {ids}")
        return (having[0] if having else self.own), bot

    def _folder(self, machine: str) -> Folder:
        if machine == OWN:
            return self.own
        if machine not in self._made:
            layout = Layout(self.own.layout.root / folder_of(machine))
            self._made[machine] = Folder.of(machine, layout, self._settings)
        return self._made[machine]
