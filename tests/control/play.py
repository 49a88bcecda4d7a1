"""A replay of a few bars, with what a person asks meanwhile."""

from collections.abc import Callable
from pathlib import Path

from aion.config import default_bots
from aion.store.layout import Layout
from tests.bot.desk import (
    VirtualWaiter,
    at,
    document,
    recorded,
    replay,
    settings,
    sim_logs,
)

INTRADAY = {name: bot for name, bot in default_bots().items() if bot.kind == "intraday"}


DAY = "2022-05-19"


END = at("2022-05-19T15:30Z")
SOON = at("2022-05-19T13:50Z")
"""For who asks for something before 13:45 and looks at the answer alone."""


Step = Callable[[dict], bool | None]


class Person:
    """Somebody at the desk: does each step when the state that it waits for is there."""

    def __init__(self, data: Path, *steps: Step, limit_s: float = 2000) -> None:
        self.layout = Layout(data)
        self.steps = list(steps)
        self.seen: list[dict] = []
        self.limit_s = limit_s
        self._bytes = b""

    def __call__(self, waiter: VirtualWaiter, seconds: float) -> None:
        found = self.layout.sim_summary.read_bytes()
        if found != self._bytes:
            self._summary, self._bytes = document(self.layout.sim_summary), found
        summary = self._summary
        self.seen.append(summary)
        assert waiter.elapsed < self.limit_s, f"still waiting for {len(self.steps)} steps"
        while self.steps and self.steps[0](summary):
            self.steps.pop(0)


def when(market_time: str, act: Callable[[], object]) -> Step:
    def step(summary: dict) -> bool:
        if at(summary["clock"]["market_time"]) < at(market_time):
            return False
        act()
        return True

    return step


def play(data: Path, *steps: Step, end: object = END, runs: int = 1, **changes: object) -> Person:
    person = Person(data, *steps)
    made = settings(data, **{"bots": INTRADAY, "run_pause_s": 1, **changes})
    replay(made, recorded(end), VirtualWaiter(person), runs=runs)
    assert not person.steps
    return person


def orb(data: Path) -> dict:
    return sim_logs(data, "orb_ny")[DAY]
