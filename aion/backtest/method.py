"""What the report says of its own rules and formulas; docs/backtest.md says more."""

METHOD = (
    ("Order of time", "A strategy is handed the bars that closed at one moment and nothing later."),
    ("Fills", "An order fills in the next bar at the earliest: at its open, or inside it at a stop or limit."),
    ("Inside a bar", "Stops before targets; a limit only when the bar trades through it; a gap fills at the open."),
    ("Size", "At most 5 % of a bar's volume; what cash does not pay for is cut off or refused."),
    ("Costs", "Each fee by its dated rate; market and stop orders pay half the spread and their own impact."),
    ("Hold", "Equal parts of the start money in the same names at their first open, no costs, fractions of a unit."),
    ("Left out", "Auctions, taxes on gains, interest on cash, and what our own orders do to later bars."),
)

SOURCES = {
    "Return": "Equity at the end / start money - 1.",
    "Growth a year": "(end / start) ^ (1 / years) - 1; only from a year on (GIPS Standards 2020).",
    "Volatility, a year": "Sample standard deviation of session returns x sqrt(252), 365 where markets never close; "
    "from 30 sessions on (Bodie, Kane, Marcus, Investments, chapter 5).",
    "Sharpe ratio": "Mean / standard deviation of session returns, annualised, no risk-free rate (Sharpe, The Sharpe "
    "ratio, Journal of Portfolio Management 21(1), 1994).",
    "Sortino ratio": "Mean / root of the mean square of negative session returns, annualised (Sortino, van der Meer, "
    "Downside risk, Journal of Portfolio Management 17(4), 1991).",
    "Largest drawdown": "Deepest fall from a running peak, of all marks (Magdon-Ismail, Atiya, Maximum drawdown, "
    "Risk 17(10), 2004).",
    "Longest drawdown": "Longest time below a running peak; one that is not made good counts to the last mark.",
    "Calmar ratio": "Growth a year / largest drawdown of the span (Young, Calmar ratio, Futures 20(1), 1991).",
    "Beta to holding": "Covariance with the session returns of holding over their variance (Sharpe, Capital asset "
    "prices, Journal of Finance 19(3), 1964).",
    "Exposure, mean": "Sum of absolute market values / equity, mean over all marks.",
    "Time with a position": "Part of the marks at which something was held.",
    "Turnover, whole span": "Half the traded value / mean equity (SEC Form N-1A, item 13).",
    "Win rate": "Closed trades with a net result above 0 / all of them, from 30 on.",
    "Profit factor": "Sum of wins / sum of losses, from 30 trades on (Vince, Portfolio Management Formulas, 1990).",
    "Mean win / mean loss": "From 30 trades on (Vince, as above).",
    "Mean result a trade": "Net, from 30 trades on (Tharp, Trade Your Way to Financial Freedom, 1998: expectancy).",
    "Net": "Gross - fees - slippage - borrow (charges for nights) + funding (of perpetuals), to the cent; gross is "
    "what the same trades would have given for nothing.",
}
"""By label of the figure."""
