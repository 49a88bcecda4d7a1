/** What a state file shows: newest fills and trades, curve, results by day; as `record.py` of the Python client. */

import { valueOf } from "./account.js";
import { ONE, abs, amount, divided, exact, plain, times } from "./decimal.js";
import { dayOf, iso } from "./time.js";

const KEPT = 200;
const CURVE_POINTS = 1000;
const DAYS = 60;
const MIN_TRADES = 30;
const PARTS = ["fees", "slippage", "funding"];

export class Record {
  constructor(account) {
    this.account = account;
    this.fills = {};
    this.trades = {};
    this.curve = new Map();
    this.flows = {};
    this.days = {};
    this.day = undefined;
    this.asOf = undefined;
    this.unfiled = [];
    this.before = {};
  }

  advance(at) {
    if (this.asOf === undefined || at > this.asOf) this.asOf = at;
    const today = dayOf(this.asOf);
    if (this.day === undefined || today > this.day) {
      if (this.day !== undefined) {
        this.days[this.day] = this.dayResult();
        this.days = Object.fromEntries(Object.entries(this.days).slice(-DAYS));
      }
      this.day = today;
      this.before = this.#sums();
    }
  }

  point() {
    if (this.asOf !== undefined) this.curve.set(iso(this.asOf), amount(this.account.equity));
  }

  shorten() {
    if (this.curve.size <= 2 * CURVE_POINTS) return;
    const points = [...this.curve];
    this.curve = new Map(chosen(points.map(([, value]) => value), CURVE_POINTS).map((index) => points[index]));
  }

  add(parts, trades) {
    for (const part of parts) {
      this.fills[part.name] = fillJson(part);
      this.unfiled.push([dayOf(part.at), "fills", part.name, this.fills[part.name]]);
    }
    for (const trade of trades) {
      this.trades[trade.name] = tradeJson(trade);
      this.unfiled.push([dayOf(trade.fill.at), "trades", trade.name, this.trades[trade.name]]);
    }
    for (const kept of [this.fills, this.trades]) {
      const names = Object.keys(kept);
      for (const name of names.slice(0, Math.max(0, names.length - KEPT))) delete kept[name];
    }
  }

  fund() {
    this.unfiled.push([this.day, "funding", "", {}]);
  }

  dayResult() {
    const now = this.#sums();
    const change = Object.fromEntries(Object.keys(now).map((name) => [name, now[name] - (this.before[name] ?? 0n)]));
    const found = pnl(change.equity - change.flows, change);
    if (this.before.equity > 0n) found.net_return = amount(divided(change.equity - change.flows, this.before.equity));
    return found;
  }

  #sums() {
    const { account } = this;
    return { equity: account.equity, flows: account.flows, ...Object.fromEntries(PARTS.map((name) => [name, account[name]])) };
  }

  document(now) {
    const { account } = this;
    const { equity } = account;
    const asOf = iso(this.asOf ?? now);
    const total = pnl(account.net, account);
    if (account.start > 0n && !account.flows) total.net_return = amount(divided(account.net, account.start));
    const symbols = new Set([...account.marks.keys(), ...[...account.holdings.values()].map((held) => held.symbol)]);
    return {
      equity: amount(equity),
      cash: amount(account.cash),
      start_equity: amount(account.start),
      total_pnl: total,
      symbols: [...symbols].sort().slice(0, 500),
      positions: Object.fromEntries([...account.holdings].map(([name, held]) => [name, positionJson(held, equity)])),
      fills: { ...this.fills },
      trades: { ...this.trades },
      flows: { ...this.flows },
      equity_curve: this.curve.size ? Object.fromEntries(this.curve) : { [asOf]: amount(equity) },
      days: { ...this.days },
      stats: this.#stats(equity),
      as_of: asOf,
      ...(this.day !== undefined && { day: this.day, day_pnl: this.dayResult() }),
    };
  }

  #stats(equity) {
    const { account } = this;
    const found = { closed_trades: account.closed, wins: account.wins };
    if (!account.flows && account.peak > 0n) {
      const deepest = account.deepest_peak;
      found.drawdown = amount(divided(account.peak - equity, account.peak));
      found.max_drawdown = deepest ? amount(divided(deepest - account.trough, deepest)) : 0;
    }
    if (account.closed >= MIN_TRADES) {
      found.win_rate = account.wins / account.closed;
      if (account.losses) found.profit_factor = amount(divided(account.gains, account.losses));
    }
    if (equity > 0n) {
      let exposed = 0n;
      for (const held of account.holdings.values()) exposed += abs(valueOf(held));
      found.exposure = amount(divided(exposed, equity));
    }
    return found;
  }

  /** Take over what `document` and `state()` said before a restart. */
  restore(document, state) {
    this.fills = { ...document.fills };
    this.trades = { ...document.trades };
    this.curve = new Map(Object.entries(document.equity_curve ?? {}));
    this.flows = { ...document.flows };
    this.days = { ...document.days };
    this.asOf = Date.parse(document.as_of);
    this.day = document.day;
    this.before = Object.fromEntries(Object.entries(state).map(([name, text]) => [name, exact(text)]));
    for (const part of ["fills", "trades"]) {
      for (const [name, each] of Object.entries(this[part])) this.unfiled.push([each.ts.slice(0, 10), part, name, each]);
    }
  }

  state() {
    return Object.fromEntries(Object.entries(this.before).map(([name, value]) => [name, plain(value)]));
  }
}

function pnl(net, sums) {
  const { fees, slippage, funding } = sums;
  return {
    gross: amount(net + fees + slippage - funding),
    fees: amount(fees),
    slippage: amount(slippage),
    ...(funding && { funding: amount(funding) }),
    net: amount(net),
  };
}

function fillJson(fill) {
  return {
    ts: iso(fill.at), symbol: fill.symbol, side: fill.side, quantity: amount(fill.quantity), price: amount(fill.price), fee: amount(fill.fee),
    ...(fill.fee_currency && {
      fee_currency: fill.fee_currency,
      ...(fill.fee_value !== undefined && { fee_value: amount(fill.fee_value) }),
    }),
    ...(fill.multiplier !== ONE && { multiplier: amount(fill.multiplier) }),
    ...(fill.slippage && { slippage: amount(fill.slippage) }),
    ...(fill.leverage && { leverage: amount(fill.leverage) }),
    ...(fill.realized !== undefined && { realized_pnl: amount(fill.realized) }),
    ...(fill.reason && { reason: fill.reason }),
    ...(fill.order_id && { order_id: fill.order_id }),
  };
}

function tradeJson({ held, fill }) {
  return {
    symbol: held.symbol, side: held.side, quantity: amount(held.exit_quantity),
    entry_price: amount(divided(held.entry_value, held.entry_quantity)),
    exit_price: amount(divided(held.exit_value, held.exit_quantity)),
    opened_at: iso(held.opened_at), ts: iso(fill.at), fees: amount(held.fees), slippage: amount(held.slippage),
    realized_pnl: amount(held.realized),
    ...(held.funding && { funding: amount(held.funding) }),
    ...(held.multiplier !== ONE && { multiplier: amount(held.multiplier) }),
    ...(held.leverage !== undefined && {
      leverage: amount(held.leverage),
      stake: amount(divided(abs(times(held.entry_value, held.multiplier)), held.leverage)),
    }),
    ...(fill.reason && { reason: fill.reason }),
  };
}

function positionJson(held, equity) {
  const value = valueOf(held);
  return {
    quantity: amount(held.quantity),
    average_price: amount(divided(held.basis, times(held.quantity, held.multiplier))),
    last_price: amount(held.mark), market_value: amount(value), unrealized_pnl: amount(value - held.basis),
    opened_at: iso(held.opened_at), marked_at: iso(held.marked_at),
    ...(equity > 0n && { weight: amount(divided(value, equity)) }),
    ...(held.position && { symbol: held.symbol }),
    ...(held.multiplier !== ONE && { multiplier: amount(held.multiplier) }),
    ...(held.funding && { funding: amount(held.funding) }),
    ...(held.leverage !== undefined && {
      leverage: amount(held.leverage), margin: amount(divided(abs(held.basis), held.leverage)),
    }),
  };
}

function deepest(values) {
  let [peak, peakAt, worst, found] = [0, 0, 0, []];
  values.forEach((value, index) => {
    if (value > peak) [peak, peakAt] = [value, index];
    else if (peak > 0 && (peak - value) / peak > worst) [worst, found] = [(peak - value) / peak, [peakAt, index]];
  });
  return found;
}

/** Return the indices of at most `points` values to keep: ends, extremes, the deepest fall, extremes of intervals. */
function chosen(values, points) {
  const count = values.length;
  const lowest = (list) => list.indexOf(list.reduce((a, b) => (b < a ? b : a)));
  const highest = (list) => list.indexOf(list.reduce((a, b) => (b > a ? b : a)));
  const kept = new Set([0, count - 1, lowest(values), highest(values), ...deepest(values)]);
  const parts = Math.floor((points - kept.size) / 2);
  for (let part = 0; part < parts; part += 1) {
    const start = Math.floor((part * count) / parts);
    const inside = values.slice(start, Math.floor(((part + 1) * count) / parts));
    kept.add(start + lowest(inside)).add(start + highest(inside));
  }
  return [...kept].sort((a, b) => a - b);
}
