"""The report: one HTML file that needs no network and no other file. All text in it is escaped here."""

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

from aion import __version__
from aion.backtest import chart
from aion.backtest import text as say
from aion.backtest.markup import signed, table
from aion.backtest.method import METHOD, SOURCES
from aion.backtest.result import Result
from aion.backtest.trades import trades_panel
from aion.model import ZERO, Trade
from aion.store.curve import chosen
from aion.trading.cost import cost_model

MOST_POINTS = 1200  # of a chart: about two a pixel of a wide page
SYMBOLS_SHOWN = 30
REASONS_SHOWN = 12
_NUMBER = re.compile(r"[-+]?\d[\d,.]*(?<=\d)")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_FOLDER = Path(__file__).parent


def page(results: Sequence[Result], feed: str, provenance: str) -> str:
    """Return the whole report.

    Args:
        results: of each bot.
        feed: its name.
        provenance: where the bars come from, a sentence.
    """
    style = (_FOLDER / "report.css").read_text("utf-8")
    script = (_FOLDER / "report.js").read_text("utf-8")
    links = "".join(f'<a href="#{escape(each.name)}">{escape(each.name)}</a>' for each in results)
    nav = f'<nav aria-label="Bots">{links}</nav>' if len(results) > 1 else ""
    days = f"{say.day(min(each.first for each in results))} to {say.day(max(each.last for each in results))}"
    title = f"Backtest of {', '.join(each.name for each in results)}"
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)} · Aion</title><style>{style}</style></head><body>"
        f'<header><div><b>Aion</b>{nav}<span class="chip">BACKTEST {days}, feed {escape(feed)}</span></div></header>'
        f"<main>{''.join(_bot(each) for each in results)}{_method()}</main>"
        f"<footer><p>{escape(provenance)} Aion {__version__}. A past result is no promise.</p></footer>"
        f"<script>{script}</script></body></html>"
    )


def _bot(result: Result) -> str:
    settings = result.settings
    given = [f"{name} {value}" for name, value in settings.parameters.items()]
    shown = [", ".join(settings.symbols) if len(settings.symbols) <= 12 else f"{len(settings.symbols)} symbols"]
    shown += [
        f"{say.day(result.first)} to {say.day(result.last)}",
        settings.exchange,
        f"costs {settings.cost}",
        *([f"every {settings.horizon}"] if settings.horizon else []),
        *(["sized at the fill"] if settings.sizing == "fill" else []),
    ]
    notes = f'<p class="mut">{escape(" ".join(result.notes))}</p>' if result.notes else ""
    if result.state == "error":
        notes += f'<p class="note" role="alert">Stopped before the end: {escape(result.state_reason)}</p>'
    return (
        f'<article id="{escape(result.name)}" data-bot><h1>{escape(result.name)}</h1>'
        f"<p>{escape(result.rule)}</p>"
        f'<p class="mut">{escape(" · ".join([*shown, *given]))}</p>{notes}'
        f"{_tiles(result)}{_charts(result)}{_months(result)}"
        f'<div class="grid2">{_figures(result)}<div class="stack"><section class="panel">{_costs(result)}</section>'
        f"{_symbols(result)}{_refusals(result)}</div></div>{trades_panel(result)}</article>"
    )


def _tiles(result: Result) -> str:
    own, held, costs = result.figures, result.hold, result.costs
    account = result.settings
    hold_end = result.days[-1].hold or ZERO
    ahead = (own.total_return or 0.0) - (held.total_return or 0.0)
    points = f"{say.percent(ahead, is_change=True).removesuffix('%')}pp to holding"
    tiles = (
        ("Equity", say.money(result.end, account, is_named=True), f"from {say.money(result.start, account)}"),
        (
            "Return",
            signed(say.percent(own.total_return, is_change=True), own.total_return or 0.0),
            escape(points),
        ),
        (
            f"Hold {escape(result.hold_name)}",
            say.percent(held.total_return, is_change=True),
            f"{say.money(hold_end, account)}, no costs",
        ),
        (
            "Largest drawdown",
            say.percent(own.max_drawdown),
            f"hold {say.percent(held.max_drawdown)}",
        ),
        (
            "Costs",
            say.money(costs.gross - costs.net, account, is_named=True),
            f"{len(result.fills):,} fills, {len(result.trades):,} closed trades",
        ),
    )
    return (
        '<div class="tiles">'
        + "".join(
            f"<div><h3>{name}</h3><strong>{value}</strong><small>{more}</small></div>" for name, value, more in tiles
        )
        + "</div>"
    )


# charts


def _charts(result: Result) -> str:
    curve = result.curve
    start = float(result.start)
    own = [float(point.equity) / start for point in curve]
    held = [float(point.hold or 0) / start for point in curve]
    indexes = chosen([own, held], MOST_POINTS)
    falls = [_falls(values) for values in (own, held)]
    xs = [chart.x_of(index, len(curve)) for index in indexes]
    scale = chart.scale_of([*own, *held, 1.0], may_be_log=True)
    lines = [[(x, scale.y(values[index])) for x, index in zip(xs, indexes, strict=True)] for values in (own, held)]
    marks = chart.growth_ticks(scale) if scale.is_log else [tick + 1 for tick in chart.ticks(_less_one(scale))]
    y_ticks = [(scale.y(tick), _tick(tick - 1), abs(tick - 1) < 1e-9) for tick in marks]
    body = chart.between(*lines) + chart.line(lines[1], "hold") + chart.line(lines[0], "own")
    x_ticks = _x_ticks(result)
    finals = [say.percent(values[-1] - 1, is_change=True) for values in (own, held)]
    words = f"Return since the start: {result.name} {finals[0]}, hold {result.hold_name} {finals[1]}."
    equity = chart.frame(body, y_ticks, x_ticks, height=300, label=words, name="equity")
    deep = chart.Scale(-max(*falls[0], *falls[1], 0.001) * 1.06, 0.0)
    down = [[(x, deep.y(-fall[index])) for x, index in zip(xs, indexes, strict=True)] for fall in falls]
    body = chart.area(down[0], 0.0, "fall") + chart.line(down[1], "hold") + chart.line(down[0], "own")
    y_ticks = [(deep.y(tick), _tick(tick), tick == 0) for tick in chart.ticks(deep)]
    deepest = [say.percent(-max(fall), is_change=True) for fall in falls]
    label = f"Drawdown: {result.name} {deepest[0]} at the deepest, hold {result.hold_name} {deepest[1]}."
    drawdown = chart.frame(body, y_ticks, x_ticks, height=120, label=label, name="drawdown")
    data = {
        "x": [round(x, 2) for x in xs],
        "words": [
            f"{curve[i].ts:%Y-%m-%d %H:%M} UTC: {say.percent(own[i] - 1, is_change=True)}, hold "
            f"{say.percent(held[i] - 1, is_change=True)}, drawdown {say.percent(falls[0][i])}"
            for i in indexes
        ],
    }
    axis = " Logarithmic." if scale.is_log else ""
    legend = (
        f'<div class="legend"><span><i></i><b>{escape(result.name)} {finals[0]}</b></span>'
        f'<span><i class="hold"></i>hold {escape(result.hold_name)} {finals[1]}</span>'
        f'<span class="at" data-at>{len(curve):,} marks, closed hours left out.{axis}</span></div>'
    )
    # JSON inside a script element: only "</" could end it early
    packed = json.dumps(data, separators=(",", ":"), ensure_ascii=False).replace("</", "<\\/")
    return (
        f'<section class="panel"><h2>Return since the start</h2>{legend}{equity}<h2>Drawdown</h2>{drawdown}'
        f'<script type="application/json">{packed}</script></section>'
    )


def _less_one(scale: chart.Scale) -> chart.Scale:
    return chart.Scale(scale.low - 1, scale.high - 1)


def _tick(value: float) -> str:
    percent = round(value * 100, 6)
    text = f"{abs(percent):,.10f}".rstrip("0").rstrip(".")
    return f"{say.MINUS if percent < 0 else '+' if percent > 0 else ''}{text}{say.SPACE}%"


def _falls(values: Sequence[float]) -> list[float]:
    peak, found = 1.0, []
    for value in values:
        peak = max(peak, value)
        found.append((peak - value) / peak if peak > 0 else 0.0)
    return found


def _x_ticks(result: Result) -> list[tuple[float, str]]:
    """Return up to eight places where a year, a month or a session begins."""
    curve = result.curve
    starts: dict[str, list[tuple[int, str]]] = {"%Y": [], "%Y-%m": [], "%Y-%m-%d": []}
    last: dict[str, str] = {}
    for index, point in enumerate(curve):
        for form, found in starts.items():
            text = point.ts.strftime(form)
            if last.get(form) != text:
                last[form] = text
                found.append((index, text))
    best = next((starts[form] for form in ("%Y", "%Y-%m") if len(starts[form]) >= 4), [])
    if not best:
        best = [(index, f"{curve[index].ts:%d %b}") for index, _ in starts["%Y-%m-%d"]]
    step = -(-len(best) // 8)
    return [(chart.x_of(index, len(curve)), text) for index, text in best[::step]]


# tables


def _months(result: Result) -> str:
    years: dict[str, dict[int, tuple[float, float | None]]] = defaultdict(dict)
    for month, both in result.months.items():
        years[month[:4]][int(month[5:]) - 1] = both
    head = "".join(f'<th scope="col">{name}</th>' for name in ("Year", *MONTHS, "Year total"))
    rows = []
    for year, months in years.items():
        own = [months[number][0] if number in months else None for number in range(12)]
        held = [months[number][1] if number in months else None for number in range(12)]
        cells = "".join(
            "<td></td>" if each is None else f"<td>{signed(_change(each), round(each, 3))}</td>"
            for each in (*own, _chain(own))
        )
        rows.append(f'<tr><th scope="row">{year}</th>{cells}</tr>')
        cells = "".join(
            "<td></td>" if each is None else f"<td>{_change(each)}</td>" for each in (*held, _chain(held))
        )
        rows.append(f'<tr class="hold"><th scope="row">hold</th>{cells}</tr>')
    return (
        '<section class="panel"><h2>Return by month, per cent</h2>'
        f"{table('Return by month', head, ''.join(rows))}</section>"
    )


def _change(value: float) -> str:
    return say.percent(value, is_change=True, decimals=1).removesuffix(f"{say.SPACE}%")


def _chain(values: Iterable[float | None]) -> float:
    total = 1.0
    for value in values:
        total *= 1 + (value or 0.0)
    return total - 1


def _figures(result: Result) -> str:
    rows = []
    is_small = False
    for label, own, held in say.rows(result):
        is_small = is_small or own.startswith("n = ")
        source = SOURCES.get(label, "")
        title = f' title="{escape(source)}"' if source else ""
        rows.append(f"<tr><td{title}>{escape(label)}</td><td>{escape(own)}</td><td>{escape(held)}</td></tr>")
    head = f"<th></th><th>{escape(result.name)}</th><th>hold {escape(result.hold_name)}</th>"
    few = "n = too few trades or days for a reliable figure. " if is_small else ""
    sources = f'<p class="mut" style="margin-top:8px">{few}Formulas and sources are below.</p>'
    shown = table("Figures", head, "".join(rows), kind="figures")
    return f'<section class="panel"><h2>Figures</h2>{shown}{sources}</section>'


def _costs(result: Result) -> str:
    costs, account = result.costs, result.settings
    parts = [("Gross", costs.gross)]
    parts += [(name.replace("_", " ").capitalize(), -fee) for name, fee in sorted(costs.fees.items())]
    parts += [("Slippage", -costs.slippage), ("Borrow", -costs.borrow), ("Funding", costs.funding)]
    parts = [each for each in parts if each[0] not in ("Borrow", "Funding") or each[1]]
    parts.append(("Net", costs.net))
    # each bar starts where the one before ended, so that the eye can add them up
    edges, at = [], ZERO
    for name, amount in parts:
        start = ZERO if name in ("Gross", "Net") else at
        at = start + amount
        edges.append((start, at))
    low = min(min(pair) for pair in edges)
    span = float(max(max(pair) for pair in edges) - low) or 1.0
    rows = []
    for (name, amount), (start, end) in zip(parts, edges, strict=True):
        left = float(min(start, end) - low) / span * 100
        width = max(abs(float(amount)) / span * 100, 0.2)
        kind = ("up" if amount > 0 else "dn") if name in ("Gross", "Net") else "b"
        amount_text = say.money(amount, account, is_change=True)
        value = signed(amount_text, amount) if name == "Net" else amount_text
        rows.append(
            f'<span>{escape(name)}</span><div class="r"><span class="b {kind}" '
            f'style="left:{left:.2f}%;width:{width:.2f}%"></span></div><span class="n">{value}</span>'
        )
    per_value = (costs.gross - costs.net) / costs.traded_value * 10_000 if costs.traded_value else None
    rate = f" That is {per_value:.1f} basis points of what was traded." if per_value is not None else ""
    traded = say.money(costs.traded_value, account, is_named=True)
    model = cost_model(result.settings.cost, result.settings.own_cost)
    real = f"; rates real from {model.valid_from} on" if model.valid_from.year > 1970 else ""
    return (
        f"<h2>From gross to net, {account.currency}</h2>"
        f'<div class="bars">{"".join(rows)}</div>'
        f'<p class="mut" style="margin-top:12px">Traded {traded}.{rate} '
        f"Model: {escape(model.title)}{real}.</p>"
    )


def _symbols(result: Result) -> str:
    """Return what each symbol gave by its closed trades, the best first; nothing for one symbol alone."""
    found: dict[str, list[Trade]] = defaultdict(list)
    for trade in result.trades:
        found[trade.symbol].append(trade)
    if len(result.settings.symbols) < 2 or not found:
        return ""
    account = result.settings
    nets = {symbol: sum((each.realized_pnl for each in trades), ZERO) for symbol, trades in found.items()}
    costs = {
        symbol: sum((each.fees + each.slippage + each.borrow - (each.funding or ZERO) for each in trades), ZERO)
        for symbol, trades in found.items()
    }
    rows = "".join(
        f"<tr><td>{escape(symbol)}</td><td>{len(found[symbol]):,}</td>"
        f"<td>{say.money(costs[symbol], account)}</td>"
        f"<td>{signed(say.money(nets[symbol], account, is_change=True), nets[symbol])}</td></tr>"
        for symbol in sorted(nets, key=lambda each: (-nets[each], each))[:SYMBOLS_SHOWN]
    )
    head = "<th>Symbol</th><th>Closed</th><th>Costs</th><th>Net</th>"
    return (
        f'<section class="panel"><h2>Closed trades by symbol, {result.settings.currency}</h2>'
        f"{table('Closed trades by symbol', head, rows)}</section>"
    )


def _refusals(result: Result) -> str:
    counts: dict[str, int] = defaultdict(int)
    for reason, count in result.refusals.items():
        counts[_NUMBER.sub("…", reason)] += count
    if not counts:
        return ""
    rows = "".join(
        f'<tr><td class="w">{escape(reason)}</td><td>{counts[reason]:,}</td></tr>'
        for reason in sorted(counts, key=lambda each: (-counts[each], each))[:REASONS_SHOWN]
    )
    return (
        '<section class="panel"><h2>What was refused</h2>'
        f"{table('What was refused', '<th>Reason</th><th>Times</th>', rows)}</section>"
    )


def _method() -> str:
    rules = "".join(f"<dt>{escape(name)}</dt><dd>{escape(what)}</dd>" for name, what in METHOD)
    sources = "".join(f"<dt>{escape(name)}</dt><dd>{escape(what)}</dd>" for name, what in SOURCES.items())
    return (
        f'<section class="panel"><h2>How it was calculated</h2><dl>{rules}</dl></section>'
        f'<section class="panel"><h2>Formulas and sources</h2><dl>{sources}</dl></section>'
    )
