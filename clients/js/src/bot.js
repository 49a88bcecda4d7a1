/** A bot on the desk: fills, prices and funding in; a state file out. As `Bot` of the Python client. */

import fs from "node:fs";
import path from "node:path";
import { Account, keyOf } from "./account.js";
import { Controls, oneLine } from "./control.js";
import { ONE, aboveZero, amount, number, plain, shown } from "./decimal.js";
import { ClientError } from "./errors.js";
import { Record } from "./record.js";
import { Journal, Lock, activityPath, readJson, removeTemporaries, statePath, writeJson } from "./store.js";
import { iso, moment, span } from "./time.js";

const MODES = ["paper", "live", "replay", "backtest"];
const RESERVED = /^(desk|con|prn|aux|nul|com\d|lpt\d)(\.|$)/i;
const SIDES = { buy: "buy", long: "buy", b: "buy", sell: "sell", short: "sell", s: "sell" };
const ENVELOPE = ["mode", "run", "seq", "as_of", "written_at", "bot", "currency", "decimals"];
const MOST_IDS = 1000;
const MOST_OF_DAY = 20_000;
const AGAIN_MS = 60_000;
const ACTIVITY_MS = 5000;
const DAY_MS = 86_400_000;
const open = new Set();

process.on("exit", () => {
  for (const bot of open) bot.close();
});

export class Bot {
  #about;
  #root;
  #file;
  #lock;
  #journal;
  #account;
  #record;
  #controls;
  #strict;
  #warn;
  #everyS;
  #batchMs;
  #number = 0;
  #seq = 0;
  #runId = "";
  #startedAt = 0;
  #known = new Set();
  #signals = {};
  #orders = {};
  #caveat = "";
  #complaint = "";
  #calledAt = Date.now();
  #finishedAt;
  #timer;
  #writtenMs = 0;
  #filedMs = 0;
  #retryMs = 0;
  #days = new Map();
  #saidMs = new Map();
  #isClosed = false;
  problem = "";
  refused = 0;

  constructor(name, options = {}) {
    const { currency = "USD", start = 0, mode = "paper", every, data, decimals, strategy = "", rule = "", run = "1" } = options;
    const { batch = 0.25, strict = false, warn = (text) => process.emitWarning(text, "AionClient") } = options;
    if (!MODES.includes(mode)) throw new ClientError(`mode=${shown(mode)} must be one of ${MODES.join(", ")}`);
    if (decimals !== undefined && !(Number.isInteger(decimals) && decimals >= 0 && decimals <= 18)) {
      throw new ClientError(`decimals=${shown(decimals)} must be a whole number from 0 to 18`);
    }
    const code = String(currency).trim().toUpperCase();
    if (!/^[A-Z0-9]{3,10}$/.test(code)) throw new ClientError(`currency=${shown(currency)} must be 3 to 10 letters or digits`);
    this.#about = {
      bot: named("name", name), mode, run: named("run", run), currency: code,
      ...(strategy && { strategy: oneLine(strategy, 64) }), ...(rule && { rule: oneLine(rule) }),
      ...(decimals !== undefined && { decimals }),
    };
    this.#everyS = span("every", every);
    this.#batchMs = 1000 * span("batch", batch);
    const money = number("start", start);
    this.#strict = strict;
    this.#warn = warn;
    this.#root = path.resolve(data ?? (process.env.AION_DATA || "aion-data"));
    this.#file = statePath(this.#root, name);
    this.#lock = new Lock(path.dirname(this.#file), name);
    this.#lock.take();
    try {
      removeTemporaries(this.#root, name);
      this.#journal = new Journal(path.dirname(this.#file), name);
      this.#begin(money);
      this.#write(true);
    } catch (error) {
      this.#lock.close();
      throw error;
    }
    open.add(this);
  }

  get name() {
    return this.#about.bot;
  }

  get equity() {
    return amount(this.#account.equity);
  }

  get cash() {
    return amount(this.#account.cash);
  }

  get isKilled() {
    return this.#controls.killed() !== undefined;
  }

  get isPaused() {
    return this.#controls.state !== "active" || this.isKilled;
  }

  position(symbol, position = "") {
    const held = this.#account.holdings.get(keyOf(symbol, position));
    return held ? amount(held.quantity) : 0;
  }

  fill(symbol, side, quantity, price, options = {}) {
    return this.#guarded("fill", () => {
      const { at, id, tag, orderId, multiplier = 1, leverage, position, contract, feeCurrency } = options;
      const event = {
        do: "fill", symbol: key("symbol", symbol), side: sideOf(side), quantity: plain(aboveZero("quantity", quantity)),
        price: plain(number("price", price)), at: iso(moment("at", at)),
      };
      for (const [field, name] of [["fee", "fee"], ["fee_value", "feeValue"], ["slippage", "slippage"]]) {
        if (options[name] === undefined || options[name] === null) continue;
        const found = this.#numberOrNone(`${name} of ${symbol}`, name, options[name]);
        if (found !== undefined) event[field] = plain(found);
      }
      if (event.slippage?.startsWith("-")) throw new ClientError(`slippage=${shown(options.slippage)} must be 0 or above`);
      const units = aboveZero("multiplier", multiplier);
      if (units !== ONE) event.multiplier = plain(units);
      if (leverage !== undefined && leverage !== null) event.leverage = plain(aboveZero("leverage", leverage));
      if (feeCurrency) event.fee_currency = key("feeCurrency", feeCurrency);
      if (position) event.position = key("position", position);
      if (contract) event.contract = true;
      if (tag) event.reason = oneLine(tag);
      if (orderId) event.order_id = oneLine(orderId, 128);
      if (id !== undefined && id !== null) event.id = `f-${oneLine(id, 100)}`;
      return this.#take(event);
    });
  }

  mark(prices, options = {}) {
    return this.#guarded("mark", () => {
      if (prices === null || typeof prices !== "object") throw new ClientError(`prices=${shown(prices)} must be prices by symbol`);
      const at = moment("at", options.at);
      this.#checkTime(at);
      const given = Object.entries(prices);
      const found = [];
      for (const [symbol, value] of given) {
        const price = this.#numberOrNone(`price of ${symbol}`, `prices['${symbol}']`, value);
        if (price !== undefined) found.push([key("symbol", symbol), price]);
      }
      this.#record.advance(at);
      this.#account.mark(found, at);
      this.#record.point();
      this.#touch();
      return found.length === given.length;
    });
  }

  funding(symbol, money, options = {}) {
    return this.#guarded("funding", () => {
      const event = {
        do: "funding", symbol: key("symbol", symbol), amount: plain(number("amount", money)), at: iso(moment("at", options.at)),
        ...(options.position && { position: key("position", options.position) }),
        ...(options.id !== undefined && { id: `u-${oneLine(options.id, 100)}` }),
      };
      return this.#take(event);
    });
  }

  deposit(money, options = {}) {
    return this.#guarded("deposit", () =>
      this.#take({ do: "flow", amount: plain(number("amount", money)), at: iso(moment("at", options.at)) }),
    );
  }

  signal(symbol, action, confidence = 0, reason = "") {
    return this.#guarded("signal", () => {
      const said = amount(number("confidence", confidence));
      this.#signals[key("symbol", symbol)] = {
        ts: iso(Date.now()), action: oneLine(action, 32) || "hold", confidence: said, reason: oneLine(reason),
      };
      this.#touch();
      return true;
    });
  }

  orders(orders) {
    return this.#guarded("orders", () => {
      this.#orders = Object.fromEntries(
        Object.entries(orders).map(([id, each]) => [
          `o-${oneLine(id, 100)}`,
          {
            ts: iso(moment("ts", each.ts)), symbol: key("symbol", each.symbol), side: sideOf(each.side),
            quantity: amount(aboveZero("quantity", each.quantity)), type: oneLine(each.type || "market", 64),
            status: oneLine(each.status || "open", 64),
            ...(each.limitPrice !== undefined && { limit_price: amount(number("limitPrice", each.limitPrice)) }),
            ...(each.stopPrice !== undefined && { stop_price: amount(number("stopPrice", each.stopPrice)) }),
            ...(each.reason && { reason: oneLine(each.reason) }),
          },
        ]),
      );
      this.#touch();
      return true;
    });
  }

  note(text) {
    return this.#guarded("note", () => {
      this.#caveat = oneLine(text, 1000);
      this.#touch();
      return true;
    });
  }

  beat() {
    return this.#guarded("beat", () => {
      this.#touch();
      return true;
    });
  }

  asks() {
    return this.#guarded("asks", () => this.#controls.asks()) || [];
  }

  flush() {
    if (this.#isClosed) return false;
    try {
      this.#write(true);
      return true;
    } catch (error) {
      if (this.#strict) throw error;
      this.#fail(error);
      return false;
    }
  }

  finish(at) {
    this.#finishedAt = at === undefined ? (this.#record.asOf ?? Date.now()) : moment("at", at);
    this.close();
  }

  close() {
    if (this.#isClosed) return;
    this.flush();
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#journal.close();
    this.#lock.close();
    open.delete(this);
  }

  #guarded(what, call) {
    try {
      if (this.#isClosed) throw new ClientError(`name='${this.name}': the bot was closed`);
      return call();
    } catch (error) {
      if (this.#strict) throw error;
      this.#refuse(what, error instanceof ClientError ? error.message : `${what} failed (${error.stack}); this is a mistake of the client`);
      return false;
    }
  }

  #numberOrNone(what, name, value) {
    try {
      return number(name, value);
    } catch (error) {
      if (this.#strict) throw error;
      this.#refuse(what, `${error.message}: left out`);
      return undefined;
    }
  }

  #refuse(what, why) {
    this.refused += 1;
    this.#complaint = `${this.refused} ${this.refused === 1 ? "value" : "values"} not booked, the last: ${why}`;
    this.#schedule();
    this.#say(what, why);
  }

  #say(what, why) {
    const now = Date.now();
    if (now - (this.#saidMs.get(what) ?? -AGAIN_MS) < AGAIN_MS) return;
    if (this.#saidMs.size > MOST_IDS) this.#saidMs.clear();
    this.#saidMs.set(what, now);
    this.#warn(`${this.name}: ${why}`);
  }

  #checkTime(at) {
    const isNow = this.#about.mode === "paper" || this.#about.mode === "live";
    if (isNow && at > Date.now() + DAY_MS) throw new ClientError(`at=${iso(at)} is more than a day in the future`);
  }

  #take(given) {
    this.#checkTime(Date.parse(given.at));
    if (given.id !== undefined && this.#known.has(given.id)) return false;
    const event = { ...given, n: this.#number + 1, run: this.#runId };
    try {
      this.#journal.add(event);
    } catch (error) {
      this.#fail(error);
    }
    this.#number += 1;
    this.#apply(event);
    this.#touch();
    return true;
  }

  #apply(event) {
    const at = Date.parse(event.at);
    this.#record.advance(at);
    if (event.do === "fill") {
      const part = (name) => (event[name] === undefined ? undefined : number(name, event[name]));
      this.#record.add(
        ...this.#account.apply({
          name: event.id ?? `f${event.n}`, at, symbol: event.symbol, position: event.position ?? "", side: event.side,
          quantity: part("quantity"), price: part("price"), fee: part("fee") ?? 0n, fee_currency: event.fee_currency ?? "",
          fee_value: part("fee_value"), slippage: part("slippage") ?? 0n, multiplier: part("multiplier") ?? ONE,
          leverage: part("leverage"), contract: event.contract ?? false, reason: event.reason ?? "", order_id: event.order_id ?? "",
        }),
      );
    } else if (event.do === "funding") {
      this.#account.fund(event.symbol, event.position ?? "", number("amount", event.amount));
      this.#record.fund();
    } else {
      const money = number("amount", event.amount);
      this.#account.flow(money);
      this.#record.flows[`w${event.n}`] = { ts: event.at, amount: amount(money) };
    }
    this.#record.point();
    if (event.id !== undefined) {
      this.#known.add(event.id);
      if (this.#known.size > MOST_IDS) this.#known.delete(this.#known.values().next().value);
    }
  }

  #begin(start) {
    const found = readJson(this.#file);
    if (found && !found.memo) throw new ClientError(`name='${this.name}': ${this.#file} was written by another program: choose another name`);
    if (found && found.run === this.#about.run) {
      this.#restore(found);
      return;
    }
    this.#runId = `${Date.now().toString(16)}${Math.floor(Math.random() * 2 ** 32).toString(16)}`;
    this.#startedAt = Date.now();
    this.#controls = new Controls(this.#root, this.name, this.#startedAt, () => this.#touch());
    this.#account = new Account(this.#about.currency, start);
    this.#record = new Record(this.#account);
    for (const file of [this.#journal.file, this.#journal.aside]) fs.rmSync(file, { force: true });
    this.#journal.hasAside = false;
  }

  #restore(found) {
    for (const name of ["currency", "mode"]) {
      if (found[name] !== this.#about[name]) {
        throw new ClientError(
          `${name}='${this.#about[name]}': ${this.#file} says '${found[name]}'; begin anew with another run or name`,
        );
      }
    }
    try {
      const memo = JSON.parse(found.memo);
      [this.#runId, this.#number, this.#seq] = [memo.id, memo.n, found.seq ?? 0];
      this.#startedAt = Date.parse(memo.started_at);
      this.#account = Account.ofState(this.#about.currency, memo.account);
      this.#record = new Record(this.#account);
      if (memo.has_begun) this.#record.restore(found, memo.day);
      this.#known = new Set(memo.ids);
      this.#controls = new Controls(this.#root, this.name, this.#startedAt, () => this.#touch());
      this.#controls.restore(found);
      for (const event of this.#journal.read()) {
        if (event.run !== this.#runId || event.n <= this.#number) continue;
        this.#apply(event);
        this.#number = event.n;
      }
    } catch (error) {
      throw new ClientError(`name='${this.name}': ${this.#file} cannot be resumed from (${error.message}): move it away to begin anew`);
    }
  }

  #touch() {
    this.#calledAt = Date.now();
    this.#schedule();
  }

  #schedule() {
    if (this.#timer !== undefined || this.#isClosed) return;
    const wait = Math.max(0, this.#writtenMs + Math.max(this.#batchMs, this.#retryMs) - Date.now());
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      try {
        this.#write(false);
        if (this.#record.unfiled.length) this.#scheduleFiles();
      } catch (error) {
        this.#fail(error);
        this.#retryMs = Math.min(30_000, Math.max(500, 2 * this.#retryMs));
        this.#schedule();
      }
    }, wait);
    this.#timer.unref();
  }

  #scheduleFiles() {
    setTimeout(() => this.#schedule(), ACTIVITY_MS).unref();
  }

  #fail(error) {
    this.problem = `${path.basename(this.#file)} cannot be written: ${error.message}`;
    this.#say("write", `${this.problem}; nothing is lost while this program runs, it is tried again`);
  }

  #write(isLast) {
    this.#writtenMs = Date.now();
    if (this.#lock.isLost()) this.#lock.take();
    this.#seq += 1;
    this.#record.shorten();
    const document = this.#document();
    this.#journal.setAside();
    const entries = this.#record.unfiled;
    if (entries.length && (isLast || entries.length >= 100 || Date.now() - this.#filedMs >= ACTIVITY_MS)) this.#fileDays(document, entries);
    writeJson(this.#file, document);
    this.#journal.forget();
    this.problem = "";
    this.#retryMs = 0;
  }

  #fileDays(document, entries) {
    const envelope = Object.fromEntries(ENVELOPE.filter((name) => name in document).map((name) => [name, document[name]]));
    const results = { ...this.#record.days, ...(document.day && { [document.day]: document.day_pnl }) };
    const changed = new Set();
    for (const [day, part, name, entry] of entries) {
      if (!this.#days.has(day)) this.#days.set(day, this.#readDay(day));
      const value = this.#days.get(day);
      changed.add(day);
      if (part === "funding") value.funding = results[day]?.funding ?? value.funding ?? 0;
      else {
        value[part] ??= {};
        value[part][name] = entry;
        const names = Object.keys(value[part]);
        for (const old of names.slice(0, Math.max(0, names.length - MOST_OF_DAY))) delete value[part][old];
      }
    }
    for (const day of changed) {
      writeJson(activityPath(this.#root, this.name, day), {
        schema: "aion/bot_activity/2", ...envelope, horizon: "1d", ...this.#days.get(day), day,
      });
    }
    for (const old of [...this.#days.keys()].sort().slice(0, -3)) this.#days.delete(old);
    this.#record.unfiled = [];
    this.#filedMs = Date.now();
  }

  #readDay(day) {
    try {
      const { fills, trades, funding } = readJson(activityPath(this.#root, this.name, day)) ?? {};
      return { ...(fills && { fills }), ...(trades && { trades }), ...(funding !== undefined && { funding }) };
    } catch (error) {
      this.#say(`day ${day}`, `the file of ${day} is written anew: ${error.message}`);
      return {};
    }
  }

  #document() {
    const now = Date.now();
    const notes = [...this.#account.unvalued].map(
      ([coin, fee]) => `Fees of ${plain(fee)} ${coin} are in no sum: their value in ${this.#about.currency} is not known.`,
    );
    const note = oneLine([this.#caveat, this.#complaint, ...notes].filter(Boolean).join(" "));
    const due = this.#everyS === undefined ? undefined : iso(this.#calledAt + 1500 * this.#everyS + this.#batchMs);
    return {
      schema: "aion/swing_rolling/2",
      ...this.#about,
      seq: this.#seq,
      ...this.#record.document(now),
      written_at: iso(now),
      ...this.#controls.document(),
      signals: { ...this.#signals },
      open_orders: { ...this.#orders },
      ...(this.#finishedAt !== undefined ? { kind: "finished", finished_at: iso(this.#finishedAt) } : due && { due_at: due }),
      ...(note && { note }),
      memo: JSON.stringify({
        id: this.#runId, n: this.#number, started_at: iso(this.#startedAt), has_begun: this.#record.asOf !== undefined,
        account: this.#account.state(), day: this.#record.state(), ids: [...this.#known],
      }),
    };
  }
}

function named(name, value) {
  if (typeof value !== "string" || !/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(value)) {
    throw new ClientError(`${name}=${shown(value)} must be 1 to 64 letters, digits, '.', '_' or '-', a letter or digit first`);
  }
  if (RESERVED.test(value)) throw new ClientError(`${name}=${shown(value)} is reserved: choose another one`);
  return value;
}

function sideOf(value) {
  const found = SIDES[String(value).trim().toLowerCase()];
  if (!found) throw new ClientError(`side=${shown(value)} must be 'buy' or 'sell'`);
  return found;
}

function key(name, value) {
  const text = value === undefined || value === null ? "" : String(value).trim();
  if (text.length < 1 || text.length > 120 || /[\u0000-\u001f\u007f]/.test(text)) {
    throw new ClientError(`${name}=${shown(value)} must be 1 to 120 characters in one line`);
  }
  if (/^\d{1,10}$/.test(text)) {
    throw new ClientError(`${name}=${shown(value)} looks like an integer, which browsers reorder: name its market too, such as '${text}.HK'`);
  }
  return text;
}
