"""The results as tables, plots and documents."""

from typing import Any

from aion.live.push.connection import UNSENT_BYTES
from bench import plot
from bench.tool import ROOT

DOCS = ROOT / "docs"
BEGIN, END = "<!-- bench: written by `python -m bench --write-docs` -->", "<!-- bench: end -->"
SIZES = {"1000": "1 KB", "20000": "20 KB", "100000": "100 KB", "real": "real"}
Row = tuple[str, str, str, bool | None]


def _median(results: dict[str, Any], part: str, size: str, server: str, what: str = "deliveries_s") -> float | None:
    try:
        return float(results[part]["sizes"][size]["servers"][server][what]["median"])
    except (KeyError, TypeError):
        return None


def _ratio(results: dict[str, Any], part: str, size: str, server: str, peer: str) -> float | None:
    ours, theirs = (_median(results, part, size, each) for each in (server, peer))
    return ours / theirs if ours and theirs else None


def _at_least(work: str, wanted: float, found: float | None, unit: str = "x") -> Row:
    if found is None:
        return work, f">= {wanted:g} {unit}", "not measured", None
    return work, f">= {wanted:g} {unit}", f"{found:.2f} {unit}", found >= wanted


def _at_most(work: str, wanted: float, found: float | None, unit: str, digits: int = 1) -> Row:
    if found is None:
        return work, f"< {wanted:.3g} {unit}", "not measured", None
    return work, f"< {wanted:.3g} {unit}", f"{found:.{digits}f} {unit}", found < wanted


def _of(results: dict[str, Any], *path: str) -> float | None:
    at: Any = results
    for key in path:
        if not isinstance(at, dict) or key not in at:
            return None
        at = at[key]
    return float(at)


def rows(results: dict[str, Any]) -> list[Row]:
    """Return what must be reached: work, wanted, found, whether it is reached (None: not measured)."""
    found: list[Row] = []
    for clients in ("2000", "5000"):
        part = f"broadcast-{clients}"
        work = f"broadcast 20 KB to {int(clients):,} clients: speed"
        found += [
            _at_least(f"{work} / bare C send loop", 0.8, _ratio(results, part, "20000", "aion", "loop")),
            _at_least(f"{work} / nchan", 1.4, _ratio(results, part, "20000", "aion", "nchan")),
            _at_least(f"{work} / sse-starlette", 8, _ratio(results, part, "20000", "aion", "sse-starlette")),
        ]
    part = "broadcast-2000"
    found += [
        _at_least(
            "broadcast 1 KB to 2,000 clients: speed / bare C send loop",
            0.85,
            _ratio(results, part, "1000", "aion", "loop"),
        ),
        _at_least(
            "broadcast 1 KB to 2,000 clients: speed / nchan", 1.0, _ratio(results, part, "1000", "aion", "nchan")
        ),
        _at_least(
            "broadcast 100 KB to 2,000 clients: speed / nchan", 2.0, _ratio(results, part, "100000", "aion", "nchan")
        ),
    ]
    plain = _of(results, part, "sizes", "100000", "servers", "aion", "bytes_a_client")
    packed = _of(results, part, "sizes", "100000", "servers", "aion gzip", "bytes_a_client")
    found += [
        _at_least("gzip of 100 KB: bytes, plain / gzip", 4, plain / packed if plain and packed else None),
        _at_least("gzip of 100 KB: speed / plain, last client", 1,
                  _ratio(results, part, "100000", "aion gzip", "aion")),
        _at_most("memory for each connection (5,000, gzip, login)", 3.0,
                 _kilo(_of(results, "memory", "bytes_a_connection")), "KB", 2),
        _at_most("kernel memory with 1,000 stuck clients: end / half-way", 1.05, _growth(results), "x", 3),
        _at_most("100 idle clients: processor", 0.5, _percent(_of(results, "idle", "aion")), "% of a core", 2),
        _at_most("rename -> wire, 35 KB, p50", 5, _of(results, "wire", "identity", "p50_ms"), "ms"),
        _at_most("rename -> wire, 35 KB, p99", 20, _of(results, "wire", "identity", "p99_ms"), "ms"),
        _at_most("rename -> DOM in Chromium, p99", 50, _of(results, "page", "p99_ms"), "ms"),
        _at_least("GET bundle: rate / constant answer", 0.9, _get_ratio(results)),
        _at_most("GET bundle, 200 at a time, p99", 20, _of(results, "get", "events", "at_200", "p99_ms"), "ms"),
        _at_most("GET while 100 KB go to 5,000 clients each second, p99", 50,
                 _of(results, "get-during-broadcast", "bundle", "p99_ms"), "ms"),
        _at_most("5,000 clients reconnect: all current after", 5, _of(results, "storm", "most_s"), "s", 2),
        _at_most("client that was frozen: stale bundles beyond its own buffer", 2 + UNSENT_BYTES / 19_755,
                 _of(results, "thaw", "default", "stale_beyond_own_buffer"), "bundles", 2),
        _at_least("10,000 clients on one worker: complete rounds", 7, _of(results, "crowd", "whole"), "of 7"),
        _at_most("1,000 bots at 1 Hz, 100 viewers: processor", 0.5, _many(results, "core"), "core", 2),
        _at_most("1,000 bots at 1 Hz, 100 viewers: a viewer", 20, _kilo(_many(results, "bytes_s")), "KB/s"),
        _at_most("1,000 bots of 50 positions, 100 viewers: memory", 250, _mega(_many(results, "resident")), "MB"),
        _at_most("start with 1,000 bots and 60 days", 3, _of(results, "many", "start", "start_s"), "s"),
        _at_most("backtest of one year, 20 symbols, two bots", 20, _of(results, "backtest", "load", "year_s"), "s"),
        _at_least("backtest of one rule: speed / backtesting.py", 1, _backtest_ratio(results, "backtest")),
        _at_least("the same with compiled modules", 2.5, _backtest_ratio(results, "backtest-compiled")),
    ]  # fmt: skip
    return found


def _kilo(value: float | None) -> float | None:
    return None if value is None else value / 1024


def _mega(value: float | None) -> float | None:
    return None if value is None else value / 1e6


def _many(results: dict[str, Any], what: str) -> float | None:
    found = [each for each in results.get("many", {}).get("growth", ()) if each["bots"] == 1_000]
    return float(found[0][what]) if found else None


def _percent(value: float | None) -> float | None:
    return None if value is None else value * 100


def _growth(results: dict[str, Any]) -> float | None:
    half, end = (_of(results, "stuck", f"kernel_{when}") for when in ("half_way", "end"))
    return end / half if half and end else None


def _get_ratio(results: dict[str, Any]) -> float | None:
    ours, theirs = (_of(results, "get", "events", f"{what}_s", "median") for what in ("bundle", "constant"))
    return ours / theirs if ours and theirs else None


def _backtest_ratio(results: dict[str, Any], part: str) -> float | None:
    ours, theirs = (_of(results, part, "side_by_side", f"{who}_cpu_s") for who in ("ours", "theirs"))
    return theirs / ours if ours and theirs else None


def must_reach(results: dict[str, Any]) -> str:
    """Return the rows as text for a terminal."""
    marks = {True: "ok  ", False: "FAIL", None: "-   "}
    return "\n".join(f"{marks[fine]}  {work:62} {wanted:>16}  {found}" for work, wanted, found, fine in rows(results))


def _table(results: dict[str, Any], part: str) -> list[str]:
    found = results.get(part)
    if not found or "sizes" not in found:
        return []
    lines = [
        "",
        f"### {found['clients']:,} clients" + (f", {found['slow']} of them slow" if found["slow"] else ""),
        "",
        "| bundle | server | publish -> last client (min..max) | deliveries/s "
        "| CPU per delivery | bytes per client |",
        "|---|---|---|---|---|---|",
    ]
    for size, each in found["sizes"].items():
        for name, server in each["servers"].items():
            last = server["last_ms"]
            whole = "" if server["whole_rounds"] == server["rounds"] else f" ({server['whole_rounds']} whole)"
            lines.append(
                f"| {SIZES.get(size, size)} ({each['bundle_bytes']:,} B) | {name}{whole} | {last['median']:.1f} ms "
                f"({last['least']:.1f}..{last['most']:.1f}) | {server['deliveries_s']['median']:,.0f} "
                f"| {server['cpu_us_a_client']['median']:.1f} us | {server['bytes_a_client']:,} |"
            )
    for name, why in found["missing"].items():
        lines.append(f"| | {name} | missing: {why} | | | |")
    return lines


def _details(results: dict[str, Any]) -> list[str]:
    lines: list[str] = []
    if "points" in results.get("memory", {}):
        memory = results["memory"]
        lines += ["", "### Memory", "", "| open streams (gzip, login) | resident |", "|---|---|"]
        lines += [f"| {each['clients']:,} | {each['resident'] / 2**20:.1f} MiB |" for each in memory["points"]]
        lines.append(f"\nSlope: {memory['slope']:.0f} bytes per connection.")
    if "aion" in results.get("idle", {}):
        idle = results["idle"]
        lines += [
            "",
            "### 100 idle clients",
            "",
            "| design | share of a core | GET p99 |",
            "|---|---|---|",
        ]
        lines.append(f"| Aion | {idle['aion']:.2%} | |")
        lines.append(f"| one polling handler for each client, every 200 ms | {idle['naive']:.0%} "
                     f"| {idle['naive_get']['p99_ms']:.0f} ms |")  # fmt: skip
    if "events" in results.get("get", {}):
        get = results["get"]
        lines += [
            "", "### GET of the bundle", "",
            f"{get['days']} days of {get['bots']} bots and {get['symbols']:,} symbols on disk, "
            f"{get['files']} files; bundle {get['bundle_bytes']:,} B, sent as gzip.", "",
            "| changes found by | bundle | constant, same stack | p99, 200 at a time | p99 at 1,000/s |",
            "|---|---|---|---|---|",
        ]  # fmt: skip
        for name in ("events", "signatures"):
            each = get[name]
            lines.append(
                f"| {name} | {each['bundle_s']['median']:,.0f}/s | {each['constant_s']['median']:,.0f}/s "
                f"| {each['at_200']['p99_ms']:.1f} ms | {each['at_200_1000_a_s']['p99_ms']:.1f} ms |"
            )
    if "default" in results.get("thaw", {}):
        thaw = results["thaw"]
        lines += ["", f"### A client frozen for {thaw['frozen_s']:.0f} s, {thaw['changes']} changes", "",
                  "| receive buffer | old bundles before the newest | of them already in its own buffer |",
                  "|---|---|---|"]  # fmt: skip
        for name in ("default", "small"):
            each = thaw[name]
            lines.append(f"| {name} | {each['stale']} | {each['stale'] - each['stale_beyond_own_buffer']:.1f} |")
    if "topics" in results.get("delta", {}):
        delta = results["delta"]
        lines += ["", f"### Patches in {delta['seconds']:.0f} s of a replay at {delta['speed']} times real time", "",
                  "| topic | bundle | changes | sent as patches | whole, gzip | patch, gzip | sent whole "
                  "| sent with patches | CPU per patch |", "|---|---|---|---|---|---|---|---|---|"]  # fmt: skip
        for name, each in delta["topics"].items():
            lines.append(f"| {name} | {each['body_bytes']:,.0f} B | {each['changes']} | {each['patches']} "
                         f"| {each['whole_bytes']:,.0f} B | {each['patch_bytes']:,.0f} B | {each['sent_whole']:,} B "
                         f"| {each['sent_patched']:,} B | {each['make_ms']:.1f} ms |")  # fmt: skip
    if "open_s" in results.get("crowd", {}):
        crowd = results["crowd"]
        lines += ["", f"### {crowd['clients']:,} clients on one worker", "",
                  f"Opened in {crowd['open_s']:.1f} s; 20 KB reached the last one after {crowd['last_ms']:.0f} ms "
                  f"(gzip); {crowd['resident_a_client'] / 1024:.1f} KB of memory per client."]  # fmt: skip
    return [*lines, *_growth_table(results)]


def _growth_table(results: dict[str, Any]) -> list[str]:
    many = results.get("many", {})
    if "growth" not in many:
        return []
    lines = ["", "### Many bots", "",
             "Each writes once a second; 100 viewers have totals, index, and the rows and cards on a screen.", "",
             "| bots | processor | a viewer | memory | write -> event p50 | p99 | start | load average |",
             "|---|---|---|---|---|---|---|---|"]  # fmt: skip
    named = {"own": ", of one job", "alone": ", no viewer", "bad": ", many of them bad"}
    rows = [*((each, "") for each in many["growth"]), *((many[name], said) for name, said in named.items())]
    for each, said in rows:
        late = [f"{each[name]:,.0f} ms" if name in each else "" for name in ("p50_ms", "p99_ms")]
        seen = f"{each['bytes_s'] / 1000:.1f} KB/s" if "bytes_s" in each else ""
        lines.append(f"| {each['bots']:,}{said} | {each['core']:.2f} core | {seen} "
                     f"| {each['resident'] / 1e6:.0f} MB | {late[0]} | {late[1]} | {each['start_s']:.1f} s "
                     f"| {each['load']:.1f} |")  # fmt: skip
    start = many["start"]
    lines += ["", f"Start with {start['bots']:,} bots and {start['days']} days, {start['files']:,} files: "
              f"{start['start_s']:.1f} s to the answered index, {start['resident'] / 1e6:.0f} MB."]  # fmt: skip
    for name in ("index", "card"):
        each = many["gets"][name]
        ratio = each["rate"]["median"] / each["constant_rate"]["median"]
        lines.append(f"GET of the {name}: {ratio:.2f} x a constant answer of its bytes; 200 at a time p99 "
                     f"{each['p99_ms']['median'] / each['constant_p99_ms']['median']:.2f} x.")  # fmt: skip
    return lines


def _missing(results: dict[str, Any]) -> list[str]:
    return [
        f"- `{name}` was not measured: {found['missing_part']}"
        for name, found in results.items()
        if isinstance(found, dict) and "missing_part" in found
    ]


def write_docs(results: dict[str, Any]) -> None:
    """Write the section of `docs/measured.md`, the tables of `docs/bench.md` and its plots."""
    marks = {True: "yes", False: "**no**", None: ""}
    machine = results.get("machine", {})
    said = (
        f"`make bench`, {machine.get('at', '?')} UTC, {machine.get('cores', '?')} cores, Linux "
        f"{machine.get('system', '?')}, Python {machine.get('python', '?')}. Load average at the end of each part: "
        + ", ".join(f"{name} {each['load_average']:.1f}" for name, each in results.items() if "load_average" in each)
        + "."
    )
    table = ["| what | target | measured | met |", "|---|---|---|---|"]
    table += [f"| {work} | {wanted} | {found} | {marks[fine]} |" for work, wanted, found, fine in rows(results)]
    _replace(DOCS / "measured.md", [said, "", *table, *_missing(results), "", "All tables: `docs/bench.md`."])
    body = [said]
    for name, drawing in plot.plots(results).items():
        (DOCS / "images").mkdir(exist_ok=True)
        (DOCS / "images" / name).write_text(drawing)
        body += ["", f"![{name.removesuffix('.svg')}](images/{name})"]
    for part in (*(name for name in results if name.startswith("broadcast")), "slow"):
        body += _table(results, part)
    _replace(DOCS / "bench.md", [*body, *_details(results), *_missing(results)])


def _replace(path: Any, lines: list[str]) -> None:
    text = path.read_text()
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    path.write_text("\n".join([before + BEGIN, "", *lines, "", END]) + after)
