"""The report of a sweep: one HTML file that needs no network. All text in it is escaped here."""

from collections.abc import Iterator, Sequence
from html import escape
from itertools import combinations
from pathlib import Path

import aion.backtest
from aion import __version__
from aion.backtest import text as say
from aion.backtest.markup import signed, table
from aion.backtest.plan import Parameter
from aion.sweep.grid import Axis
from aion.sweep.outcome import Sweep, named
from aion.sweep.overfitting import ENOUGH
from aion.sweep.trial import Trial

ROWS = 100  # of the table; sweep.csv has all
MOST_CELLS = 2_500  # of a map; more are smaller than a finger
MOST_MAPS = 3
_LABELS = {"sharpe": "Sharpe ratio", "sortino": "Sortino ratio", "calmar": "Calmar ratio", "return": "return"}
_STYLE = """
.map{border-collapse:separate;border-spacing:2px;width:auto}
.map td,.map th{padding:6px 8px;text-align:right;border:0;font-size:12px}
.map td{min-width:52px;border-radius:3px;background:color-mix(in srgb,var(--tone) var(--part),var(--s2))}
.map thead th{position:static}.map td.none{background:none;color:var(--fnt)}
.map td.best{outline:2px solid var(--ink);outline-offset:-2px}
ul.said{padding-left:18px;max-width:86ch}ul.said li{margin:4px 0}
"""


def page(sweep: Sweep) -> str:
    """Return the whole report."""
    style = (Path(aion.backtest.__file__).parent / "report.css").read_text("utf-8")
    settings = sweep.settings
    days = f"{say.day(sweep.plan.first)} to {say.day(sweep.plan.last)}"
    symbols = ", ".join(settings.symbols) if len(settings.symbols) <= 12 else f"{len(settings.symbols)} symbols"
    source = f"{sweep.plan.feed.provenance} Aion {__version__}. A past result is no promise."
    said = "".join(f"<li>{escape(each)}</li>" for each in warnings(sweep))
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Sweep of {escape(sweep.name)} · Aion</title><style>{style}{_STYLE}</style></head><body>"
        f'<header><div><b>Aion</b><span class="chip">SWEEP {days}, feed {escape(sweep.plan.feed.name)}</span></div>'
        f"</header><main><h1>{escape(sweep.name)}</h1>"
        f"<p>{len(sweep.ranked):,} combinations, ordered by {_LABELS[sweep.by]}</p>"
        f'<p class="mut">{escape(" · ".join([settings.strategy, symbols, f"costs {settings.cost}"]))}</p>'
        f'<section class="panel"><h2>What the best of them is worth</h2><ul class="said">{said}</ul></section>'
        f"{''.join(_maps(sweep))}{_walk(sweep)}{_table(sweep)}{_failed(sweep)}</main>"
        f"<footer><p>{escape(source)}</p></footer></body></html>"
    )


def warnings(sweep: Sweep) -> Iterator[str]:
    """Yield what a reader must know before choosing the best combination, a sentence each."""
    tried = len(sweep.ranked)
    if tried < 2:
        return
    best = sweep.ranked[0]
    yield f"This is the best of {tried:,}: the best of many looks better than it is."
    if sweep.deflated is None or sweep.luckiest is None:
        yield (
            f"Whether it is more than luck cannot be said: that takes 30 sessions, there are {len(best.returns)}."
            if len(best.returns) < 30
            else "Whether it is more than luck cannot be said: its returns do not vary."
        )
    else:
        verdict = "luck alone is unlikely" if sweep.is_luck_excluded else "not enough to tell it from luck"
        yield (
            f"By luck alone, the best of so many would have a Sharpe ratio of {say.number(sweep.luckiest)}; this one "
            f"has {say.number(best.sharpe_ratio)}. Deflated Sharpe ratio: {say.percent(sweep.deflated, decimals=1)} "
            f"({verdict}; {say.percent(ENOUGH, decimals=0)} is the usual bound)."
        )
    if best.hold is not None:
        ratio = f", Sharpe ratio {say.number(best.hold_sharpe_ratio)}" if best.hold_sharpe_ratio is not None else ""
        yield f"Holding the same symbols without costs returned {say.percent(best.hold, is_change=True)}{ratio}."
    yield from best.notes
    folds = sweep.folds
    if not folds:
        return
    growth = 1.0
    for fold in folds:
        growth *= 1 + fold.growth
    won = sum(fold.growth > 0 for fold in folds)
    yield (
        f"Walk-forward test: chosen each time by what was known before, the choice returned "
        f"{say.percent(growth - 1, is_change=True)} over the last {folds[-1].last - folds[0].first:,} sessions; "
        f"{won} of {len(folds)} parts were gains."
    )


# maps


def _maps(sweep: Sweep) -> Iterator[str]:
    varied = sweep.grid.varied
    pairs: list[tuple[Axis, Axis | None]] = [*combinations(varied, 2)] if len(varied) > 1 else [(varied[0], None)]
    for down, across in pairs[:MOST_MAPS]:
        yield _map(sweep, across, down) if across is not None else _map(sweep, down, None)


def _map(sweep: Sweep, across: Axis, down: Axis | None) -> str:
    label = _LABELS[sweep.by]
    title = f"{label[0].upper()}{label[1:]} by {across.name}" + (f" and {down.name}" if down is not None else "")
    rows: tuple[Parameter | None, ...] = down.values if down is not None else (None,)
    if len(rows) * len(across.values) > MOST_CELLS:
        note = f"{len(rows)} x {len(across.values)} cells are too many to be drawn; sweep.csv has all figures."
        return f'<section class="panel"><h2>{escape(title)}</h2><p class="mut">{escape(note)}</p></section>'
    cells = sweep.cells(across, down)
    largest = max((abs(value) for value, _ in cells.values()), default=0.0) or 1.0
    best = named(sweep.grid, sweep.ranked[0])
    lines = []
    for row in rows:
        tds = [
            _cell(
                sweep,
                cells.get((row, column)),
                largest,
                is_best=best[across.name] == column and (down is None or best[down.name] == row),
            )
            for column in across.values
        ]
        lines.append(f"<tr><th>{escape('' if row is None else str(row))}</th>{''.join(tds)}</tr>")
    head = "".join(f"<th>{escape(str(value))}</th>" for value in across.values)
    corner = f"{down.name} ↓ {across.name} →" if down is not None else f"{across.name} →"
    others = [axis.name for axis in sweep.grid.varied if axis not in (across, down)]
    note = f"Each cell is the median over {', '.join(others)}. " if others else ""
    body = (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(title)}"><table class="map"><thead><tr>'
        f"<th>{escape(corner)}</th>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table></div>"
    )
    return (
        f'<section class="panel"><h2>{escape(title)}</h2>{body}<p class="mut">{escape(note)}The best combination is '
        "outlined. A good one has good neighbours: a single bright cell is luck.</p></section>"
    )


def _cell(sweep: Sweep, found: tuple[float, int] | None, largest: float, *, is_best: bool) -> str:
    if found is None:
        return '<td class="none">none</td>'
    value, _ = found
    text = say.percent(value, is_change=True, decimals=1) if sweep.by == "return" else say.number(value)
    tone, part = ("up" if value >= 0 else "dn"), round(60 * abs(value) / largest)
    kind = ' class="best"' if is_best else ""
    return f'<td{kind} style="--tone:var(--{tone});--part:{part}%">{text}</td>'


# tables


def _walk(sweep: Sweep) -> str:
    if not sweep.folds:
        return ""
    rows = []
    for number, fold in enumerate(sweep.folds, start=1):
        values = ", ".join(f"{name} {value}" for name, value in named(sweep.grid, sweep.chosen(fold)).items())
        after = "" if fold.after is None else say.number(fold.after * sweep.year**0.5)
        rows.append(
            f'<tr><th>{number}</th><td class="t">{escape(values)}</td>'
            f"<td>{fold.last - fold.first:,}</td><td>{say.number(fold.before * sweep.year**0.5)}</td><td>{after}</td>"
            f"<td>{signed(say.percent(fold.growth, is_change=True), fold.growth)}</td></tr>"
        )
    head = (
        '<th>Part</th><th class="t">Chosen before it</th><th>Sessions</th><th>Sharpe ratio before</th>'
        "<th>Sharpe ratio in it</th><th>Return in it</th>"
    )
    return (
        '<section class="panel"><h2>Walk-forward test</h2>'
        f"{table('Walk-forward test', head, ''.join(rows))}"
        '<p class="mut">The sessions are divided into equal parts. For each part but the first, the combination with '
        "the highest Sharpe ratio on all sessions before is chosen and measured on the part.</p></section>"
    )


def _table(sweep: Sweep) -> str:
    names = "".join(f'<th class="t">{escape(axis.name)}</th>' for axis in sweep.grid.varied)
    head = (
        f"<th>Rank</th>{names}<th>Return</th><th>Growth a year</th><th>Sharpe ratio</th><th>Sortino ratio</th>"
        "<th>Calmar ratio</th><th>Largest drawdown</th><th>Closed trades</th><th>Costs</th><th>Net</th>"
    )
    rows = "".join(_row(sweep, rank, trial) for rank, trial in enumerate(sweep.ranked[:ROWS], start=1))
    more = len(sweep.ranked) - ROWS
    note = f'<p class="mut">and {more:,} more, in sweep.csv</p>' if more > 0 else ""
    body = table("Combinations", head, rows, kind="tall")
    return f'<section class="panel"><h2>Combinations</h2>{body}{note}</section>'


def _row(sweep: Sweep, rank: int, trial: Trial) -> str:
    values = "".join(f'<td class="t">{escape(str(value))}</td>' for value in named(sweep.grid, trial).values())
    figures: Sequence[str] = (
        signed(say.percent(trial.total_return, is_change=True), trial.total_return or 0.0),
        say.percent(trial.annual_growth, is_change=True),
        say.number(trial.sharpe_ratio),
        say.number(trial.sortino_ratio),
        say.number(trial.calmar_ratio),
        say.percent(trial.max_drawdown),
        f"{trial.trades:,}",
        say.money(trial.costs, sweep.settings),
        signed(say.money(trial.net, sweep.settings, is_change=True), trial.net),
    )
    return f"<tr><th>{rank}</th>{values}{''.join(f'<td>{each}</td>' for each in figures)}</tr>"


def _failed(sweep: Sweep) -> str:
    if not sweep.failed:
        return ""
    rows = "".join(
        f"<tr><th>{escape(', '.join(f'{name} {value}' for name, value in named(sweep.grid, trial).items()))}</th>"
        f'<td class="w">{escape(trial.error)}</td></tr>'
        for trial in sweep.failed[:ROWS]
    )
    return (
        f'<section class="panel"><h2>Without a result: {len(sweep.failed):,}</h2>'
        f"{table('Without a result', '<th>Combination</th><th class=t>Reason</th>', rows, kind='tall')}</section>"
    )
