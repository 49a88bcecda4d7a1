"""Run the benchmark, or the parts that are named: `python -m bench [PART ...] [--quick] [--write-docs]`."""

import argparse
import contextlib
import json
import os
import platform
import time
from collections.abc import Callable
from typing import Any

from bench import backtest, broadcast, delta, fresh, get, hold, many, report
from bench.tool import OUT, Missing, raise_limits

ALL = ("aion", "aion gzip", "loop", "nchan", "sse-starlette", "better-sse")
RESULTS = OUT / "results.json"


def _spread_over(clients: int, sizes: tuple[int, ...], names: tuple[str, ...], rounds: int, **more: Any) -> Any:
    return lambda: broadcast.measure(clients, sizes, names, rounds, **more)


def parts(*, quick: bool) -> dict[str, Callable[[], dict[str, Any]]]:
    """Return the parts by name, in the order in which they run."""
    rounds = 7 if quick else 11
    most = ("aion", "aion gzip", "loop", "nchan")
    found: dict[str, Callable[[], dict[str, Any]]] = {
        "broadcast-100": _spread_over(100, (1_000, 20_000, 100_000, 0), ALL, rounds),
        "broadcast-1000": _spread_over(1_000, (1_000, 20_000, 100_000, 0), ALL, rounds),
        "broadcast-2000": _spread_over(2_000, (1_000, 20_000, 100_000), ALL, rounds + 4),
        "broadcast-5000": _spread_over(5_000, (1_000, 20_000, 100_000), ALL, 7),
        "broadcast-10000": _spread_over(10_000, (1_000, 20_000, 100_000), most, 7),
        "slow": _spread_over(1_000, (20_000,), most, rounds, slow_part=0.05),
        "wire": lambda: fresh.wire(200 if quick else fresh.WIRE_WRITES),
        "page": fresh.page,
        "get": lambda: get.fresh(7),
        "get-during-broadcast": lambda: get.during_broadcast(5_000, 5 if quick else 12),
        "memory": hold.memory,
        "stuck": hold.stuck,
        "idle": lambda: hold.idle(seconds=10 if quick else 20),
        "storm": hold.storm,
        "crowd": hold.many,
        "many": many.measure,
        "thaw": lambda: hold.thaw(10 if quick else 30),
        "delta": lambda: delta.measure(20 if quick else delta.SECONDS),
        "backtest": lambda: backtest.main(["--sessions", "60"] if quick else []),
        "backtest-compiled": lambda: backtest.main(["--compiled", *(["--sessions", "60"] if quick else [])]),
    }
    if quick:
        for name in ("broadcast-100", "broadcast-1000", "broadcast-10000", "slow", "many"):
            del found[name]
    return found


def main() -> None:
    """Run, keep the results in `bench/out/results.json`, print the table, and write the documents when asked to."""
    known = parts(quick=False)
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("part", nargs="*", help=f"of {', '.join(known)}; default all")
    parser.add_argument("--quick", action="store_true", help="a few minutes: fewer sizes, shorter waits")
    parser.add_argument("--write-docs", action="store_true", help="write docs/bench.md and docs/measured.md")
    parser.add_argument("--docs-only", action="store_true", help="write them from the results that are kept")
    options = parser.parse_args()
    unknown = set(options.part) - known.keys()
    if unknown:
        parser.error(f"there is no part {sorted(unknown)[0]!r}; known: {', '.join(known)}")
    results: dict[str, Any] = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    if not options.docs_only:
        _run(parts(quick=options.quick), options.part, results)
    print(report.must_reach(results))
    if options.write_docs or options.docs_only:
        report.write_docs(results)


def _run(chosen: dict[str, Callable[[], dict[str, Any]]], names: list[str], results: dict[str, Any]) -> None:
    descriptors = raise_limits()
    for name, part in chosen.items():
        if names and name not in names:
            continue
        print(f"bench: {name} ...", end=" ", flush=True)
        started = time.monotonic()
        try:
            found = part()
        except Missing as missing:
            found = {"missing_part": str(missing)}
        except Exception as error:  # noqa: BLE001 - one part that fails is named and does not end the run
            found = {"missing_part": f"failed: {type(error).__name__}: {error}"}
        took = time.monotonic() - started
        found["took_s"] = round(took, 1)
        found["load_average"] = os.getloadavg()[0]
        results[name] = found
        print(f"{took:.0f} s {found.get('missing_part', '')} {found.get('missing') or ''}".rstrip(), flush=True)
        results["machine"] = {
            "cores": os.cpu_count(), "system": platform.release(), "python": platform.python_version(),
            "descriptors": descriptors, "at": time.strftime("%Y-%m-%d %H:%M", time.gmtime()),
        }  # fmt: skip
        OUT.mkdir(exist_ok=True)
        RESULTS.write_text(json.dumps(results, indent=1))


with contextlib.suppress(BrokenPipeError):
    main()
