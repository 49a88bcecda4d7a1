"""`python -m tests.cluster [pace|node|repaint|streams|faults|controls] [TIMES] [SECONDS]`: times and faults."""

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.cluster.controls import play as ask
from tests.cluster.fault import BACK_S, FAULTS, HELD_S, LEADER_S, LEADERS, play, play_leader, start
from tests.cluster.machine import cluster
from tests.cluster.node import start as measure_node
from tests.cluster.pace import measure
from tests.cluster.repaint import measure as measure_repaint
from tests.cluster.servers import servers
from tests.cluster.streams import measure as measure_streams

FILES = 500  # of a desk that is new
NODE_S = 1.5
REPAINT_MS, WRITES = 150, 300
STREAMS, BACK_AGAIN_S = 10_000, 15.0
REQUESTS, LIMIT_S = 10_000, 1800


def pace() -> int:
    """Measure the way of files over one server."""
    for bots in (50, 200):
        with tempfile.TemporaryDirectory() as root, cluster(Path(root)) as made:
            made.server()
            found = measure(made, bots, 20)
            print(
                f"{bots} bots at 1 Hz, 20 to 200 KB: {found['files']:.0f} files, p50 {found['p50']:.1f} ms, "
                f"p99 {found['p99']:.1f} ms, worst {found['worst']:.0f} ms; both relays {found['busy']:.0%} of "
                f"a core, idle {found['idle']:.1%}; {found['memory']:.0f} MB"
            )
    return 0


def node() -> int:
    """Measure how long an empty desk takes; return 1 if it misses the goal."""
    with tempfile.TemporaryDirectory() as root, cluster(Path(root)) as made:
        made.server()
        found = measure_node(made, FILES)
    print(
        f"a new desk with {FILES} files, {found['megabytes']:.0f} MB: all there after {found['there']:.2f} s, "
        f"proved after {found['proved']:.2f} s of its start; "
        f"{found['spent']:.2f} s of processor, {found['memory']:.0f} MB (goal {NODE_S} s)"
    )
    return int(found["proved"] > NODE_S)


def repaint(writes: int) -> int:
    """Measure the way from a write on one machine to a browser at the desk of another; return 1 above the goal."""
    with tempfile.TemporaryDirectory() as root, cluster(Path(root)) as made:
        made.server()
        found = measure_repaint(made, writes)
    print(
        f"{found['seen']:.0f} of {found['writes']:.0f} writes seen, from write to repaint p50 {found['p50']:.0f} ms, "
        f"p99 {found['p99']:.0f} ms, worst {found['worst']:.0f} ms (goal {REPAINT_MS} ms)"
    )
    return int(found["p99"] > REPAINT_MS)


def streams(count: int) -> int:
    """Open streams over three desks and kill one; return 1 if one is not back in time, or steps back."""
    with tempfile.TemporaryDirectory() as root, cluster(Path(root)) as made:
        made.server()
        found = measure_streams(made, count)
    print(
        f"{found['streams']:.0f} streams over three desks, all open after {found['opened_s']:.1f} s; one killed: "
        f"{found['lost']:.0f} lost, {found['back']:.0f} of them back, the last after {found['back_s']:.1f} s (goal "
        f"{BACK_AGAIN_S:g} s); {found['open']:.0f} open at the end; {found['held']:.0f} older versions held back, "
        f"{found['backwards']:.0f} steps back"
    )
    is_all = found["open"] == found["streams"] and found["back"] == found["lost"] > 0
    return int(not is_all or found["back_s"] > BACK_AGAIN_S or found["backwards"] > 0)


def faults(times: int) -> int:
    """Play each fault `times` on three servers, two machines and two desks; return 1 if a goal is missed."""
    missed = 0
    with tempfile.TemporaryDirectory() as root, servers(Path(root)) as made:
        site = start(made, 2)
        print(f"{'fault':22} {'times':>5} {'held within':>12} {'verified again':>15}  goals {HELD_S} s, {BACK_S} s")
        for name, fault in FAULTS.items():
            took = [play(site, name) for _ in range(times)]
            held_s, back_s = (max(each) for each in zip(*took, strict=True))
            is_missed = held_s > HELD_S or back_s > fault.back_s + fault.start_s
            missed += is_missed
            more = f" (a start takes up to {fault.start_s} s of it)" if fault.start_s else ""
            print(f"{name:22} {times:5} {held_s:10.2f} s {back_s:13.2f} s  {'MISSED' if is_missed else 'ok'}{more}")
        for name in LEADERS:
            leader_s = max(play_leader(site, name) for _ in range(times))
            missed += leader_s > LEADER_S
            print(f"{name:22} {times:5} {'':12} {leader_s:13.2f} s  {'MISSED' if leader_s > LEADER_S else 'ok'}")
        lies = [lie for node in site.nodes for lie in node.seen.lies]
        asked = sum(node.seen.asked for node in site.nodes)
        site.end()
        print(f"{len(lies)} of {asked} answers showed as fresh what was over 3 s old", *lies[:5], sep="\n")
    return int(bool(missed or lies))


def controls(count: int, limit_s: int) -> int:
    """Ask `count` times within `limit_s` seconds while processes are killed; return 1 if one is lost or doubled."""
    with tempfile.TemporaryDirectory() as root, servers(Path(root)) as made:
        found = ask(made, count, seed=count, limit_s=limit_s)
    kills = ", ".join(f"{number} {what}" for what, number in sorted(found.kills.items()))
    asked = len(found.told) + len(found.unknown) + len(found.refused)
    print(
        f"{asked} of {count} requests asked at three desks, {found.seconds:.0f} s; killed: {kills}; "
        f"{len(found.told)} were taken, "
        f"{len(found.unknown)} answers cut off, {len(found.refused)} refused; {len(found.wrong)} not exactly once, "
        f"{len(found.unheard)} called done unheard"
    )
    print(*found.wrong[:10], *found.unheard[:5], *found.refused[:5], sep="\n")
    return int(bool(found.wrong or found.unheard or len(found.told) < asked // 2))


def main(words: list[str]) -> int:
    """Return 1 if a goal is missed."""
    parts = [word for word in words if not word.isdecimal()] or ["pace", "node", "faults"]
    numbers = [int(word) for word in words if word.isdecimal()]
    times = numbers[0] if numbers else 1
    limit_s = numbers[1] if len(numbers) > 1 else LIMIT_S
    done: dict[str, Callable[[], int]] = {
        "pace": pace, "node": node, "repaint": lambda: repaint(numbers[0] if numbers else WRITES),
        "streams": lambda: streams(numbers[0] if numbers else STREAMS), "faults": lambda: faults(times),
        "controls": lambda: controls(times if numbers else REQUESTS, limit_s),
    }  # fmt: skip
    return max(done[part]() for part in parts)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
