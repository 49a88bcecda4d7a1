"""Files waiting to be written: the newest content of each, in the order that readers expect."""

from pathlib import Path

from aion.output.encode import Json
from aion.store.document_file import write_document
from aion.store.layout import Layout
from aion.store.log.process_log import ProcessLog


class Outbox:
    """Keeps documents until they are written.

    A path that is put twice is written once, with its newest content: state files are state, not a log. A commit file
    (`sim_summary.json`) is written only after all others, and only if they were written.
    """

    def __init__(self, layout: Layout, log: ProcessLog) -> None:
        """Args: layout: of the data folder; log: gets a line when writing fails, and when it works again."""
        self._layout = layout
        self._log = log
        self._waiting: dict[Path, Json] = {}
        self._commit: tuple[Path, Json] | None = None
        self._is_refused = False

    @property
    def is_empty(self) -> bool:
        """True if nothing is waiting."""
        return not self._waiting and self._commit is None

    def put(self, path: Path, document: Json) -> None:
        """Replace `path` by `document` at the next `write`."""
        self._waiting[path] = document

    def put_commit(self, path: Path, document: Json) -> None:
        """Replace `path` by `document` at the next `write`, after everything else."""
        self._commit = (path, document)

    def write(self) -> bool:
        """Write everything that is waiting; what fails waits for the next call.

        Returns:
            True if nothing is waiting any more.
        """
        try:
            while self._waiting:
                path, document = next(iter(self._waiting.items()))
                write_document(path, document)
                del self._waiting[path]
            if self._commit is not None:
                path, document = self._commit
                write_document(path, document)
                self._commit = None
        except OSError as error:
            if not self._is_refused:
                self._is_refused = True
                self._log.error(
                    f"{self._layout.relative(path)} cannot be written: {error.strerror}; "
                    "trading continues; the files are written when the disk is writable"
                )
            return False
        if self._is_refused:
            self._is_refused = False
            self._log.info("the disk is writable again: all files are written")
        return True
