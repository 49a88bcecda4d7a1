/** An amount, a price or a quantity; texts keep all their digits, numbers those that they are printed with. */
export type Numeric = number | string | bigint;
/** A Date, ISO 8601 text with a zone, or seconds (milliseconds from 1e11 on) since 1970. Default: now. */
export type Time = Date | string | number;

export interface BotOptions {
  /** Of its money. Default `USD`. */
  currency?: string;
  /** Money at the beginning; a bot that goes on keeps its own. Default 0. */
  start?: Numeric;
  /** A desk shows one; bots of another are marked. Default `paper`. */
  mode?: "paper" | "live" | "replay" | "backtest";
  /** How often your loop calls at least, `"1m"` or seconds; default: never late. */
  every?: string | number;
  /** The desk's data folder; default `AION_DATA`, else `aion-data`. */
  data?: string;
  /** Of its money, 0 to 18; default: those of the currency. */
  decimals?: number;
  strategy?: string;
  rule?: string;
  /** Another text begins anew. Default `1`. */
  run?: string;
  /** Least time between two writes; the last change is always written. Default 0.25 s. */
  batch?: string | number;
  /** True to throw `ClientError` for what cannot be booked. Default false. */
  strict?: boolean;
  /** Takes what was left out or could not be written, a sentence each. Default: `process.emitWarning`. */
  warn?: (text: string) => void;
}

export interface FillOptions {
  /** Above 0 where paid, below 0 for a rebate; in `feeCurrency`. */
  fee?: Numeric | null;
  /** Default: the account's. */
  feeCurrency?: string;
  /** Of the fee in the account's currency. */
  feeValue?: Numeric | null;
  at?: Time;
  /** At the exchange; an execution that was booked before is not booked again. */
  id?: string | number;
  /** Why, shown as the reason. */
  tag?: string;
  orderId?: string;
  /** Money, 0 or above. */
  slippage?: Numeric | null;
  /** Units of one contract. Default 1. */
  multiplier?: Numeric;
  leverage?: Numeric | null;
  /** Name of one of several positions in the symbol. */
  position?: string;
  /** True for a future or perpetual; a symbol such as `BTC/USDT:USDT` is one anyway. */
  contract?: boolean;
}

export interface OpenOrder {
  symbol: string;
  side: "buy" | "sell";
  quantity: Numeric;
  type?: string;
  status?: string;
  limitPrice?: Numeric;
  stopPrice?: Numeric;
  reason?: string;
  ts?: Time;
}

export interface Ask {
  /** `kill`: close all and stop; `clear`: the kill switch is off again. */
  readonly action: "pause" | "resume" | "flatten" | "kill" | "clear";
  /** Empty for a kill switch. */
  readonly id: string;
  readonly by: string;
  readonly reason: string;
  readonly value: string;
  /** Say that it is carried out. */
  done(detail?: string): void;
  /** Say that it is begun; `asks()` gives it again until it is done or refused. */
  accepted(detail?: string): void;
  refused(reason: string): void;
}

/** A bot of your own on the desk; the methods return false instead of throwing, and warn. */
export class Bot {
  /** Throws `ClientError` for an argument that cannot be used, `NameTakenError` where another program has the name. */
  constructor(name: string, options?: BotOptions);
  readonly name: string;
  readonly equity: number;
  readonly cash: number;
  /** A kill switch is on: close everything and open nothing. */
  readonly isKilled: boolean;
  /** Nothing may be opened. */
  readonly isPaused: boolean;
  /** Why the newest write failed; empty while all is well. */
  readonly problem: string;
  /** Calls, or values of calls, that were not booked. */
  readonly refused: number;
  position(symbol: string, position?: string): number;
  fill(symbol: string, side: "buy" | "sell", quantity: Numeric, price: Numeric, options?: FillOptions): boolean;
  mark(prices: Record<string, Numeric | null | undefined>, options?: { at?: Time }): boolean;
  funding(symbol: string, amount: Numeric, options?: { at?: Time; id?: string | number; position?: string }): boolean;
  deposit(amount: Numeric, options?: { at?: Time }): boolean;
  signal(symbol: string, action: string, confidence?: Numeric, reason?: string): boolean;
  orders(orders: Record<string, OpenOrder>): boolean;
  note(text: string): boolean;
  beat(): boolean;
  /** What the desk asks and was not answered for good, oldest first; the first call says that it can be controlled. */
  asks(): Ask[];
  /** Write what is new now. */
  flush(): boolean;
  /** End the run: shown as finished; then close. */
  finish(at?: Time): void;
  /** Write the last change and give the name up. */
  close(): void;
}

export class ClientError extends Error {}
export class NameTakenError extends ClientError {}
