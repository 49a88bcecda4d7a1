/** The desk's answers, made from its OpenAPI description by tools/api_types.py; do not edit. */

/** One problem, present or cleared. */
export interface Alarm {
  /** When an alert was last handed out. */
  alerted_at?: string;
  bot?: string;
  /** When all was clear again. */
  cleared_at?: string;
  /** process: one ended or does not answer; missed_cycle: a bot is past its `due_at`; dead_bot: far past it, or in error; stale_feed: bars are overdue; disk: nearly full; clock: it jumped; login: refused for long, after too many wrong passwords; check: an added check found something; alerts: not sent. */
  kind: "process" | "missed_cycle" | "dead_bot" | "stale_feed" | "disk" | "clock" | "login" | "check" | "alerts";
  level: "warning" | "error";
  since: string;
  /** Bot, process, feed or folder. */
  subject: string;
  /** A sentence for people. */
  text: string;
}

/** What is asked of one bot, or of all of them. */
export interface Asked {
  kill?: KillLine;
  /** The newest one. */
  request?: ControlLine;
  saved?: SavedRules;
}

/** One thing that somebody did. */
export interface AuditLine {
  address: string;
  after?: Record<string, boolean | number | string>;
  at: string;
  before?: Record<string, boolean | number | string>;
  what: string;
  who: string;
}

/** Who did what. */
export interface AuditList {
  /** Newest first. */
  lines: AuditLine[];
}

/** OHLCV of one interval; `ts` is its close. */
export interface Bar {
  close: number;
  high: number;
  low: number;
  open: number;
  ts: string;
  volume: number;
}

/** `swing/bot_logs/<horizon>/bot_activity_<day>_<bot>.json`: one day's orders, fills, trades, reasons. */
export interface BotActivity {
  /** Market time up to which the content is true. */
  as_of: string;
  /** Charged for the night before its session; absent when nothing was. */
  borrow?: number;
  bot: string;
  currency: string;
  /** The cycle that wrote it; equal in all files of a cycle. */
  cycle_id: string;
  day: string;
  decisions: Record<string, Decision>;
  /** Wall time by which the next write is due; absent means no schedule is known. */
  due_at?: string;
  fills: Record<string, Fill>;
  horizon: string;
  /** Said by the desk in its answers: entries that it could not read. Ignored in a file. */
  left_out?: LeftOut;
  /** replay, paper, backtest or live; one folder holds one mode. */
  mode: "replay" | "paper" | "backtest" | "live";
  orders: Record<string, Order>;
  /** Name of the run; curves of two runs are never joined. */
  run: string;
  /** `aion/<kind>/<version>`, e.g. `aion/sim_log/1`. */
  schema: string;
  /** Grows with each write of this document within a run. */
  seq: number;
  /** Round trips closed on it; the rolling file has the newest ones alone. */
  trades: Record<string, Trade>;
  /** Wall time of the write. */
  written_at?: string;
}

/** The days that are kept of one bot. */
export interface BotDays {
  bot: string;
  currency: string;
  /** Newest first. */
  days: Record<string, DayResult>;
  kind: "intraday" | "swing";
  start_equity?: number;
  /** Days that are kept; `days` may hold fewer. */
  total: number;
}

/** One bot in a list: where its newest state is. */
export interface BotLine {
  /** Newest market day, of an intraday bot. */
  day?: string;
  file: string;
}

/** All bots of a kind that have a state file, readable or not. */
export interface BotList {
  bots: Record<string, BotLine>;
}

/** The whole of what a bundle cut short; only the part that was asked for is there. */
export interface BotPart {
  as_of: string;
  bot: string;
  currency: string;
  equity_curve?: Record<string, number>;
  file: string;
  fills?: Record<string, Fill>;
  hold_curve?: Record<string, number>;
  kind: "intraday" | "swing";
  open_orders?: Record<string, Order>;
  positions?: Record<string, Position>;
  rules?: Record<string, number | boolean | string>;
  signals?: Record<string, Signal>;
  symbols?: string[];
  targets?: Record<string, Target>;
  trades?: Record<string, Trade>;
}

/** One page of what a bot did; only the part that was asked for is there. */
export interface BotRows {
  bot: string;
  currency: string;
  /** Day of the file that holds each row. */
  days: Record<string, string>;
  decisions?: Record<string, Decision>;
  /** Days whose file cannot be read. */
  errors: Record<string, string>;
  fills?: Record<string, Fill>;
  kind: "intraday" | "swing";
  /** Send it back as `before` for the rows that follow; absent at the end. */
  next?: string;
  orders?: Record<string, Order>;
  /** Newest first, as the others. */
  trades?: Record<string, Trade>;
}

/** One bot as the Bots page shows it: its newest state file, bounded (see `more`). */
export interface BotView {
  /** Account or wallet at the broker, where a bot has several. */
  account?: string;
  /** Market time up to which the content is true. */
  as_of: string;
  /** What the desk asks of it. */
  asked: Asked;
  bars_seen: number;
  bot: string;
  cash?: number;
  /** Why the newest saved rules were not taken. */
  config_error: string;
  /** `version` of the `config/<bot>.json` in force; 0 for none. */
  config_version: number;
  /** Why that request was refused; empty when it was carried out. */
  control_error: string;
  /** Id of the last control request answered. */
  control_id?: string;
  currency: string;
  /** The cycle that wrote it; equal in all files of a cycle. */
  cycle_id: string;
  /** Market day of the newest mark. */
  day?: string;
  /** Of market day `day` so far. */
  day_pnl?: Pnl;
  /** Where the drawdown in `stats` comes from. */
  drawdown_of?: DrawdownOf;
  /** Bars without a print that the feed dropped. */
  dropped_bars: number;
  /** Wall time by which the next write is due; absent means no schedule is known. */
  due_at?: string;
  /** Cash plus market value of all positions. */
  equity: number;
  /** 300 points at most; drawdown, highest, lowest, first and last value are those of the whole. */
  equity_curve: Record<string, number>;
  /** ISO 10383 MIC; empty where it has no sessions. */
  exchange: string;
  /** Path of its state file below the data folder. */
  file: string;
  /** Newest 50 at most, in order of time. */
  fills: Record<string, Fill>;
  fills_total: number;
  /** True where its run has ended: it trades no more. */
  finished: boolean;
  /** Market time at which its run ended. */
  finished_at?: string;
  /** Market time from which it exits for the day. */
  flat_by?: string;
  /** The flatten that is not done beside another state, e.g. while a kill switch stops it: its exits stay when the switch is cleared. */
  flatten: string;
  /** True for a bot that is not one of Aion's own jobs. */
  foreign: boolean;
  /** At the same times as `equity_curve`. */
  hold_curve: Record<string, number>;
  /** What buying and holding the same names would be worth. */
  hold_equity?: number;
  /** What is held, e.g. `MSFT` or `10 names`. */
  hold_name: string;
  /** 1w, 2w, 4w ... */
  horizon: string;
  kind: "intraday" | "swing";
  last_rebalance_at?: string;
  /** Symbols of which a flatten or kill switch ordered the exit and it is not filled -> order id. */
  leaving: Record<string, string>;
  /** Of the whole account. */
  leverage?: number;
  /** Money that is tied up for open positions. */
  margin?: number;
  mode: "replay" | "paper" | "backtest" | "live";
  /** What was cut short -> the route that has the whole of it. */
  more: Record<string, string>;
  /** Net result since the start: of `total_pnl`, else equity less `start_equity` and `flows`. */
  net?: number;
  /** Market time. */
  next_mark_at?: string;
  /** Wall time at which that is expected. */
  next_mark_wall_at?: string;
  /** Market time at which open orders at the market fill. */
  next_open_at?: string;
  /** Market time. */
  next_rebalance_at?: string;
  next_rebalance_wall_at?: string;
  /** A caveat that the page shows, e.g. hindsight in the choice of names. */
  note: string;
  /** Given and not done: those at the market fill at the next open. */
  open_orders: Record<string, Order>;
  /** Why it is paused beside its state, e.g. while a kill switch stops it. */
  paused: string;
  /** The largest by value. */
  positions: Record<string, Position>;
  positions_total: number;
  /** Value of all positions, also of those not shown; absent where one has no price. */
  positions_value?: number;
  /** What a rebalance would do now, at the newest marks. */
  preview?: Preview;
  price_basis: "raw" | "adjusted";
  /** Return of the run as the bot says it, time-weighted; a fraction. */
  return?: number;
  /** The rule in one line, for people. */
  rule: string;
  /** Rules in force: max_positions, max_alloc, stop_loss ... */
  rules: Record<string, number | boolean | string>;
  run: string;
  /** Grows with each write of this document within a run. */
  seq: number;
  /** Newest by symbol. */
  signals: Record<string, Signal>;
  /** Own money put into open positions. */
  stake?: number;
  /** Equity at the start of the run. */
  start_equity?: number;
  state: "active" | "paused" | "stopped" | "error";
  state_reason: string;
  stats?: Stats;
  strategy: string;
  symbols: string[];
  symbols_total: number;
  targets: Record<string, Target>;
  /** Least step of its symbols' prices, the smallest where they differ. */
  tick?: number;
  /** Since the first point of its curve, where it names deposits or withdrawals (`flows`). */
  time_weighted_return?: number;
  /** Since the start of the run. */
  total_pnl?: Pnl;
  /** Newest 50 at most, in order of time. */
  trades: Record<string, Trade>;
  trades_total: number;
  /** Wall time of the write. */
  written_at?: string;
}

/** All that the Bots page shows: a pure function of the state files. */
export interface BotsPageBundle {
  /** Newest market time in it; absent on an empty desk. */
  as_of?: string;
  /** What is asked of all bots and of the replay. */
  asked: Asked;
  clock?: ClockState;
  /** By section, e.g. `intraday.orb_ny`. */
  errors: Record<string, Problem>;
  /** The weak ETag of this content, so that a pushed bundle can be compared too. */
  etag: string;
  intraday: IntradaySection;
  mode?: "replay" | "paper" | "backtest" | "live";
  run?: string;
  sessions: Record<string, Session>;
  swing: SwingSection;
  /** By currency. */
  totals: Record<string, Total>;
  /** Microsecond of the newest change; a hint of order, also the SSE id. */
  version: number;
  /** Absent where neither `aion up` nor `aion watch` runs. */
  watch?: Watched;
}

/** What stands behind one row: the trade, its orders, their fills with bar and fees, the decisions. */
export interface Chain {
  as_of?: string;
  bot: string;
  currency: string;
  decisions: Record<string, Decision>;
  fills: Record<string, Fill>;
  kind: "intraday" | "swing";
  /** What is not kept any more, in words. */
  missing: string[];
  orders: Record<string, Order>;
  trades: Record<string, Trade>;
}

/** State of the bots' clock; the Mode chip shows it. */
export interface ClockState {
  /** What became of the newest `control/desk/` requests, as in a bot's state. */
  control_answers: Record<string, string>;
  /** Why that request was refused; empty when it was carried out. */
  control_error: string;
  /** Id of the last `control/desk/` request answered. */
  control_id?: string;
  /** First bar of the tape. */
  data_from?: string;
  /** Last bar of the tape. */
  data_to?: string;
  /** Delay of a paper feed in seconds. */
  delay_s: number;
  feed: string;
  /** Of a real-time feed. */
  feed_state?: FeedState;
  /** Why the desk's kill switch stops all bots; empty when it is clear. */
  killed: string;
  /** For people, e.g. `closed: to XHKG open, 5 h 30 min`. */
  label: string;
  /** Files below `control/` that the bots do not act on, by path, and why; the first few of them. */
  left_aside: Record<string, string>;
  market_time: string;
  /** When finished: wall time at which run N+1 starts. */
  next_run_at?: string;
  /** While catching up. */
  progress?: number;
  provenance: string;
  /** True only for a feed that delivers as it happens. */
  real_time: boolean;
  /** Market seconds per real second; 1 with a real-time feed. */
  speed: number;
  state: "starting" | "catching_up" | "running" | "paused" | "closed" | "finished";
}

/** One request and what became of it. */
export interface ControlAnswer {
  action: "pause" | "resume" | "flatten" | "clear" | "speed" | "jump" | "admit";
  /** What is left to do, or why it was refused or superseded. */
  detail?: string;
  /** Not answered when the wall time is past this. */
  due_at?: string;
  id: string;
  reason: string;
  requested_at: string;
  requested_by: string;
  state: "requested" | "accepted" | "done" | "refused" | "superseded" | "not_answered";
  value?: number | string;
}

/** One request, and what became of it as far as the bot's state names its id. */
export interface ControlLine {
  action: "pause" | "resume" | "flatten" | "clear" | "speed" | "jump" | "admit";
  /** What is left to do, or why it was refused or superseded. */
  detail?: string;
  /** Not answered when the wall time is past this. */
  due_at?: string;
  id: string;
  reason: string;
  requested_at: string;
  requested_by: string;
  /** Absent until the bot's state names the id. accepted: begun, and what it asks for has not come about yet; superseded: another request came before it could. */
  state?: "accepted" | "done" | "refused" | "superseded";
  value?: number | string;
}

/** What a bot is asked to do. */
export interface ControlRequest {
  /** pause: open nothing new; resume: the end of a pause; flatten: close all positions. */
  action: "pause" | "resume" | "flatten";
  /** Of resume: what becomes of exits that a flatten ordered; cancelled where it is not said. */
  exits?: "cancel" | "keep";
  /** For the audit and the bot's state line. */
  reason: string;
}

/** What was asked of a bot (or of `desk`, for all of them) and what it answered. */
export interface ControlState {
  /** False for a foreign bot whose state carries no `control_id`. */
  answers: boolean;
  bot: string;
  /** Why that one was refused. */
  control_error: string;
  /** The last request that was answered. */
  control_id?: string;
  kill?: KillLine;
  /** Files in its folder that are no requests, by path, and why; a few of them. */
  left_aside: Record<string, string>;
  /** Newest first, 50 at most. */
  requests: Record<string, ControlAnswer>;
  /** active, paused, stopped or error; of the desk, the state of its clock. */
  state: string;
}

/** How old the data of one topic is. */
export interface DataAge {
  /** Wall seconds since that change. */
  age_s?: number;
  etag: string;
  /** Bytes of the bundle. */
  size: number;
  /** Microsecond of the newest change on disk. */
  version: number;
}

/** Which days there are logs of. */
export interface DayList {
  /** Bots by market day, newest day first. */
  days: Record<string, string[]>;
}

/** One market day of one bot. */
export interface DayResult {
  /** At the end of the day, or so far. */
  equity?: number;
  /** Why the day's file cannot be read. */
  error: string;
  fills: number;
  hold_equity?: number;
  /** Absent where the file does not say it. */
  pnl?: Pnl;
  /** Round trips closed; absent for a swing bot. */
  trades?: number;
}

/** Sum of one market day over the bots of one currency that are marked for that day. */
export interface DayTotal {
  /** Charged for nights; absent when nothing was. */
  borrow?: number;
  /** Bots in the sum. */
  bots: string[];
  fees: number;
  /** Received above 0, paid below 0; absent where there is none. */
  funding?: number;
  gross: number;
  /** Bots of the currency without a mark for that day. */
  missing: string[];
  net: number;
  slippage: number;
}

/** What the bot decided on one symbol at one time, and why; refusals of the risk rules too. */
export interface Decision {
  /** buy, sell, exit, hold, refused, rebalance ... */
  action: string;
  confidence?: number;
  order_id?: string;
  reason: string;
  symbol?: string;
  ts: string;
}

/** What all bots, or their replay, are asked to do. */
export interface DeskRequest {
  action: "pause" | "resume" | "flatten" | "speed" | "jump" | "admit";
  reason: string;
  /** Of speed: market seconds per real second, 0 pauses; of jump: the market day; of admit: the symbol that is left out although its price is real; of resume: keep, to let exits of a flatten fill. */
  value?: number | string;
}

/** The file system of the data folder. */
export interface DiskFigures {
  /** Left for this user. */
  free_bytes: number;
  total_bytes: number;
}

/** Where the drawdown figures of a bot come from: all of them from one of the two. */
export interface DrawdownOf {
  /** The largest drawdown of its curve, where its file says a larger one, which is shown. */
  curve?: number;
  /** The largest drawdown that its file says though its curve falls deeper; the curve's is shown. */
  file?: number;
  /** Start of their span; absent where the file does not say it. */
  since?: string;
  source: "file" | "curve";
}

/** Every answer that is not what was asked for. */
export interface ErrorAnswer {
  /** The same as a message for people. */
  detail: string;
  /** What went wrong, a word for programs, e.g. `NotFound`. */
  error: string;
  /** What is wrong with each field of a form. */
  fields?: Record<string, string>;
}

/** State of a live feed. Counts are since the bots' process started. */
export interface FeedState {
  /** Wall time of the provider's newest good answer. */
  answered_at?: string;
  /** Came twice in one answer; left out. */
  duplicate_bars: number;
  /** Close of the newest bar of any symbol. */
  last_bar_at?: string;
  /** Came after their minute was dealt with; left out. */
  late_bars: number;
  /** Minutes or days of open sessions that no bar came for. */
  missing_bars: number;
  /** NaN, impossible prices, outside a session, in the future, undeclared splits. */
  refused_bars: number;
  /** Came again with other figures; what was traded on stays. */
  revised_bars: number;
  /** Left out because nobody traded. */
  silent_bars: number;
  /** late: bars are overdue; down: no good answer for a minute. */
  state: "ok" | "late" | "down";
  /** At most 200. */
  symbols: Record<string, SymbolFeed>;
  /** For people; empty when all is well. */
  text: string;
}

/** One execution. */
export interface Fill {
  /** Sub-account or wallet. */
  account?: string;
  /** The bar it filled in. */
  bar?: Bar;
  decided_at?: string;
  /** All fees; a rebate is below 0. In `fee_currency` where that is said. */
  fee: number;
  /** Currency or coin of `fee`; absent for the account's. */
  fee_currency?: string;
  /** Value of `fee` in the account's currency, where that differs. */
  fee_value?: number;
  /** Each fee by name. */
  fees: Record<string, number>;
  /** Funding settled with it: received above 0, paid below 0. */
  funding?: number;
  known_at?: string;
  leverage?: number;
  /** Units of one contract; absent where quantity counts units. */
  multiplier?: number;
  order_id: string;
  /** Per unit, slippage included. */
  price: number;
  price_source: string;
  quantity: number;
  /** Of the part that this fill closed, after fees. */
  realized_pnl?: number;
  reason: string;
  side: "buy" | "sell";
  /** Cost of the price being worse than the bar's. */
  slippage: number;
  symbol: string;
  /** Market time of the execution. */
  ts: string;
}

/** Money that was paid into an account or taken out of it. */
export interface Flow {
  /** In the account's currency: a deposit above 0, a withdrawal below. */
  amount: number;
  ts: string;
}

/** Whether the process is alive or ready. */
export interface Health {
  status: "ok" | "starting" | "stopping";
}

/** Which swing horizons there are logs of. */
export interface HorizonList {
  /** By horizon, e.g. `1w`. */
  horizons: Record<string, DayList>;
}

/** When one session trades. */
export interface Hours {
  break_end?: string;
  /** Start of lunch. */
  break_start?: string;
  closes_at?: string;
  half_day: boolean;
  /** Start -> end of each halt of the whole market: no bar closes between. */
  halts: Record<string, string>;
  opens_at?: string;
}

/** One market day of all intraday bots, without the bars (`/api/intraday/logs/<day>/<bot>` has them). */
export interface IntradayDay {
  bots: Record<string, TradingDay>;
  day: string;
  /** By bot. */
  errors: Record<string, Problem>;
}

/** The intraday bots, the newest signals and the cycle they come from. */
export interface IntradaySection {
  bots: Record<string, BotView>;
  bots_total: number;
  /** What was cut short -> the route that has the whole of it. */
  more: Record<string, string>;
  /** Strongest 50 at most, those that ask for something first. */
  signals: Record<string, Signal>;
  signals_total: number;
  summary?: IntradaySummary;
}

/** All that the Intraday page shows. */
export interface IntradaySnapshot {
  as_of?: string;
  asked: Asked;
  bots: Record<string, BotView>;
  clock?: ClockState;
  cycle_id: string;
  errors: Record<string, Problem>;
  etag: string;
  mode?: "replay" | "paper" | "backtest" | "live";
  run?: string;
  sessions: Record<string, Session>;
  symbols: Record<string, SymbolView>;
  version: number;
}

/** The newest whole cycle of Aion's day-trading job. */
export interface IntradaySummary {
  as_of: string;
  cycle_id: string;
  due_at?: string;
  seq: number;
  written_at?: string;
}

/** A kill switch that is thrown. */
export interface KillLine {
  /** Not answered when it has not stopped by then. */
  due_at?: string;
  /** Absent when its file cannot be read. */
  killed_at?: string;
  killed_by: string;
  reason: string;
}

/** Why a kill switch is thrown. */
export interface KillRequest {
  reason: string;
}

/** Entries of a document that the desk could not read; the rest is shown. */
export interface LeftOut {
  /** Entries that are left out. */
  count: number;
  /** How many of each field, e.g. of `fills`. */
  fields: Record<string, number>;
  /** Where the first of them stand, e.g. `fills.f2.side` -> what is wrong. */
  named: Record<string, string>;
}

/** One log line; a line that is not JSON has only its text as `event`. */
export interface LogEntry {
  bot?: string;
  cycle_id?: string;
  event: string;
  /** Name of its file, without `.jsonl`. */
  file: string;
  level?: string;
  market_time?: string;
  /** Other fields of the line. */
  more?: Record<string, string>;
  /** Byte offset of the line; file, inode and offset name a line for good. */
  offset: number;
  process?: string;
  /** Bytes of the line, where only the beginning of a text is given. */
  size?: number;
  ts?: string;
  /** True for the end of a file that has no line end yet. */
  unfinished?: boolean;
}

/** One log file. */
export interface LogFile {
  changed_at: string;
  inode: string;
  /** Bytes. */
  size: number;
}

/** All log files. */
export interface LogFileList {
  /** By name, without `.jsonl`. */
  files: Record<string, LogFile>;
}

/** Where lines lie in one log file. */
export interface LogPart {
  /** Byte offset of the first line given. */
  from: number;
  /** Another one means that the file was rotated. */
  inode: string;
  /** Bytes in the file. */
  size: number;
  /** Byte offset behind the last whole line; ask `after` it for what follows. */
  to: number;
}

/** The newest lines that a search found; ask again with `before` at each part's `from` while `left` is not 0. */
export interface LogSearch {
  /** By file. */
  errors: Record<string, Problem>;
  /** Of a pushed tail. */
  etag?: string;
  /** Bytes of the range asked for that lie before. */
  left: number;
  /** Oldest first. */
  lines: LogEntry[];
  /** By file. */
  parts: Record<string, LogPart>;
  /** Bytes that were looked through. */
  scanned: number;
  /** Of a pushed tail, as in the bundles. */
  version?: number;
}

/** Log lines of all processes, merged by time. */
export interface LogTail {
  /** By file. */
  errors: Record<string, Problem>;
  /** Of a pushed tail. */
  etag?: string;
  /** Oldest first. */
  lines: LogEntry[];
  /** By file. */
  parts: Record<string, LogPart>;
  /** Of a pushed tail, as in the bundles. */
  version?: number;
}

/** What a logout ended, and what still lets somebody in; names of tokens for an admin alone. */
export interface LogoutAnswer {
  /** When the session or token ends. */
  ends_at?: string;
  role: "admin" | "viewer" | "none";
  sessions_ended: number;
  /** Of others, after a logout everywhere by an admin. */
  sessions_kept?: number;
  tokens_kept?: string[];
  tokens_revoked?: string[];
  /** `admin`, `viewer`, `token:<name>`, `local` without a password, `nobody`. */
  who: string;
}

/** A bearer token to be made. */
export interface NewToken {
  /** Days until it ends. */
  days: number;
  /** For people; letters, digits, `.`, `_`, `-`. */
  name: string;
  role: "viewer" | "admin";
}

/** An intent to trade and what became of it. */
export interface Order {
  /** Sub-account or wallet. */
  account?: string;
  /** Why it was refused, cancelled or expired. */
  detail: string;
  filled_quantity: number;
  limit_price?: number;
  quantity: number;
  reason: string;
  side: "buy" | "sell";
  /** open, filled, cancelled, refused, expired, or the exchange's own word, e.g. partially_filled. */
  status: string;
  stop_price?: number;
  symbol: string;
  /** Market time of the decision. */
  ts: string;
  /** market, limit, stop, or the exchange's own word, e.g. stop_limit. */
  type: string;
}

/** One order that a rebalance would place, at the newest mark. */
export interface PlannedOrder {
  /** Fees and slippage expected. */
  cost: number;
  /** The mark it is reckoned at. */
  price: number;
  quantity: number;
  reason: string;
  side: "buy" | "sell";
  /** Quantity x price. */
  value: number;
  /** Target weight after it. */
  weight: number;
}

/** Result of a span: gross - fees - slippage - borrow + funding = net, to the last digit of the currency. */
export interface Pnl {
  /** Charged for nights: borrow fees of shorts, financing of longs; absent for nothing. */
  borrow?: number;
  /** Below 0 where rebates are more than fees. */
  fees: number;
  /** Received above 0, paid below 0; absent where there is none. */
  funding?: number;
  gross: number;
  net: number;
  /** Net / equity at the start of the span. */
  net_return?: number;
  /** Market time at which the span starts. */
  since?: string;
  slippage: number;
}

/** A holding of one symbol; `quantity` is signed, negative when short. */
export interface Position {
  /** Sub-account or wallet that holds it. */
  account?: string;
  /** Average entry price per unit, without fees. */
  average_price: number;
  /** Why it could not be closed in time, e.g. `no bar to exit on`. */
  carried?: string;
  /** Funding so far: received above 0, paid below 0. */
  funding?: number;
  /** The mark: last print, or adjusted close. */
  last_price?: number;
  /** Value over margin, e.g. 5. */
  leverage?: number;
  /** Price at which the exchange closes it. */
  liquidation_price?: number;
  /** Money that is tied up for it. */
  margin?: number;
  /** Market time of the mark. */
  marked_at?: string;
  /** Signed quantity x last price x multiplier. */
  market_value?: number;
  /** Units of one contract, e.g. 100 of a US option; absent where quantity counts units. */
  multiplier?: number;
  opened_at?: string;
  quantity: number;
  /** Own money put in. */
  stake?: number;
  /** Resting stop price. */
  stop_loss?: number;
  /** Where its key is not the symbol, e.g. of a long and a short of one symbol side by side. */
  symbol?: string;
  /** Resting target price. */
  take_profit?: number;
  unrealized_pnl?: number;
  /** Market value / equity. */
  weight?: number;
}

/** What a rebalance would do now. */
export interface Preview {
  as_of: string;
  /** Fees and slippage of all of them. */
  cost: number;
  /** By symbol. */
  orders: Record<string, PlannedOrder>;
  /** Sum of the orders' values / equity. */
  turnover: number;
}

/** One thing that is wrong with the data of a section; the section still shows what is whole. */
export interface Problem {
  bot?: string;
  /** Path below the data folder. */
  file: string;
  /** Modification time of the file. */
  file_time?: string;
  kind: "unreadable" | "incomplete" | "missing" | "mixed_mode" | "mixed_run" | "left_aside" | "left_out" | "same_name";
  reason: string;
  /** Market time of what is shown instead. */
  shown_as_of?: string;
  /** Market time from which the shown part is behind. */
  since?: string;
}

/** What the desk costs the machine, added up over its workers. */
export interface ProcessFigures {
  cores: number;
  /** Seconds of one core since it started. */
  cpu_s: number;
  /** Resident; on Linux. */
  memory_bytes?: number;
  /** Descriptors, streams included; on Linux. */
  open_files?: number;
  /** Of the worker that answers. */
  pid: number;
  /** Operating system and its release. */
  system: string;
  threads: number;
}

/** Response times of one route since the process started; percentiles of its newest 256 answers. */
export interface RouteMetrics {
  count: number;
  /** Answers with a status of 500 and above. */
  errors: number;
  mean_ms: number;
  /** Answers with status 304. */
  not_modified: number;
  p50_ms: number;
  p95_ms: number;
  p99_ms: number;
}

/** One rule: its meaning and the values that can work. */
export interface RuleField {
  /** The value must be greater than this. */
  above?: number;
  /** The value must be less than this. */
  below?: number;
  /** Of the bot's settings: what a reset saves. */
  default: number | boolean;
  description: string;
  maximum?: number;
  minimum?: number;
  type: "integer" | "number" | "boolean";
  unit: "percent" | "strength" | "count" | "bars" | "switch";
}

/** A bot's rules: saved, in force, and what each means. */
export interface RulesAnswer {
  bot: string;
  /** Why the bot did not take the newest saved rules. */
  config_error: string;
  /** Version in force. */
  config_version: number;
  /** False for a foreign bot, whose rules are where it runs. */
  editable: boolean;
  /** Why the saved rules cannot be read; the next save replaces them. */
  error: string;
  fields: Record<string, RuleField>;
  /** What the bot's state says that it goes by; empty where it does not say. */
  in_force: Record<string, number | boolean | string>;
  /** Saved rules, or those of the settings where none are saved. */
  rules: Record<string, number | boolean | string>;
  saved_at?: string;
  saved_by: string;
  /** Of the saved rules, 0 for none; a save names the version that it edited. */
  version: number;
}

/** Rules to be saved. */
export interface RulesChange {
  /** Those that change, or all. */
  rules: Record<string, boolean | number | string>;
  /** The version that was edited, 0 where none was saved. */
  version: number;
}

/** Which version of a bot's rules was saved last; in force once the bot's `config_version` is the same. */
export interface SavedRules {
  saved_at: string;
  saved_by: string;
  version: number;
}

/** One exchange's market session around the market time of the document; the hours are those of `day`. */
export interface Session {
  break_end?: string;
  /** Start of lunch. */
  break_start?: string;
  closes_at?: string;
  /** Session day shown: the present one, else the next. */
  day?: string;
  half_day: boolean;
  /** Start -> end of each halt of the whole market: no bar closes between. */
  halts: Record<string, string>;
  /** City, e.g. `New York`. */
  name: string;
  /** When closed: the next open (after lunch too). */
  next_open_at?: string;
  opens_at?: string;
  state: "open" | "closed" | "lunch" | "pre" | "halt";
  /** IANA zone. */
  timezone: string;
}

/** Who asks. */
export interface SessionAnswer {
  /** When the session or token ends. */
  ends_at?: string;
  role: "admin" | "viewer" | "none";
  /** `admin`, `viewer`, `token:<name>`, `local` without a password, `nobody`. */
  who: string;
}

/** What a rule thinks of one symbol. */
export interface Signal {
  action: string;
  bot?: string;
  /** How many symbols were ranked. */
  candidates?: number;
  /** The rule's stated strength; not a probability. */
  confidence: number;
  rank?: number;
  reason: string;
  strategy: string;
  /** Strength from which it enters. */
  threshold: number;
  ts: string;
}

/** `intraday/sim_logs/<day>_<bot>.json`: one bot's trading day. All maps cover that day. */
export interface SimLog {
  /** Account or wallet at the broker, where a bot has several. */
  account?: string;
  /** Market time up to which the content is true. */
  as_of: string;
  /** By symbol, by close time: open, high, low, close, volume. */
  bars: Record<string, Record<string, [number, number, number, number, number]>>;
  bars_seen: number;
  bot: string;
  cash?: number;
  /** Why the newest saved rules were not taken. */
  config_error: string;
  /** `version` of the `config/<bot>.json` in force; 0 for none. */
  config_version: number;
  /** What became of the newest requests, by exact id: done, accepted (begun, e.g. a flatten that still holds positions), refused or superseded; more after a colon. */
  control_answers: Record<string, string>;
  /** Why that request was refused; empty when it was carried out. */
  control_error: string;
  /** Id of the last control request answered. */
  control_id?: string;
  currency: string;
  /** The cycle that wrote it; equal in all files of a cycle. */
  cycle_id: string;
  day: string;
  /** Of market day `day` so far. */
  day_pnl?: Pnl;
  decisions: Record<string, Decision>;
  /** Bars without a print that the feed dropped. */
  dropped_bars: number;
  /** Wall time by which the next write is due; absent means no schedule is known. */
  due_at?: string;
  /** Cash plus market value of all positions. */
  equity: number;
  equity_curve: Record<string, number>;
  /** ISO 10383 MIC; empty where it has no sessions. */
  exchange: string;
  fills: Record<string, Fill>;
  /** Market time at which its run ended. */
  finished_at?: string;
  /** Market time from which it exits for the day. */
  flat_by?: string;
  /** The flatten that is not done beside another state, e.g. while a kill switch stops it: its exits stay when the switch is cleared. */
  flatten: string;
  /** Deposits and withdrawals since the start: no results. Returns and the curve's drawdown are time-weighted over them; let the curve have a point at the time of each. */
  flows: Record<string, Flow>;
  /** By symbol, start -> end of each halt of that symbol alone: nothing fills. */
  halts: Record<string, Record<string, string>>;
  hold_curve: Record<string, number>;
  /** What buying and holding the same names would be worth. */
  hold_equity?: number;
  /** What is held, e.g. `MSFT` or `10 names`. */
  hold_name: string;
  /** Of its exchange on `day`. */
  hours?: Hours;
  /** `finished` for a run that has ended: it is never late and trades no more. */
  kind?: "running" | "finished";
  /** Symbols of which a flatten or kill switch ordered the exit and it is not filled -> order id. */
  leaving: Record<string, string>;
  /** Said by the desk in its answers: entries that it could not read. Ignored in a file. */
  left_out?: LeftOut;
  /** Of the whole account. */
  leverage?: number;
  /** Money that is tied up for open positions. */
  margin?: number;
  /** replay, paper, backtest or live; one folder holds one mode. */
  mode: "replay" | "paper" | "backtest" | "live";
  /** A caveat that the page shows, e.g. hindsight in the choice of names. */
  note: string;
  orders: Record<string, Order>;
  /** Why it is paused beside its state, e.g. while a kill switch stops it. */
  paused: string;
  positions: Record<string, Position>;
  price_basis: "raw" | "adjusted";
  /** Return of the run as the bot says it, time-weighted; a fraction. */
  return?: number;
  /** The rule in one line, for people. */
  rule: string;
  /** Rules in force: max_positions, max_alloc, stop_loss ... */
  rules: Record<string, number | boolean | string>;
  /** Name of the run; curves of two runs are never joined. */
  run: string;
  /** `aion/<kind>/<version>`, e.g. `aion/sim_log/1`. */
  schema: string;
  /** Grows with each write of this document within a run. */
  seq: number;
  /** Newest by symbol. */
  signals: Record<string, Signal>;
  /** Own money put into open positions. */
  stake?: number;
  /** Equity at the start of the run. */
  start_equity?: number;
  state: "active" | "paused" | "stopped" | "error";
  state_reason: string;
  stats?: Stats;
  strategy: string;
  symbols: string[];
  /** Least step of its symbols' prices, the smallest where they differ. */
  tick?: number;
  /** Since the start of the run. */
  total_pnl?: Pnl;
  /** Round trips closed. */
  trades: Record<string, Trade>;
  /** Wall time of the write. */
  written_at?: string;
}

/** Figures of `aion.performance`; a ratio of closed trades is absent below 30 of them. */
export interface Stats {
  closed_trades: number;
  /** Fall from the running peak, 0..1. */
  drawdown?: number;
  /** Sum of |market value| / equity. */
  exposure?: number;
  max_drawdown?: number;
  peak_at?: string;
  profit_factor?: number;
  turnover?: number;
  win_rate?: number;
  /** Closed trades with a result above 0. */
  wins?: number;
}

/** One market day of all swing bots of a horizon. */
export interface SwingDay {
  bots: Record<string, BotActivity>;
  day: string;
  /** By bot. */
  errors: Record<string, Problem>;
  horizon: string;
}

/** The swing bots. */
export interface SwingSection {
  bots: Record<string, BotView>;
  /** More than `bots` has only when there are hundreds; `more` has them all. */
  bots_total: number;
  more: Record<string, string>;
}

/** State of one symbol of a live feed. */
export interface SymbolFeed {
  /** Close of its newest bar: its age is that of the data. */
  last_bar_at?: string;
  /** gone: the provider has it no more; refused: left out, see `text`. */
  state: "ok" | "late" | "gone" | "refused";
  text: string;
}

/** One symbol on the Intraday page. */
export interface SymbolView {
  /** ts, open, high, low, close, volume. */
  bar?: Record<string, string | number>;
  currency: string;
  exchange: string;
  features: Record<string, number>;
  signal?: Signal;
  /** Least step of its price. */
  tick?: number;
}

/** The figures of the System page, added up over all workers of the desk. */
export interface SystemMetrics {
  disk?: DiskFigures;
  /** Counters of the live library: viewers, builds, messages, resets ... */
  live: Record<string, number>;
  process: ProcessFigures;
  python: string;
  /** By path template. */
  routes: Record<string, RouteMetrics>;
  /** Workers that did not answer in time and are left out. */
  silent: number;
  started_at: string;
  topics: Record<string, DataAge>;
  /** Of the worker that is up longest. */
  uptime_s: number;
  version: string;
  /** Workers whose figures these are. */
  workers: number;
}

/** The weight a rebalance asked for. */
export interface Target {
  confidence?: number;
  rank?: number;
  reason: string;
  /** The ranked figure, e.g. return over the look-back, a fraction. */
  score?: number;
  weight: number;
}

/** A new bearer token, shown this once. */
export interface TokenAnswer {
  name: string;
  role: "admin" | "viewer";
  /** Sent as `Authorization: Bearer <token>`. */
  token: string;
}

/** One bearer token, without its secret. */
export interface TokenLine {
  created_at: string;
  ends_at: string;
  role: "admin" | "viewer";
}

/** All bearer tokens. */
export interface TokenList {
  /** By name. */
  tokens: Record<string, TokenLine>;
}

/** All bots of one currency; there is no figure that adds currencies. */
export interface Total {
  bots: string[];
  /** Absent when a bot does not say its cash. */
  cash?: number;
  currency: string;
  /** Newest two market days. */
  days: Record<string, DayTotal>;
  /** Fall of `equity` from its peak: of one bot what it says, of several the sum at daily closes. */
  drawdown?: number;
  /** Start of their span: when the last of the bots began; absent where one bot's file lacks it. */
  drawdown_since?: string;
  equity: number;
  /** True where the drawdown is of sums at daily closes, and of now. */
  is_at_closes?: boolean;
  max_drawdown?: number;
  /** Net result since the start of the run. */
  net?: number;
  open_positions: number;
  peak_at?: string;
  positions_value?: number;
  start_equity?: number;
}

/** A closed round trip; its result is after fees, slippage and nights. */
export interface Trade {
  /** Sub-account or wallet. */
  account?: string;
  /** Charged for its nights; absent when nothing was. */
  borrow?: number;
  entry_price: number;
  exit_price: number;
  /** In the account's currency; rebates are below 0. */
  fees: number;
  /** Funding over its life: received above 0, paid below 0. */
  funding?: number;
  leverage?: number;
  /** Units of one contract; absent where quantity counts units. */
  multiplier?: number;
  opened_at: string;
  quantity: number;
  realized_pnl: number;
  reason: string;
  /** Result / stake, as the bot says it. */
  return?: number;
  side: "buy" | "sell";
  slippage: number;
  /** Own money put in, over all its parts. */
  stake?: number;
  symbol: string;
  /** Market time at which it was closed. */
  ts: string;
}

/** One bot's trading day without the bars. All maps cover that day. */
export interface TradingDay {
  /** Account or wallet at the broker, where a bot has several. */
  account?: string;
  /** Market time up to which the content is true. */
  as_of: string;
  bars_seen: number;
  bot: string;
  cash?: number;
  /** Why the newest saved rules were not taken. */
  config_error: string;
  /** `version` of the `config/<bot>.json` in force; 0 for none. */
  config_version: number;
  /** What became of the newest requests, by exact id: done, accepted (begun, e.g. a flatten that still holds positions), refused or superseded; more after a colon. */
  control_answers: Record<string, string>;
  /** Why that request was refused; empty when it was carried out. */
  control_error: string;
  /** Id of the last control request answered. */
  control_id?: string;
  currency: string;
  /** The cycle that wrote it; equal in all files of a cycle. */
  cycle_id: string;
  day: string;
  /** Of market day `day` so far. */
  day_pnl?: Pnl;
  decisions: Record<string, Decision>;
  /** Bars without a print that the feed dropped. */
  dropped_bars: number;
  /** Wall time by which the next write is due; absent means no schedule is known. */
  due_at?: string;
  /** Cash plus market value of all positions. */
  equity: number;
  equity_curve: Record<string, number>;
  /** ISO 10383 MIC; empty where it has no sessions. */
  exchange: string;
  fills: Record<string, Fill>;
  /** Market time at which its run ended. */
  finished_at?: string;
  /** Market time from which it exits for the day. */
  flat_by?: string;
  /** The flatten that is not done beside another state, e.g. while a kill switch stops it: its exits stay when the switch is cleared. */
  flatten: string;
  /** Deposits and withdrawals since the start: no results. Returns and the curve's drawdown are time-weighted over them; let the curve have a point at the time of each. */
  flows: Record<string, Flow>;
  /** By symbol, start -> end of each halt of that symbol alone: nothing fills. */
  halts: Record<string, Record<string, string>>;
  hold_curve: Record<string, number>;
  /** What buying and holding the same names would be worth. */
  hold_equity?: number;
  /** What is held, e.g. `MSFT` or `10 names`. */
  hold_name: string;
  /** Of its exchange on `day`. */
  hours?: Hours;
  /** `finished` for a run that has ended: it is never late and trades no more. */
  kind?: "running" | "finished";
  /** Symbols of which a flatten or kill switch ordered the exit and it is not filled -> order id. */
  leaving: Record<string, string>;
  /** Said by the desk in its answers: entries that it could not read. Ignored in a file. */
  left_out?: LeftOut;
  /** Of the whole account. */
  leverage?: number;
  /** Money that is tied up for open positions. */
  margin?: number;
  /** replay, paper, backtest or live; one folder holds one mode. */
  mode: "replay" | "paper" | "backtest" | "live";
  /** A caveat that the page shows, e.g. hindsight in the choice of names. */
  note: string;
  orders: Record<string, Order>;
  /** Why it is paused beside its state, e.g. while a kill switch stops it. */
  paused: string;
  positions: Record<string, Position>;
  price_basis: "raw" | "adjusted";
  /** Return of the run as the bot says it, time-weighted; a fraction. */
  return?: number;
  /** The rule in one line, for people. */
  rule: string;
  /** Rules in force: max_positions, max_alloc, stop_loss ... */
  rules: Record<string, number | boolean | string>;
  /** Name of the run; curves of two runs are never joined. */
  run: string;
  /** `aion/<kind>/<version>`, e.g. `aion/sim_log/1`. */
  schema: string;
  /** Grows with each write of this document within a run. */
  seq: number;
  /** Newest by symbol. */
  signals: Record<string, Signal>;
  /** Own money put into open positions. */
  stake?: number;
  /** Equity at the start of the run. */
  start_equity?: number;
  state: "active" | "paused" | "stopped" | "error";
  state_reason: string;
  stats?: Stats;
  strategy: string;
  symbols: string[];
  /** Least step of its symbols' prices, the smallest where they differ. */
  tick?: number;
  /** Since the start of the run. */
  total_pnl?: Pnl;
  /** Round trips closed. */
  trades: Record<string, Trade>;
  /** Wall time of the write. */
  written_at?: string;
}

/** What the watchdog of `aion up` says: processes, what is wrong, what was. */
export interface Watched {
  /** What is wrong now, the oldest first. */
  alarms: Record<string, Alarm>;
  /** What was wrong; 20 at most, newest first. */
  cleared: Record<string, Alarm>;
  processes: Record<string, WatchedProcess>;
}

/** One process that `aion up` keeps running. */
export interface WatchedProcess {
  /** How it ended last and why, e.g. `killed by SIGKILL`. */
  ended: string;
  ended_at?: string;
  pid?: number;
  /** Since `aion up` started. */
  restarts: number;
  /** Wall time of the newest start. */
  started_at?: string;
  /** Wall time at which it is started again. */
  starts_at?: string;
  /** waiting: to be started again. */
  state: "running" | "waiting" | "stopped";
}
