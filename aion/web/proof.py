"""How old the proofs are of the machines that feed the data folder: `watch/proof.json`, as this desk saw it change.

Only the order of a file's content and this machine's steady clock count: no time that another machine wrote is
compared with one of this machine. Each source has a thread that looks at its file: a disk that does not answer leaves
the ages of that source to grow, which holds what it has, and no other's.
"""

import asyncio
import os
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from aion.errors import StateError
from aion.live.proof import Proof, Proofs, steady_s
from aion.store.document.watch import Proof as ProofFile
from aion.store.document_file import read_document
from aion.store.file import Signature
from aion.store.layout import PROOF, Layout
from aion.store.log.process_log import ProcessLog
from aion.store.machine import RESERVED as OWN
from aion.store.machine import folder_of, machines_below

LOOK_S = 0.2  # between two looks at the files of sources
LOOK_FOR_S = 1.0  # between two looks for sources
MISSED = 3  # proofs that may fail to come before what the source wrote is held
LEAST_LIMIT_S = 3.0
MOST_EPOCHS = 64  # of a source that are remembered
GONE = "its proof file is gone"
NONE = "it has no proof: whatever fills the folder must write one, as `aion relay pull` and `aion prove` do"
TWO_FEEDERS = "two programs feed this folder, each overwriting the other's proof: stop one of them"


class Source:
    """The proofs of one source, in the order in which they came."""

    def __init__(self, path: Path, shown: str) -> None:
        """Args: path: of its file; shown: how messages call that."""
        self.limit_s = LEAST_LIMIT_S
        self.proved_s: float | None = None
        """Steady time as of which all is known to be here; None before the first proof that was seen to come."""
        self.problem = ""
        """Why its file proves nothing; empty where it does."""
        self._path = path
        self._shown = shown
        self._signature: Signature | None = None
        self._epoch = ""
        self._newest: dict[str, int] = {}
        """Number of the newest proof by epoch."""
        self._looked_s: float | None = None

    def look(self, now_s: float) -> None:
        """Look whether a new proof has come.

        Args:
            now_s: steady time at which the look begins. A proof that is found holds as of the look before, when it
                may have come at the earliest.
        """
        before_s, self._looked_s = self._looked_s, now_s
        try:
            signature = Signature.of(os.lstat(self._path))
        except FileNotFoundError:
            self._signature, self.problem = None, GONE if self._epoch else NONE
            return
        except OSError as error:
            self.problem = f"its proof file cannot be looked at: {error.strerror}"
            return
        if signature == self._signature:
            return
        try:
            found, self._signature = read_document(self._path, "proof", name=self._shown)
        except FileNotFoundError:
            return
        except StateError as error:
            self._signature, self.problem = signature, str(error)
            return
        assert isinstance(found, ProofFile)
        self._take(found, before_s)

    def _take(self, found: ProofFile, before_s: float | None) -> None:
        newest = self._newest.pop(found.epoch, None)
        is_same = found.epoch == self._epoch
        self._epoch = found.epoch
        self._newest[found.epoch] = max(found.n, -1 if newest is None else newest)
        if len(self._newest) > MOST_EPOCHS:
            del self._newest[next(iter(self._newest))]
        self.limit_s = max(LEAST_LIMIT_S, MISSED * float(found.every_s))
        self.problem = TWO_FEEDERS if newest is not None and not is_same else ""
        # the first of an epoch may have lain there for long, or be the copy of an older folder; and one that is not
        # newer was sent again
        if is_same and newest is not None and found.n > newest and before_s is not None:
            self.proved_s = before_s - float(found.behind_s)

    def proof(self, now_s: float) -> Proof:
        """Return the newest proof as of steady time `now_s`."""
        return Proof(None if self.proved_s is None else max(0.0, now_s - self.proved_s), self.limit_s)


class ProofWatch:
    """Watches the proof files of a data folder while the desk runs."""

    def __init__(self, layout: Layout, log: ProcessLog, now_s: Callable[[], float] = steady_s) -> None:
        """Args: layout: of the data folder; log: of this process; now_s: the steady clock."""
        self._layout = layout
        self._log = log
        self._now_s = now_s
        self._sources: dict[str, Source] = {}
        self._told: dict[str, str] = {}
        self._is_closed = threading.Event()
        self.wrong: dict[str, str] = {}
        """By name: what lies in `machines/` and is no machine, and why."""

    async def start(self) -> None:
        """Begin to watch, once the files were looked at: what lies there is held until its feeder is heard of."""
        await asyncio.to_thread(self.look)
        threading.Thread(target=self._run, name="aion-proof", daemon=True).start()

    def close(self) -> None:
        """Stop watching."""
        self._is_closed.set()

    def read(self) -> Proofs:
        """Return the proofs as of now; none for a folder that nobody feeds."""
        if not self._sources:
            return {}
        now_s = self._now_s()
        return {name: source.proof(now_s) for name, source in self._sources.items()}

    def problem_of(self, source: str) -> str:
        """Return why the file of a source proves nothing, an empty text where it does."""
        found = self._sources.get(source)
        return found.problem if found is not None else ""

    @property
    def machines(self) -> tuple[str, ...]:
        """Names of the machines that have a folder here."""
        return tuple(name for name in self._sources if name != OWN)

    def held_since(self, machine: str) -> tuple[bool, datetime | None]:
        """Return whether what a machine wrote is held, and as of when it is proved by this machine's wall clock."""
        source = self._sources.get(machine)
        if source is None:
            return True, None
        proof = source.proof(self._now_s())
        at = datetime.now(UTC) - timedelta(seconds=proof.age_s) if proof.age_s is not None else None
        return proof.is_held, at

    def look(self) -> None:
        """Look at all proof files once."""
        self._discover()
        for name, source in self._sources.items():
            self._look_at(name, source)

    def _discover(self) -> None:
        """Take in sources that came, and let those go that went; the own folder stays fed once it was."""
        machines, self.wrong = machines_below(self._layout.root)
        sources = {name: source for name, source in self._sources.items() if name == OWN or name in machines}
        if OWN not in sources and os.path.lexists(self._layout.proof):
            sources[OWN] = Source(self._layout.proof, PROOF)
        for name in machines:
            if name not in sources:
                shown = folder_of(name) + PROOF
                sources[name] = Source(self._layout.root / shown, shown)
        if sources != self._sources:
            self._sources = sources  # replaced as a whole: the event loop reads it

    def _look_at(self, name: str, source: Source) -> None:
        source.look(self._now_s())
        if source.problem != self._told.get(name, ""):
            self._told[name] = source.problem
            if source.problem:
                self._log.warning(f"{PROOF} of {name} proves nothing: {source.problem}")

    def _run(self) -> None:
        followed: dict[str, Source] = {}
        while True:
            for name, source in self._sources.items():
                if followed.get(name) is not source:
                    threading.Thread(
                        target=self._follow, args=(name, source), name=f"aion-proof-{name}", daemon=True
                    ).start()
            followed = self._sources
            if self._is_closed.wait(LOOK_FOR_S):
                return
            self._discover()

    def _follow(self, name: str, source: Source) -> None:
        """Look at one source until it is gone."""
        while self._sources.get(name) is source:
            self._look_at(name, source)
            if self._is_closed.wait(LOOK_S):
                return
