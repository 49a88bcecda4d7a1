"""What login and limits cost: the desk with both beside a desk without, the fan-out and GETs in turn.

python -m bench.guard [--clients 1000] [--rounds 41]
"""

import argparse
import json
import statistics
from typing import Any

from bench import data
from bench.broadcast import Contender
from bench.get import PATH
from bench.load import get_load, got
from bench.peer import Aion
from bench.tool import HERE, OUT, Process, cpu_s, free_port, python, raise_limits, stopping

TURN_S = 0.5
SIZE = 20_000


class Open(Aion):
    """The desk of `server/open_app.py`: no login, no limits."""

    name = "open"

    def __init__(self, folder: Any) -> None:
        super().__init__(folder, has_login=False)
        self.process.stop()
        self.port = free_port()
        self.process = Process(
            [python(), str(HERE / "server" / "open_app.py"), str(self.port)],
            self.port,
            log="open",
            env=self._environment,
            cwd=OUT,
        )
        self.process.wait_port()


def measure(clients: int, rounds: int) -> dict[str, Any]:
    """Return times with login and limits, divided by those without: medians of turns that follow each other."""
    guarded = Aion(data.sized_folder(OUT / "state-guarded", SIZE))
    bare = Open(data.sized_folder(OUT / "state-open", SIZE))
    contenders = {"guarded": Contender("guarded", guarded, clients), "open": Contender("open", bare, clients)}
    with stopping(*[each.load for each in contenders.values()], guarded, bare):
        for each in contenders.values():
            opened = each.load.open(seconds=90)
            assert opened["opened"] == clients, opened
            each.take(b"", verify=True)
        gets: dict[str, list[float]] = {"guarded": [], "open": []}
        for number in range(rounds):
            order = list(contenders) if number % 2 else list(reversed(contenders))
            for name in order:
                contenders[name].take(b"")
            for name in order:
                server = contenders[name].server
                before = cpu_s(server.worker)
                answer = got(get_load(server.port, PATH, 16, TURN_S, 0, server.headers))
                gets[name].append((cpu_s(server.worker) - before) * 1e6 / max(1, answer["answers"]))
        last = {name: [each.seconds for each in contender.rounds] for name, contender in contenders.items()}
        cpu = {name: contender.cpu for name, contender in contenders.items()}
    return {
        "clients": clients,
        "rounds": rounds,
        "fan-out, last client": _compared(last),
        "fan-out, processor": _compared(cpu),
        "GET, processor": _compared(gets),
    }


def _compared(times: dict[str, list[float]]) -> dict[str, float]:
    pairs = zip(times["guarded"], times["open"], strict=True)
    return {
        "guarded": statistics.median(times["guarded"]),
        "open": statistics.median(times["open"]),
        "cost": statistics.median(one / other for one, other in pairs) - 1,
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.guard")
    parser.add_argument("--clients", type=int, default=1000, help="streams of each desk")
    parser.add_argument("--rounds", type=int, default=41, help="turns of each")
    options = parser.parse_args()
    raise_limits()
    found = measure(options.clients, options.rounds)
    print(json.dumps(found, indent=1))
    for name, each in found.items():
        if isinstance(each, dict):
            print(f"{name}: login and limits cost {100 * each['cost']:+.1f} %; wanted under 5 %")


if __name__ == "__main__":
    main()
