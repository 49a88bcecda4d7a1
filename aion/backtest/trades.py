"""The closed trades of a report: what each gave, as a chart in order of time and as a table, the newest first."""

from collections.abc import Sequence
from decimal import Decimal
from html import escape

from aion.backtest import chart
from aion.backtest import text as say
from aion.backtest.markup import signed, table
from aion.backtest.result import Result
from aion.config import BotSettings
from aion.model import ZERO, Trade

TRADES_SHOWN = 400  # a page of thousands of rows is slow to open; all of them stand in the ledger
BARS_SHOWN = 300  # about three pixels each on a wide page
DAYS_SHOWN = 5


def trades_panel(result: Result) -> str:
    """Return the panel of the closed trades of `result`."""
    if not result.trades:
        why = "Nothing was bought and sold again in this span."
        return f'<section class="panel"><h2>Closed trades</h2><p class="mut">{why}</p></section>'
    newest = result.trades[: -TRADES_SHOWN - 1 : -1]
    left_out = len(result.trades) - len(newest)
    note = f"The newest {len(newest)} of {len(result.trades)}; " if left_out else "The newest first; "
    has_borrow, has_funding = bool(result.costs.borrow), bool(result.costs.funding)
    head = "".join(
        f'<th scope="col"{" class=t" if is_text else ""}>{name}</th>'
        for name, is_text in (
            ("Opened", True),
            ("Closed", True),
            ("Symbol", True),
            ("Side", True),
            ("Quantity", False),
            ("Entry", False),
            ("Exit", False),
            ("Fees", False),
            ("Slippage", False),
            *((("Borrow", False),) if has_borrow else ()),
            *((("Funding", False),) if has_funding else ()),
            ("Net", False),
            ("Why it was closed", True),
        )
    )
    rows = "".join(_row(each, result.settings, has_borrow=has_borrow, has_funding=has_funding) for each in newest)
    return (
        f'<section class="panel"><h2>Closed trades, {result.settings.currency}</h2>{_results(result)}'
        f"{table('Closed trades', head, rows, kind='tall trades')}"
        f'<p class="mut" style="margin-top:8px">{note}all of them: <code>aion trades --data FOLDER --csv</code></p>'
        "</section>"
    )


def _row(trade: Trade, account: BotSettings, *, has_borrow: bool, has_funding: bool) -> str:
    side = "long" if trade.side.sign > 0 else "short"
    net = signed(say.money(trade.realized_pnl, account, is_change=True), trade.realized_pnl)
    borrow = f'<td data-name="Borrow">{say.money(trade.borrow, account)}</td>' if has_borrow else ""
    if has_funding:
        borrow += f'<td data-name="Funding">{say.money(trade.funding or ZERO, account, is_change=True)}</td>'
    return (
        f'<tr><td class="t" data-name="Opened">{trade.opened_at:%Y-%m-%d %H:%M}</td>'
        f'<td class="t" data-name="Closed">{trade.closed_at:%Y-%m-%d %H:%M}</td>'
        f'<td class="t main">{escape(trade.symbol)}</td><td class="t main">{side}</td>'
        f'<td data-name="Quantity">{say.digits(trade.quantity)}</td><td data-name="Entry">{trade.entry_price:,f}</td>'
        f'<td data-name="Exit">{trade.exit_price:,f}</td><td data-name="Fees">{say.money(trade.fees, account)}</td>'
        f'<td data-name="Slippage">{say.money(trade.slippage, account)}</td>{borrow}<td class="main net">{net}</td>'
        f'<td class="w">{escape(trade.reason)}</td></tr>'
    )


def _results(result: Result) -> str:
    """Return the net result of each closed trade as a bar, in the order in which they were closed."""
    trades = result.trades
    size = -(-len(trades) // BARS_SHOWN)
    parts = [trades[start : start + size] for start in range(0, len(trades), size)]
    nets = [sum((each.realized_pnl for each in part), ZERO) for part in parts]
    scale = chart.scale_of([*map(float, nets), 0.0])
    zero = scale.y(0.0)
    width = chart.SIZE / len(nets)
    body = "".join(
        chart.column(number * width, width, scale.y(float(net)), zero, "gain" if net > 0 else "loss")
        for number, net in enumerate(nets)
        if net
    )
    y_ticks = [(scale.y(tick), _tick(tick), tick == 0) for tick in chart.ticks(scale)]
    won = sum(each.realized_pnl > 0 for each in trades)
    what = "each closed trade" if size == 1 else f"{size} closed trades in a row each"
    results = [each.realized_pnl for each in trades]
    best, worst = (say.money(each, result.settings, is_change=True) for each in (max(results), min(results)))
    words = (
        f"Net result of {what}, by time of closing: {won:,} of {len(trades):,} above zero, the best {best}, "
        f"the worst {worst}."
    )
    plot = chart.frame(body, y_ticks, _days(parts), height=140, label=words, name="trades")
    return f'<p class="mut">{escape(words)}</p>{plot}'


def _days(parts: Sequence[Sequence[Trade]]) -> list[tuple[float, str]]:
    step = -(-len(parts) // DAYS_SHOWN)
    width = chart.SIZE / len(parts)
    return [(number * width, say.day(parts[number][0].closed_at)) for number in range(0, len(parts), step)]


def _tick(value: float) -> str:
    shown = Decimal(repr(value))
    sign = say.MINUS if shown < 0 else "+" if shown > 0 else ""
    whole = shown == shown.to_integral_value()
    text = f"{abs(shown):,.0f}" if whole else f"{abs(shown):,.2f}" if shown == round(shown, 2) else f"{abs(shown):,f}"
    return f"{sign}{text}"
