"""How old the proofs are of the machines that feed the data folder: `watch/proof.json`, as this desk saw it change.

Only the order of a file's content and this machine's steady clock count: no time that another machine wrote is
compared with one of this machine. A thread of its own looks at the files, so that a disk that does not answer leaves
the ages to grow, which holds what it has.
"""

import asyncio
import os
import threading
from collections.abc import Callable
from pathlib import Path

from aion.errors import StateError
from aion.live.proof import Proof, Proofs, steady_s
from aion.store.document.watch import Proof as ProofFile
from aion.store.document_file import read_document
from aion.store.file import Signature
from aion.store.layout import PROOF, Layout
from aion.store.log.process_log import ProcessLog

OWN = "data"
"""Name of the data folder as a source of its own; no machine may have it."""
LOOK_S = 0.2  # between two looks at the files of sources
LOOK_FOR_S = 1.0  # between two looks for sources, while there are none
MISSED = 3  # proofs that may fail to come before what the source wrote is held
LEAST_LIMIT_S = 3.0
MOST_EPOCHS = 64  # of a source that are remembered
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
            self._signature, self.problem = None, "its proof file is gone"
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

    def look(self) -> None:
        """Look at all proof files once."""
        sources = dict(self._sources)
        if OWN not in sources and os.path.lexists(self._layout.proof):
            sources[OWN] = Source(self._layout.proof, PROOF)
        for name, source in sources.items():
            source.look(self._now_s())
            if source.problem != self._told.get(name, ""):
                self._told[name] = source.problem
                if source.problem:
                    self._log.warning(f"{PROOF} of {name} proves nothing: {source.problem}")
        self._sources = sources  # replaced as a whole: the event loop reads it

    def _run(self) -> None:
        while not self._is_closed.wait(LOOK_S if self._sources else LOOK_FOR_S):
            self.look()
