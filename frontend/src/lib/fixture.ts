/**
 * SYNTHETIC data for the tests, made here and nowhere else: seeded random walks in the shape of the desk's answers.
 * No page imports this file.
 */

import type { BotsPageBundle, BotView, Fill, Session, Signal } from "../api/schema";

type Curve = Record<string, number>;

type Sparse<T> = T extends (infer Item)[]
  ? Sparse<Item>[]
  : T extends object
    ? { [Key in keyof T]?: Sparse<T[Key]> }
    : T;

/** A document that carries only what is given, as a foreign bot's file or an entry kept by an older page may. */
export function sparse<T>(part: Sparse<T>): T {
  return part as T;
}

const MINUTE = 60_000;
const DAY = 86_400_000;

/** Market time at which the fixture stands. */
export const MARKET = Date.parse("2022-05-19T14:32:00Z");

const iso = (ms: number): string => new Date(ms).toISOString().replace(".000Z", "Z");
const cents = (value: number): number => Math.round(value * 100) / 100;

/** Numbers in 0..1, the same for the same seed. */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** A walk of `times` from `start`, each step within +-`spread` (a fraction). */
export function walk(times: readonly number[], start: number, spread: number, seed: number, drift = 0): Curve {
  const next = random(seed);
  const curve: Curve = {};
  let value = start;
  for (const time of times) {
    value *= 1 + (next() - 0.5) * 2 * spread + drift;
    curve[iso(time)] = cents(value);
  }
  return curve;
}

/** Each minute of `from`..`to` that does not lie in `hole`. */
export function minutes(from: string, to: string, hole?: [string, string]): number[] {
  const times: number[] = [];
  const out = hole?.map((text) => Date.parse(text)) ?? [];
  for (let time = Date.parse(from) + MINUTE; time <= Date.parse(to); time += MINUTE) {
    if (out[0] !== undefined && out[1] !== undefined && time > out[0] && time <= out[1]) continue;
    times.push(time);
  }
  return times;
}

/** The close of each weekday in the `count` days before the fixture's day. */
export function closes(count: number): number[] {
  const times: number[] = [];
  for (let back = count; back >= 1; back -= 1) {
    const time = Date.parse("2022-05-19T20:00:00Z") - back * DAY;
    const weekday = new Date(time).getUTCDay();
    if (weekday !== 0 && weekday !== 6) times.push(time);
  }
  return times;
}

const last = (curve: Curve): number => Object.values(curve).at(-1) ?? 0;

export const SESSIONS = sparse<Record<string, Session>>({
  XHKG: {
    name: "Hong Kong",
    timezone: "Asia/Hong_Kong",
    state: "closed",
    day: "2022-05-20",
    opens_at: "2022-05-20T01:30:00Z",
    closes_at: "2022-05-20T08:00:00Z",
    break_start: "2022-05-20T04:00:00Z",
    break_end: "2022-05-20T05:00:00Z",
    next_open_at: "2022-05-20T01:30:00Z",
  },
  XLON: {
    name: "London",
    timezone: "Europe/London",
    state: "open",
    day: "2022-05-19",
    opens_at: "2022-05-19T07:00:00Z",
    closes_at: "2022-05-19T15:30:00Z",
  },
  XNAS: {
    name: "New York",
    timezone: "America/New_York",
    state: "open",
    day: "2022-05-19",
    opens_at: "2022-05-19T13:30:00Z",
    closes_at: "2022-05-19T20:00:00Z",
  },
  XNYS: {
    name: "New York",
    timezone: "America/New_York",
    state: "open",
    day: "2022-05-19",
    opens_at: "2022-05-19T13:30:00Z",
    closes_at: "2022-05-19T20:00:00Z",
  },
});

interface IntradayPlan {
  bot: string;
  symbol: string;
  exchange: string;
  currency: string;
  start: number;
  rule: string;
  price: number;
  quantity: number;
  times: number[];
  flatBy: string;
  signal: Partial<Signal>;
  seed: number;
}

function intradayBot(plan: IntradayPlan, wall: number): BotView {
  const equity_curve = walk(plan.times, plan.start, 0.0006, plan.seed);
  const hold_curve = walk(plan.times, plan.start, 0.0012, plan.seed + 1);
  const equity = last(equity_curve);
  const at = plan.times.at(-1) ?? MARKET;
  const value = cents(plan.quantity * plan.price);
  const fills: Record<string, Fill> = {};
  for (const [index, part] of [0.25, 0.55, 0.8].entries()) {
    const time = plan.times[Math.floor(plan.times.length * part)] ?? at;
    fills[`f${index}`] = sparse<Fill>({
      ts: iso(time),
      symbol: plan.symbol,
      side: index % 2 === 0 ? "buy" : "sell",
      quantity: Math.abs(plan.quantity) || 100,
      price: cents(plan.price * (1 + (index - 1) * 0.004)),
      fee: 2.16,
      slippage: 5.88,
      reason: ["close over range high", "stop: close under range low", "close over range high"][index],
    });
  }
  const gross = cents(equity - plan.start + 24.12);
  return sparse<BotView>({
    bot: plan.bot,
    kind: "intraday",
    file: `intraday/sim_logs/2022-05-19_${plan.bot}.json`,
    mode: "replay",
    run: "1",
    cycle_id: "1-20220519T1432",
    seq: 412,
    as_of: iso(at),
    written_at: iso(wall - 400),
    due_at: iso(wall + 4600),
    currency: plan.currency,
    exchange: plan.exchange,
    strategy: "opening_range_breakout",
    rule: plan.rule,
    symbols: [plan.symbol],
    day: "2022-05-19",
    state: "active",
    equity,
    cash: cents(equity - value),
    start_equity: plan.start,
    hold_equity: last(hold_curve),
    hold_name: plan.symbol,
    price_basis: "raw",
    day_pnl: {
      gross,
      fees: 6.48,
      slippage: 17.64,
      net: cents(equity - plan.start),
      net_return: equity / plan.start - 1,
    },
    total_pnl: {
      gross,
      fees: 6.48,
      slippage: 17.64,
      net: cents(equity - plan.start),
      net_return: equity / plan.start - 1,
    },
    positions:
      plan.quantity === 0
        ? {}
        : {
            [plan.symbol]: {
              quantity: plan.quantity,
              average_price: plan.price,
              last_price: plan.price,
              market_value: value,
              unrealized_pnl: cents(value * 0.004),
              opened_at: iso(at - 20 * MINUTE),
            },
          },
    fills,
    fills_total: 15,
    signals: { [plan.symbol]: plan.signal },
    equity_curve,
    hold_curve,
    stats: {
      drawdown: 0.0106,
      peak_at: iso(at - 60 * MINUTE),
      max_drawdown: 0.0106,
      exposure: Math.abs(value) / equity,
      closed_trades: 7,
    },
    dropped_bars: 1,
    bars_seen: plan.times.length,
    flat_by: plan.flatBy,
  });
}

function swingBot(
  bot: string,
  horizon: string,
  seed: number,
  symbols: string[],
  closed: number,
  wall: number,
): BotView {
  const times = closes(365);
  const equity_curve = walk(times, 100_000, 0.016, seed, 0.0002);
  const hold_curve = walk(times, 100_000, 0.013, 77, 0.0003);
  const equity = last(equity_curve);
  const value = cents((equity * 0.6) / symbols.length);
  const at = Date.parse("2022-05-18T20:00:00Z");
  const net = cents(equity - 100_000);
  return sparse<BotView>({
    bot,
    kind: "swing",
    file: `swing/rolling_${bot}.json.gz`,
    mode: "replay",
    run: "1",
    seq: 251,
    as_of: iso(at),
    written_at: iso(wall - 13 * MINUTE),
    due_at: iso(wall + 6 * MINUTE),
    currency: "USD",
    exchange: "XNYS",
    strategy: "cross_sectional_momentum",
    rule: `Momentum rank, rebalanced every ${horizon === "1w" ? "week" : `${horizon[0]} weeks`}`,
    symbols: ["AAPL", "AMZN", "AVGO", "GOOGL", "JPM", "META", "MSFT", "NVDA", "TSLA", "XOM"],
    day: "2022-05-18",
    state: "active",
    equity,
    cash: cents(equity - value * symbols.length),
    start_equity: 100_000,
    hold_equity: last(hold_curve),
    hold_name: "10 names",
    price_basis: "adjusted",
    note: "Swing names were chosen with hindsight: not evidence of skill.",
    day_pnl: { gross: -2537.22, fees: 0, slippage: 0, net: -2537.22, net_return: -0.0249 },
    total_pnl: {
      gross: cents(net + 1158.14),
      fees: 330.84,
      slippage: 827.3,
      net,
      net_return: net / 100_000,
      since: iso(times[0] ?? at),
    },
    positions: Object.fromEntries(
      symbols.map((symbol, index) => [
        symbol,
        {
          quantity: 222.9348 - index * 31.17,
          average_price: 80,
          last_price: 89.06 + index * 11.5,
          market_value: value,
          unrealized_pnl: [5058.15, -399.01, -472.15, 8025.37, -6303.51][index] ?? 0,
          opened_at: iso(at - 9 * DAY),
        },
      ]),
    ),
    fills: Object.fromEntries(
      symbols.map((symbol, index) => [
        `f${index}`,
        {
          ts: iso(times.at(-3 - 5 * index) ?? at),
          symbol,
          side: index === 1 ? "buy" : "sell",
          quantity: 42.8918 + index * 27,
          price: 55.11 + index * 71.1,
          fee: 0.47 + index,
          slippage: 1.18 + index,
          reason: `trimmed to target: rank ${index + 2} of 10, 63-day return +3.3 %`,
        },
      ]),
    ),
    fills_total: 91,
    signals: Object.fromEntries(
      symbols.map((symbol, index) => [
        symbol,
        {
          ts: iso(at),
          action: "buy",
          confidence: 0.73 - index * 0.2,
          reason: `63-day return +${11.9 - index * 4} %.`,
          rank: index + 1,
          candidates: 10,
        },
      ]),
    ),
    equity_curve,
    hold_curve,
    stats: {
      drawdown: 0.1564,
      peak_at: "2021-11-19T21:00:00Z",
      max_drawdown: 0.2807,
      exposure: 0.57,
      closed_trades: closed,
      ...(closed >= 30 ? { win_rate: 0.42, profit_factor: 0.73 } : {}),
    },
    horizon,
    rules: { max_positions: 3 },
    last_rebalance_at: "2022-05-16T20:00:00Z",
    next_mark_at: "2022-05-19T20:00:00Z",
    next_mark_wall_at: iso(wall + 328_000),
    next_rebalance_at: "2022-05-20T20:00:00Z",
    next_rebalance_wall_at: iso(wall + 24 * MINUTE),
  });
}

/** A whole desk in the middle of a replay, as it stands at wall time `wall` (ms). */
export function bundleFixture(wall: number): BotsPageBundle {
  const orb = intradayBot(
    {
      bot: "orb_ny",
      symbol: "MSFT",
      exchange: "XNAS",
      currency: "USD",
      start: 100_000,
      rule: "Opening-range breakout, 15 min range",
      price: 254.33,
      quantity: 196,
      times: minutes("2022-05-19T13:30:00Z", "2022-05-19T14:32:00Z"),
      flatBy: "2022-05-19T19:55:00Z",
      seed: 11,
      signal: {
        ts: iso(MARKET),
        action: "buy",
        confidence: 0.57,
        threshold: 0.5,
        reason: "Close 256.17 over range high 256.00. Stop at a close under 253.56.",
        strategy: "opening_range_breakout",
      },
    },
    wall,
  );
  const vwap = intradayBot(
    {
      bot: "vwap_ldn",
      symbol: "AZN.L",
      exchange: "XLON",
      currency: "GBP",
      start: 100_000,
      rule: "Reversion to session VWAP",
      price: 102.14,
      quantity: -120,
      times: minutes("2022-05-19T07:00:00Z", "2022-05-19T14:32:00Z").filter(
        (_, index) => index % 2 === 0 || index > 440,
      ),
      flatBy: "2022-05-19T15:25:00Z",
      seed: 23,
      signal: {
        ts: iso(MARKET),
        action: "sell",
        confidence: 0.64,
        threshold: 0.6,
        reason: "2.6 sd above 20-bar VWAP 101.65. Exit when the close is back at VWAP.",
      },
    },
    wall,
  );
  const momo = intradayBot(
    {
      bot: "momo_hk",
      symbol: "9988.HK",
      exchange: "XHKG",
      currency: "HKD",
      start: 1_000_000,
      rule: "Intraday momentum, 30 bars",
      price: 84.45,
      quantity: 0,
      times: minutes("2022-05-19T01:30:00Z", "2022-05-19T08:00:00Z", ["2022-05-19T04:00:00Z", "2022-05-19T05:00:00Z"]),
      flatBy: "2022-05-19T07:55:00Z",
      seed: 31,
      signal: {
        ts: iso(MARKET),
        action: "hold",
        confidence: 0.38,
        threshold: 0.53,
        reason: "30-bar return +0.60 % at the close; entry asks for +0.85 %.",
      },
    },
    wall,
  );
  const swings = [
    swingBot("swing_1w", "1w", 41, ["XOM", "AVGO", "META"], 36, wall),
    swingBot("swing_2w", "2w", 53, ["XOM", "AVGO", "AAPL"], 13, wall),
    swingBot("swing_4w", "4w", 67, ["AVGO", "XOM", "NVDA", "AAPL", "TSLA"], 9, wall),
  ];
  const usd = [orb, ...swings];
  const total = (bots: BotView[]) => {
    const equity = cents(bots.reduce((sum, bot) => sum + bot.equity, 0));
    const cash = cents(bots.reduce((sum, bot) => sum + (bot.cash ?? 0), 0));
    return {
      currency: bots[0]?.currency ?? "",
      bots: bots.map((bot) => bot.bot),
      equity,
      cash,
      positions_value: cents(equity - cash),
      drawdown: 0.0312,
      peak_at: "2021-11-19T21:00:00Z",
      open_positions: bots.reduce((sum, bot) => sum + Object.keys(bot.positions ?? {}).length, 0),
    };
  };
  const day = (bot: BotView) => ({
    gross: bot.day_pnl?.gross ?? 0,
    fees: bot.day_pnl?.fees ?? 0,
    slippage: bot.day_pnl?.slippage ?? 0,
    net: bot.day_pnl?.net ?? 0,
  });
  return sparse<BotsPageBundle>({
    version: wall * 1000,
    as_of: iso(MARKET),
    mode: "replay",
    run: "1",
    clock: {
      state: "running",
      market_time: iso(MARKET),
      speed: 60,
      feed: "recorded",
      provenance: "Synthetic data of the tests.",
    },
    sessions: SESSIONS,
    totals: {
      USD: {
        ...total(usd),
        days: {
          "2022-05-19": { ...day(orb), bots: ["orb_ny"], missing: ["swing_1w", "swing_2w", "swing_4w"] },
          "2022-05-18": { gross: -7611.66, fees: 0, slippage: 0, net: -7611.66, bots: swings.map((bot) => bot.bot) },
        },
      },
      GBP: {
        ...total([vwap]),
        days: { "2022-05-19": { gross: 33.6, fees: 36.51, slippage: 36, net: -38.91, bots: ["vwap_ldn"] } },
      },
      HKD: { ...total([momo]), days: { "2022-05-19": { ...day(momo), bots: ["momo_hk"] } } },
    },
    swing: { bots: Object.fromEntries(swings.map((bot) => [bot.bot, bot])) },
    intraday: {
      bots: { orb_ny: orb, vwap_ldn: vwap, momo_hk: momo },
      signals: {},
      summary: {
        cycle_id: "1-20220519T1432",
        as_of: iso(MARKET),
        written_at: iso(wall - 400),
        due_at: iso(wall + 4600),
      },
    },
    errors: {},
  });
}

/** As `bundleFixture`, with one bot late and one in an incomplete cycle. */
export function troubledFixture(wall: number): BotsPageBundle {
  const bundle = bundleFixture(wall);
  const late = bundle.swing.bots?.swing_2w;
  if (late) late.due_at = iso(wall - 782_000);
  bundle.errors = {
    "intraday.vwap_ldn": {
      kind: "incomplete",
      bot: "vwap_ldn",
      file: "intraday/sim_logs/2022-05-19_vwap_ldn.json",
      reason: "the day file still carries cycle 14:25; the other files are whole at 14:32",
      since: "2022-05-19T14:26:00Z",
      shown_as_of: "2022-05-19T14:25:00Z",
      file_time: iso(wall - 7200),
    },
  };
  return bundle;
}
