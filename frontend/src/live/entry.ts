/**
 * What the cache holds: entries by key, in memory first and in localStorage for the next page load.
 *
 * Nothing here asks the desk. An unreadable record is deleted, never guessed; storage that is full or refused costs the
 * next page load its head start and nothing else.
 */

import { fromWall, pageNow, wallAhead } from "./clock.ts";
import { ROUTES } from "./routes.ts";

/** Time to live of a route that `ROUTES.ttl` does not name, ms. */
export const DEFAULT_TTL = 5000;

/** Path below which a proxy shows the desk, such as `/aion`: `data-base` of the page's root element. Default none. */
export const BASE = globalThis.document?.documentElement.dataset.base ?? "";

/** Before each key in localStorage, which desks below paths of one origin share. */
export const PREFIX = `${BASE && `${BASE}/`}aion_cache_`;

/** Milliseconds between two writes of one entry to localStorage: writing is synchronous and a push is not rare. */
const STORE_EVERY = 1000;
/** Characters a millisecond that an entry which is longer is written at: one of half a million every 50 seconds. */
const STORE_PACE = 10;
/** Members of a member from which on an entry is long, and ms that its first write waits: a load has better to do. */
const LONG = 100;
const LONG_WAIT = 20_000;
/** Entries held in memory; the oldest goes first. */
const MOST = 200;
/** Characters of the largest record in localStorage, which holds five million for all. */
const LARGEST = 1_000_000;

export interface CacheEntry<T = unknown> {
  data: T;
  /** Wall time at which it was fetched, pushed or last verified, ms since 1970. */
  timestamp: number;
  /** Milliseconds from `timestamp` on that the entry is fresh. */
  ttl: number;
  /** `timestamp` as this page's time, by which it ages; undefined when it is yet to come. Not stored. */
  at?: number;
  /** Validator of the content; equal tags mean equal content. */
  etag?: string;
  /** Hint of order from the desk; grows with each change. */
  version?: number;
}

export interface CacheOptions {
  /** Milliseconds; default `ttl` of the route (`setRoutes`), else 5000. */
  ttl?: number;
  etag?: string;
  version?: number;
}

/** How data is written to localStorage and read from there. */
export interface RecordSeal {
  /** What is written in place of `data`; undefined keeps it out. */
  seal(data: unknown): unknown;
  /** The data of what was written; throws where it cannot be read. */
  open(written: unknown): unknown;
}

const memory = new Map<string, CacheEntry>();
let sealed: RecordSeal = { seal: (data) => data, open: (data) => data };

/** Let the records in localStorage be sealed from now on; what another seal wrote is deleted when it is read. */
export function sealRecords(next: RecordSeal): void {
  sealed = next;
}

const waiting = new Map<string, ReturnType<typeof setTimeout>>();
/** When each may be written again. */
const storedUntil = new Map<string, number>();
const changedAt = new Map<string, number>();
let now = 0;
let clearedAt = 0;

/** The next moment of this page's own order of events: clocks tie and go back, this does not. */
export function moment(): number {
  now += 1;
  return now;
}

/** The moment at which what is held under `name` was asked for, pushed or made to expire. */
export function momentOf(name: string): number {
  return Math.max(changedAt.get(name) ?? 0, clearedAt);
}

/** Say at which moment what is held under `name` was asked for. */
export function setMoment(name: string, at: number): void {
  changedAt.set(name, at);
}

/**
 * The one key of a route: `api:` + path, an alias as what it is another name of, query sorted. Takes URLs and keys alike, so that
 * every way to name a route ends at one entry.
 */
export function cacheKey(urlOrKey: string): string {
  const url = new URL(urlOrKey.replace(/^api:/, ""), "http://x");
  url.searchParams.sort();
  let path = url.pathname;
  for (const [alias, of] of Object.entries(ROUTES.aliases))
    if (path.startsWith(alias)) path = of + path.slice(alias.length);
  return `api:${path}${url.search}`;
}

/** The time to live of a key's route, ms. */
export function ttlOf(name: string): number {
  return ROUTES.ttl[name.slice(4).split("?")[0] as string] ?? DEFAULT_TTL;
}

/** The desk's hint of order in a body, when it carries one. */
export function versionOf(data: unknown): number | undefined {
  const version = (data as { version?: unknown } | null)?.version;
  return typeof version === "number" ? version : undefined;
}

/** What is held under `name`, expired or not. */
export function lookUp(name: string): CacheEntry | undefined {
  const held = memory.get(name) ?? readRecord(name);
  if (held) memory.set(name, held);
  return held;
}

/** Hold `data` in memory, fresh from now on. */
export function put(name: string, data: unknown, { ttl, etag, version = versionOf(data) }: CacheOptions): void {
  hold(name, fresh({ data, ttl: ttl ?? ttlOf(name), etag, version }));
  changedAt.set(name, moment());
}

/** `entry` as of now. */
export function fresh(entry: Omit<CacheEntry, "timestamp">): CacheEntry {
  const at = pageNow();
  return { ...entry, timestamp: Math.round(at + wallAhead()), at };
}

/** Hold `entry` in memory as the newest. */
export function hold(name: string, entry: CacheEntry): void {
  memory.delete(name);
  memory.set(name, entry);
  if (memory.size > MOST) memory.delete(memory.keys().next().value as string);
}

/** Write what is held under `name` to localStorage, making room when it is full. */
export function store(name: string): void {
  clearTimeout(waiting.get(name));
  waiting.delete(name);
  const entry = memory.get(name);
  if (!entry || ROUTES.unkept.some((prefix) => name.startsWith(`api:${prefix}`))) return;
  const { data, at: _, ...head } = entry;
  const text = JSON.stringify({ ...head, data: sealed.seal(data) }); // in this order: see `readHead`
  storedUntil.set(name, performance.now() + Math.max(STORE_EVERY, text.length / STORE_PACE));
  // No record is better than an old one under a new one.
  if (text.length > LARGEST) remove(PREFIX + name);
  else if (!write(name, text)) {
    removeRecords();
    write(name, text);
  }
}

/** Whether `data` is long to write. */
export function isLong(data: unknown): boolean {
  return Object.values(Object(data)).some((each) => each instanceof Object && Object.keys(each).length > LONG);
}

/** Write what is held under `name` to localStorage at most once a second, a long one seldom, and when the page goes. */
export function storeSoon(name: string): void {
  if (waiting.has(name)) return;
  const first = isLong(memory.get(name)?.data) ? performance.now() + LONG_WAIT : 0;
  const due = (storedUntil.get(name) ?? first) - performance.now();
  waiting.set(name, setTimeout(store, due, name)); // never now: what came is drawn first
}

/** Forget everything under the prefix `aion_cache_`, in memory and in localStorage. */
export function clearAllCache(): void {
  clearedAt = moment();
  memory.clear();
  for (const timer of waiting.values()) clearTimeout(timer);
  waiting.clear();
  removeRecords();
}

function removeRecords(): void {
  for (const record of recordNames()) remove(record);
}

function remove(record: string): void {
  attempt(() => localStorage.removeItem(record));
}

/** Names of all records of this cache in localStorage, with the prefix. */
export function recordNames(): string[] {
  return attempt(() => Object.keys(localStorage).filter((name) => name.startsWith(PREFIX))) ?? [];
}

/** The record of `name` in localStorage; one that cannot be read is deleted. */
export function readRecord(name: string): CacheEntry | undefined {
  const text = attempt(() => localStorage.getItem(PREFIX + name));
  if (!text) return undefined;
  const entry = attempt(() => {
    const record = JSON.parse(text) as Partial<CacheEntry>;
    return { ...record, data: sealed.open(record.data) };
  });
  if (entry && Number.isFinite((entry.timestamp as number) + (entry.ttl as number)) && entry.data != null) {
    return { ...(entry as CacheEntry), at: fromWall(entry.timestamp as number) };
  }
  remove(PREFIX + name);
  return undefined;
}

/** What the record of `name` in localStorage says beside its data, which may take long to read. */
export function readHead(name: string): Partial<CacheEntry> | undefined {
  return attempt(() => {
    const text = localStorage.getItem(PREFIX + name) as string;
    return JSON.parse(`${text.slice(0, text.indexOf(',"data":'))}}`);
  });
}

/** What `text` says, or undefined where it is no JSON. */
export function parse(text: string): unknown {
  return attempt(() => JSON.parse(text));
}

/** The result of `run`, or undefined where it throws: storage may be refused, full or hold what is not ours. */
export function attempt<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch {
    return undefined;
  }
}

function write(name: string, text: string): true | undefined {
  return attempt(() => {
    localStorage.setItem(PREFIX + name, text);
    return true;
  });
}

// Optional: a build of the pages on a server has no window.
const storeAll = (): void => {
  for (const name of [...waiting.keys()]) store(name);
};
globalThis.addEventListener?.("pagehide", storeAll);
// A phone ends what is in the background without a word.
globalThis.addEventListener?.("visibilitychange", () => document.hidden && storeAll());
// Later: to begin to hear of other tabs takes Chromium two milliseconds of the first frame.
setTimeout(() =>
  globalThis.addEventListener?.("storage", ({ key, newValue }) => {
    if (key === null) memory.clear();
    else if (newValue === null) memory.delete(key.replace(PREFIX, ""));
  }),
);
