/** The parts of the desk's answers that the pages read: names, units and signs are those of the state files. */

/** ISO 8601 with a zone. */
export type Iso = string;
/** Equity by market time, in order of time. */
export type Curve = Record<Iso, number>;

export interface Pnl {
  gross: number;
  fees?: number;
  slippage?: number;
  net: number;
  net_return?: number;
  since?: Iso;
}

export interface Stats {
  drawdown?: number;
  peak_at?: Iso;
  max_drawdown?: number;
  exposure?: number;
  closed_trades?: number;
  win_rate?: number;
  profit_factor?: number;
  turnover?: number;
}

export interface Position {
  quantity: number;
  average_price: number;
  last_price?: number;
  market_value?: number;
  unrealized_pnl?: number;
  opened_at?: Iso;
  marked_at?: Iso;
  weight?: number;
  stop_loss?: number;
  take_profit?: number;
  carried?: string;
}

export interface Fill {
  ts: Iso;
  symbol: string;
  side: "buy" | "sell";
  quantity: number;
  price: number;
  fee?: number;
  fees?: Record<string, number>;
  slippage?: number;
  realized_pnl?: number;
  reason?: string;
  order_id?: string;
  decided_at?: Iso;
  known_at?: Iso;
  price_source?: string;
  /** The bar it filled in. */
  bar?: { ts: Iso };
}

export interface Signal {
  ts: Iso;
  action: string;
  confidence: number;
  threshold?: number;
  reason?: string;
  strategy?: string;
  bot?: string;
  rank?: number;
  candidates?: number;
}

export interface Target {
  weight: number;
  rank?: number;
  score?: number;
  confidence?: number;
  reason?: string;
}

export interface BotView {
  bot: string;
  kind: "intraday" | "swing";
  file: string;
  foreign?: boolean;
  mode: Mode;
  run: string;
  cycle_id?: string;
  seq?: number;
  as_of: Iso;
  written_at?: Iso;
  due_at?: Iso;
  currency: string;
  exchange?: string;
  strategy?: string;
  rule?: string;
  symbols?: string[];
  day?: string;
  state?: "active" | "paused" | "stopped" | "error";
  state_reason?: string;
  equity: number;
  cash?: number;
  start_equity?: number;
  hold_equity?: number;
  hold_name?: string;
  price_basis?: "raw" | "adjusted";
  note?: string;
  day_pnl?: Pnl;
  total_pnl?: Pnl;
  stats?: Stats;
  positions?: Record<string, Position>;
  fills?: Record<string, Fill>;
  fills_total?: number;
  trades?: Record<string, unknown>;
  trades_total?: number;
  signals?: Record<string, Signal>;
  equity_curve?: Curve;
  hold_curve?: Curve;
  dropped_bars?: number;
  bars_seen?: number;
  flat_by?: Iso;
  horizon?: string;
  targets?: Record<string, Target>;
  rules?: Record<string, number>;
  last_rebalance_at?: Iso;
  next_mark_at?: Iso;
  next_mark_wall_at?: Iso;
  next_rebalance_at?: Iso;
  next_rebalance_wall_at?: Iso;
  more?: Record<string, string>;
}

export type Mode = "replay" | "paper" | "backtest" | "live";

export interface Session {
  name?: string;
  timezone?: string;
  state: "open" | "closed" | "lunch" | "pre" | "halt";
  day?: string;
  opens_at?: Iso;
  closes_at?: Iso;
  break_start?: Iso;
  break_end?: Iso;
  half_day?: boolean;
  next_open_at?: Iso;
}

export interface ClockState {
  state: "starting" | "catching_up" | "running" | "paused" | "closed" | "finished";
  market_time: Iso;
  speed?: number;
  feed?: string;
  real_time?: boolean;
  delay_s?: number;
  progress?: number;
  label?: string;
  data_from?: Iso;
  data_to?: Iso;
  next_run_at?: Iso;
  provenance?: string;
}

export interface DayTotal {
  gross: number;
  fees: number;
  slippage: number;
  net: number;
  bots: string[];
  missing?: string[];
}

export interface Total {
  currency: string;
  bots: string[];
  equity: number;
  cash?: number;
  positions_value?: number;
  open_positions?: number;
  start_equity?: number;
  net?: number;
  drawdown?: number;
  peak_at?: Iso;
  days?: Record<string, DayTotal>;
}

export interface Problem {
  kind: "unreadable" | "incomplete" | "missing" | "mixed_mode" | "mixed_run";
  bot?: string;
  file: string;
  reason: string;
  file_time?: Iso;
  since?: Iso;
  shown_as_of?: Iso;
}

export interface BotsPageBundle {
  version: number;
  as_of?: Iso;
  mode?: Mode;
  run?: string;
  clock?: ClockState;
  sessions?: Record<string, Session>;
  totals?: Record<string, Total>;
  swing: { bots?: Record<string, BotView> };
  intraday: {
    bots?: Record<string, BotView>;
    signals?: Record<string, Signal>;
    summary?: { cycle_id: string; seq?: number; as_of: Iso; written_at?: Iso; due_at?: Iso };
  };
  errors?: Record<string, Problem>;
}

export interface SymbolView {
  exchange?: string;
  currency?: string;
  bar?: Record<string, string | number>;
  features?: Record<string, number>;
  signal?: Signal;
}

export interface IntradaySnapshot {
  version: number;
  as_of?: Iso;
  mode?: Mode;
  run?: string;
  cycle_id?: string;
  clock?: ClockState;
  sessions?: Record<string, Session>;
  symbols?: Record<string, SymbolView>;
  bots?: Record<string, BotView>;
  errors?: Record<string, Problem>;
}

export interface LogLine {
  ts: Iso;
  level: "debug" | "info" | "warning" | "error" | "critical";
  process: string;
  event: string;
  bot?: string;
  cycle_id?: string;
  market_time?: Iso;
}
