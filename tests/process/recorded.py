"""A supervisor that notes what it does."""

import signal

from aion.process.rolling_restart import RollingSupervisor, Worker


class Recorded(RollingSupervisor):
    """Runs workers that are no desk: short programs."""

    def __init__(self, program: str, silent_s: float = 600.0, *, on_terminal: bool = False) -> None:
        self.said: list[str] = []
        worker = Worker("worker", (), base=(program,))
        super().__init__([worker], lambda _level, text: self.said.append(text), leave_s=0.0, silent_s=silent_s)
        self.worker = worker
        self._on_terminal = on_terminal

    def look_after(self) -> int:
        """Go once round, as `run` does all the time."""
        return self._tend(self.worker)

    def ask(self) -> None:
        """Ask for a restart."""
        self._wanted = True

    def hang_up(self) -> None:
        self._hang_up(signal.SIGHUP, None)

    @property
    def successor(self) -> Worker | None:
        return self._successor

    @property
    def is_asked(self) -> bool:
        return self._wanted

    @property
    def is_stopping(self) -> bool:
        return self._stopping

    @property
    def is_idle(self) -> bool:
        """Nobody waits for a successor and none comes up."""
        return not self._queue and self._successor is None
