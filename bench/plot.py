"""Plots as small SVG files, drawn by hand: bars of deliveries a second, lines of memory and of growth."""

from math import log10
from typing import Any

COLORS = {
    "loop": "#8a8f98", "aion": "#2f6fed", "aion gzip": "#13a3a3", "nchan": "#c98a12", "sse-starlette": "#b4507a",
    "better-sse": "#7a5cc4",
}  # fmt: skip
WIDTH, BAR, GAP, LEFT = 720, 18, 26, 130
STYLE = "font-family='system-ui,sans-serif' font-size='12'"


def plots(results: dict[str, Any]) -> dict[str, str]:
    """Return SVG texts by file name."""
    found: dict[str, str] = {}
    for part, each in results.items():
        if part.startswith("broadcast-") and each.get("sizes"):
            found[f"bench-{part}.svg"] = _bars(each)
    points = results.get("memory", {}).get("points")
    if points:
        found["bench-memory.svg"] = _line(points)
    return found


def _svg(height: int, parts: list[str]) -> str:
    head = f"<svg xmlns='http://www.w3.org/2000/svg' width='{WIDTH}' height='{height}' {STYLE}>"
    return "\n".join([head, f"<rect width='{WIDTH}' height='{height}' fill='#ffffff'/>", *parts, "</svg>"]) + "\n"


def _text(x: float, y: float, words: str, *, anchor: str = "start", weight: str = "normal") -> str:
    return f"<text x='{x:.0f}' y='{y:.0f}' text-anchor='{anchor}' font-weight='{weight}' fill='#222'>{words}</text>"


def _bars(found: dict[str, Any]) -> str:
    title = f"Deliveries a second to {found['clients']:,} clients, publish to last client, median; line: least..most"
    parts = [_text(12, 20, title, weight="bold")]
    y = 40
    for size, each in found["sizes"].items():
        y += GAP - BAR
        label = "real bundle" if size == "real" else f"{int(size) // 1000} KB"
        parts.append(_text(12, y + 12, label, weight="bold"))
        y += BAR
        most = max(server["deliveries_s"]["most"] for server in each["servers"].values())
        for name, server in each["servers"].items():
            rate = server["deliveries_s"]
            scale = (WIDTH - LEFT - 110) / most
            parts += [
                _text(LEFT - 8, y + 13, name, anchor="end"),
                f"<rect x='{LEFT}' y='{y + 2}' width='{rate['median'] * scale:.1f}' height='{BAR - 4}' "
                f"fill='{COLORS.get(name, '#666')}'/>",
                f"<line x1='{LEFT + rate['least'] * scale:.1f}' x2='{LEFT + rate['most'] * scale:.1f}' "
                f"y1='{y + BAR / 2:.1f}' y2='{y + BAR / 2:.1f}' stroke='#222'/>",
                _text(LEFT + rate["most"] * scale + 6, y + 13, f"{rate['median']:,.0f}/s"),
            ]
            y += BAR
    return _svg(y + 16, parts)


def _line(points: list[dict[str, Any]]) -> str:
    height, bottom, top = 260, 220, 50
    base = points[0]["resident"]
    most_clients = max(each["clients"] for each in points) or 1
    most = max(each["resident"] - base for each in points) or 1
    dots = [
        (LEFT + each["clients"] / most_clients * (WIDTH - LEFT - 60),
         bottom - (each["resident"] - base) / most * (bottom - top), each)
        for each in points
    ]  # fmt: skip
    parts = [_text(12, 20, "Resident memory above the empty desk, by open streams (gzip, login)", weight="bold")]
    path = " ".join(f"{x:.0f},{y:.0f}" for x, y, _ in dots)
    parts.append(f"<polyline points='{path}' fill='none' stroke='{COLORS['aion']}' stroke-width='2'/>")
    for x, y, each in dots:
        parts.append(f"<circle cx='{x:.0f}' cy='{y:.0f}' r='3' fill='{COLORS['aion']}'/>")
        parts.append(_text(x, y - 8, f"{(each['resident'] - base) / 2**20:.1f} MiB", anchor="middle"))
        parts.append(_text(x, bottom + 18, f"{each['clients']:,}", anchor="middle"))
    return _svg(height, parts)


GROWTH = (
    ("core", 1.0, "Processor of the desk, cores"),
    ("bytes_s", 1e3, "Traffic of a viewer, KB/s"),
    ("p99_ms", 1.0, "Write to event, p99, ms"),
    ("resident", 1e6, "Memory of the desk, MB"),
)
"""Figure, what one of its unit is, and its title."""


def growth(rows: list[dict[str, Any]]) -> str:
    """Return an SVG with a panel for each figure of `bench.many` by the number of bots, on a logarithmic scale."""
    wide, high, top = WIDTH / 2, 190, 46
    parts = [_text(12, 20, "Bots that write once a second, 100 viewers", weight="bold")]
    first, last = (log10(each["bots"]) for each in (rows[0], rows[-1]))
    for number, (name, unit, title) in enumerate(GROWTH):
        left, base = number % 2 * wide + 40, top + number // 2 * high + high - 50
        most = max(each[name] for each in rows) or 1
        dots = [
            (left + 20 + (log10(each["bots"]) - first) / ((last - first) or 1) * (wide - 100),
             base - each[name] / most * (high - 90), each)
            for each in rows
        ]  # fmt: skip
        path = " ".join(f"{x:.0f},{y:.0f}" for x, y, _ in dots)
        parts += [
            _text(left, base - high + 68, title, weight="bold"),
            f"<line x1='{left}' x2='{left + wide - 60}' y1='{base}' y2='{base}' stroke='#bbb'/>",
            f"<polyline points='{path}' fill='none' stroke='{COLORS['aion']}' stroke-width='2'/>",
        ]
        for x, y, each in dots:
            value = each[name] / unit
            parts += [
                f"<circle cx='{x:.0f}' cy='{y:.0f}' r='3' fill='{COLORS['aion']}'/>",
                _text(x, y - 8, f"{value:.2f}" if value < 10 else f"{value:,.0f}", anchor="middle"),
                _text(x, base + 16, f"{each['bots']:,}", anchor="middle"),
            ]
    return _svg(top + 2 * high, parts)
