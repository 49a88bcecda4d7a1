/** Every trading and technical word on the pages, with where it stands and what it means; docs/glossary.md says the same. */

export const TERMS = {
  "As of": [
    "Bots",
    "The market time that the values belong to. It comes from the bars, not from the clock on the wall.",
  ],
  Borrow: ["Bots, bot", "What it costs to borrow the shares of a short position, charged for each night."],
  Bundle: ["System", "All the data of one page, sent as one document."],
  "Catching up": [
    "Bots",
    "The bot processes past bars until it reaches the present. It trades by the same rules, on paper, at past prices.",
  ],
  Costs: ["Bots, bot", "Fees, taxes, slippage and borrow costs together."],
  Cycle: ["Bots, bot", "One pass of an intraday bot: it reads the newest bars, decides, and writes its state."],
  Drawdown: ["Bots, bot", "How far equity has fallen from its highest value so far, in per cent."],
  Equity: ["Bots, bot", "Cash plus the market value of all open positions."],
  Exposure: ["Bots, bot", "The value of all open positions as a share of equity; long and short positions both count."],
  External: [
    "Bots, bot",
    "A bot of another program. It writes its own file, and the desk shows what the file says without checking it.",
  ],
  Fees: ["Bots, bot", "What broker and exchange charge, and taxes on the trade. A negative fee is a rebate."],
  Fill: ["Bots, bot", "An order, or a part of one, that was carried out at a price."],
  Flatten: ["Bots, bot", "Close all open positions, then pause."],
  Funding: [
    "Bots, bot",
    "Payments between long and short holders of a perpetual future; positive when the bot received them.",
  ],
  Gross: ["Bots, bot", "Profit or loss before fees, slippage and borrow costs."],
  Heartbeat: ["Bots, bot, System", "When the bot last wrote its state, and when its next write is due."],
  Held: [
    "Bots, bot",
    "The value is from an earlier update, because a newer one is missing or cannot be read. It has a dotted underline.",
  ],
  Hold: [
    "Bots, bot",
    "Buy and hold: what the same money would have earned in the same symbols, bought at the first open and never sold, without costs.",
  ],
  Horizon: ["Bots", "How long a swing bot means to hold a position, such as 1w, 2w or 4w."],
  Kept: ["Bots, Link menu", "Shown from the copy that this browser saved, while the desk has not yet confirmed it."],
  "Kill switch": [
    "Bots, bot",
    "Closes all positions and stops the bot, even after a restart, until somebody clears it.",
  ],
  Link: ["all", "The connection between this page and the desk."],
  Mark: ["Bots, bot", "To value open positions at a price. Swing bots are marked at each close of their exchange."],
  Net: ["Bots, bot", "Profit or loss after fees, slippage and borrow costs."],
  Order: ["bot", "What the bot wants to buy or sell. It becomes a fill when it is carried out."],
  Paper: ["all", "Trading with simulated money at real prices. No order leaves this machine."],
  Polling: ["Link menu", "Live updates are not available, so the page asks the desk for news every few seconds."],
  "Profit factor": [
    "Bots, bot",
    "The sum of all winning trades divided by the sum of all losing trades. Above 1 is a profit.",
  ],
  Rebalance: ["Bots, bot", "A swing bot compares what it holds with its targets and trades the difference."],
  Replay: ["all", "Recorded bars played again as if they came now. It is never called live."],
  Run: ["Bots", "One replay from its start to the end of its data. The next run begins with new accounts."],
  Sessions: ["all", "The trading hours of each exchange, in the time zone that you chose."],
  Sharpe: [
    "Backtest report",
    "Mean daily return divided by its standard deviation, annualised. Higher means more return for each unit of risk.",
  ],
  Slippage: ["Bots, bot", "The difference between the price that was quoted and the price that was paid."],
  Sortino: ["Backtest report", "As Sharpe, but only days with a loss count as risk."],
  Streaming: ["Link menu", "The desk pushes each change to this page as it happens."],
  Strength: ["Bots, Intraday", "How strong a signal is on the rule's own scale from 0 to 1. It is not a probability."],
  Threshold: ["Bots, Intraday", "The strength from which the bot enters a position."],
  Topic: ["System", "One stream of updates, such as bots, intraday or logs."],
  Trade: ["bot", "A position that was opened and closed again, with its result."],
  Turnover: ["bot", "The value that a rebalance would trade, as a share of equity."],
  TWR: ["bot", "Time-weighted return: the return without the effect of money paid in or taken out."],
  Verified: ["Link menu", "When the desk last confirmed that what you see is the newest data."],
  VWAP: ["Intraday", "Volume-weighted average price of the session so far."],
  Weight: ["bot", "The value of a position as a share of equity."],
  "Win rate": [
    "Bots, bot",
    "Winning trades as a share of all closed trades. With fewer than 30 trades the count is shown instead.",
  ],
} as const satisfies Record<string, readonly [string, string]>;

export type TermName = keyof typeof TERMS;
