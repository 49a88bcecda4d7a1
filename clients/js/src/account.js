/** One account in one currency: pairs fills into trades and keeps every digit, as `account.py` of the Python client. */

import { ONE, abs, divided, exact, number, plain, times } from "./decimal.js";
import { iso } from "./time.js";

const CONTRACT = /^[^/:]+\/[^/:]+:[^/:]+$/;
const PAIR = /^([^/:]+)\/([^/:]+)$/;
const SUMS = ["start", "cash", "fees", "slippage", "funding", "flows", "gains", "losses", "peak", "deepest_peak", "trough"];
const COUNTS = ["closed", "wins", "fills"];
const NUMBERS = [
  "quantity", "basis", "realized", "fees", "slippage", "funding", "entry_quantity", "entry_value", "exit_quantity", "exit_value",
  "multiplier", "mark",
];

const baseOf = (symbol) => PAIR.exec(symbol)?.[1] ?? "";

export const keyOf = (symbol, position) => (position ? `${symbol} ${position}` : symbol);

export const valueOf = (held) => times(times(held.quantity, held.mark), held.multiplier);

const worthOf = (held) => (held.contract ? valueOf(held) - held.basis : valueOf(held));

const later = (a, b) => (a > b ? a : b);

export class Account {
  constructor(currency, start) {
    this.currency = currency;
    for (const each of SUMS) this[each] = 0n;
    for (const each of COUNTS) this[each] = 0;
    this.start = this.cash = this.peak = start;
    this.holdings = new Map();
    this.marks = new Map();
    this.unvalued = new Map();
    this.worth = 0n;
    this.named = new Map(); // keys of the holdings of a symbol
  }

  get equity() {
    return this.cash + this.worth;
  }

  get net() {
    return this.equity - this.start - this.flows;
  }

  /** Book a fill; return it (in two parts where it turns the position) and the trades that it closed. */
  apply(fill) {
    this.#valueFee(fill);
    const held = this.holdings.get(keyOf(fill.symbol, fill.position));
    const signed = fill.side === "buy" ? fill.quantity : -fill.quantity;
    const turns = held !== undefined && held.quantity > 0n !== signed > 0n && fill.quantity > abs(held.quantity);
    const parts = turns ? this.#turned(fill, abs(held.quantity)) : [fill];
    const trades = parts.flatMap((part) => this.#book(part));
    this.fills += 1;
    this.#look();
    return [parts, trades];
  }

  /** Take newest prices: pairs of symbol and price. */
  mark(prices, at) {
    for (const [symbol, price] of prices) {
      this.marks.set(symbol, price);
      for (const name of this.named.get(symbol) ?? []) this.#change(this.holdings.get(name), price, at);
    }
    this.#look();
  }

  fund(symbol, position, amount) {
    this.cash += amount;
    this.funding += amount;
    const held = this.holdings.get(keyOf(symbol, position));
    if (held) {
      held.funding += amount;
      held.realized += amount;
    }
    this.#look();
  }

  flow(amount) {
    this.cash += amount;
    this.flows += amount;
  }

  #hold(name, held) {
    this.holdings.set(name, held);
    if (!this.named.has(held.symbol)) this.named.set(held.symbol, new Set());
    this.named.get(held.symbol).add(name);
  }

  #valueFee(fill) {
    if (fill.fee_currency === "" || fill.fee_currency === this.currency) {
      fill.fee_currency = "";
      fill.fee_value = fill.fee;
    }
    if (fill.fee_value === undefined && fill.fee_currency === baseOf(fill.symbol)) fill.fee_value = times(fill.fee, fill.price);
    if (fill.fee_value !== undefined) return;
    const coin = fill.fee_currency;
    const name = [`${coin}/${this.currency}`, `${coin}${this.currency}`, coin].find((each) => this.marks.has(each));
    if (name !== undefined) fill.fee_value = times(fill.fee, this.marks.get(name));
    else if (fill.fee) this.unvalued.set(coin, (this.unvalued.get(coin) ?? 0n) + fill.fee);
  }

  #turned(fill, held) {
    const share = (amount) => divided(times(amount, held), fill.quantity);
    const [fee, slippage] = [share(fill.fee), share(fill.slippage)];
    const value = fill.fee_value === undefined ? undefined : share(fill.fee_value);
    const left = value === undefined ? undefined : fill.fee_value - value;
    return [
      { ...fill, quantity: held, fee, fee_value: value, slippage },
      {
        ...fill, name: `${fill.name}b`, quantity: fill.quantity - held, fee: fill.fee - fee, fee_value: left,
        slippage: fill.slippage - slippage,
      },
    ];
  }

  #book(fill) {
    const name = keyOf(fill.symbol, fill.position);
    const fee = fill.fee_value ?? 0n;
    const signed = fill.side === "buy" ? fill.quantity : -fill.quantity;
    const size = times(fill.price, fill.quantity);
    const paid = signed > 0n ? times(size, fill.multiplier) : -times(size, fill.multiplier);
    this.cash -= fee;
    this.fees += fee;
    this.slippage += fill.slippage;
    this.marks.set(fill.symbol, fill.price);
    let held = this.holdings.get(name);
    if (!held) {
      held = {
        ...Object.fromEntries(NUMBERS.map((each) => [each, 0n])),
        symbol: fill.symbol, position: fill.position, side: fill.side, opened_at: fill.at, marked_at: fill.at, mark: fill.price,
        multiplier: fill.multiplier, contract: fill.contract || CONTRACT.test(fill.symbol), leverage: undefined,
      };
      this.#hold(name, held);
    }
    const before = worthOf(held);
    held.leverage = fill.leverage ?? held.leverage;
    held.fees += fee;
    held.slippage += fill.slippage;
    if (held.quantity === 0n || held.quantity > 0n === signed > 0n) {
      held.basis += paid;
      held.quantity += signed;
      held.realized -= fee;
      held.entry_quantity += fill.quantity;
      held.entry_value += size;
      if (!held.contract) this.cash -= paid;
      const isInCoins = fill.fee_currency && fill.fee_currency === baseOf(fill.symbol) && fill.fee > 0n && fill.fee < held.quantity;
      if (isInCoins) this.#leave(held, -fill.fee, -times(fill.fee, fill.price), fill);
    } else {
      const gained = this.#leave(held, signed, paid, fill);
      fill.realized = gained - fee;
      held.realized -= fee;
    }
    for (const each of this.named.get(fill.symbol)) {
      if (each !== name) this.#change(this.holdings.get(each), fill.price, fill.at);
    }
    held.mark = fill.price;
    held.marked_at = later(fill.at, held.marked_at);
    if (held.quantity) {
      this.worth += worthOf(held) - before;
      return [];
    }
    this.holdings.delete(name);
    this.named.get(fill.symbol).delete(name);
    this.worth = this.holdings.size ? this.worth - before : 0n;
    this.closed += 1;
    if (held.realized > 0n) {
      this.wins += 1;
      this.gains += held.realized;
    } else this.losses -= held.realized;
    return [{ name: `t${fill.name.slice(1)}`, held, fill }];
  }

  #leave(held, signed, paid, fill) {
    const share = signed === -held.quantity ? held.basis : divided(times(held.basis, -signed), held.quantity);
    const gained = -paid - share;
    held.basis -= share;
    held.quantity += signed;
    held.realized += gained;
    held.exit_quantity += abs(signed);
    held.exit_value += times(fill.price, abs(signed));
    this.cash += held.contract ? gained : -paid;
    return gained;
  }

  #change(held, price, at) {
    const before = worthOf(held);
    held.mark = price;
    held.marked_at = later(at, held.marked_at);
    this.worth += worthOf(held) - before;
  }

  #look() {
    const { equity, peak } = this;
    if (equity > peak) this.peak = equity;
    else if (
      peak > 0n &&
      (!this.deepest_peak || (peak - equity) * this.deepest_peak > (this.deepest_peak - this.trough) * peak)
    ) {
      this.deepest_peak = peak;
      this.trough = equity;
    }
  }

  /** Everything as JSON types with all digits, as the Python client writes it. */
  state() {
    const texts = (map) => Object.fromEntries([...map].map(([key, value]) => [key, plain(value)]));
    return {
      ...Object.fromEntries(SUMS.map((each) => [each, plain(this[each])])),
      ...Object.fromEntries(COUNTS.map((each) => [each, this[each]])),
      marks: texts(this.marks),
      unvalued: texts(this.unvalued),
      holdings: [...this.holdings.values()].map((held) => ({
        ...Object.fromEntries(NUMBERS.map((each) => [each, plain(held[each])])),
        symbol: held.symbol, side: held.side, opened_at: iso(held.opened_at), marked_at: iso(held.marked_at),
        ...(held.position && { position: held.position }),
        ...(held.leverage !== undefined && { leverage: plain(held.leverage) }),
        ...(held.contract && { contract: true }),
      })),
    };
  }

  static ofState(currency, state) {
    const found = new Account(currency, 0n);
    const numbers = (map) => new Map(Object.entries(map).map(([key, value]) => [key, number(key, value)]));
    for (const each of SUMS) found[each] = exact(state[each]);
    for (const each of COUNTS) found[each] = Number(state[each]);
    found.marks = numbers(state.marks);
    found.unvalued = numbers(state.unvalued);
    for (const each of state.holdings) {
      const held = { ...each, position: each.position ?? "", contract: each.contract ?? false };
      for (const name of NUMBERS) held[name] = exact(each[name]);
      for (const name of ["opened_at", "marked_at"]) held[name] = Date.parse(each[name]);
      held.leverage = each.leverage === undefined ? undefined : number("leverage", each.leverage);
      found.#hold(keyOf(held.symbol, held.position), held);
      found.worth += worthOf(held);
    }
    return found;
  }
}
