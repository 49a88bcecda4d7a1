/**
 * The browser's cache: answers of the desk in memory and in localStorage, each with a time to live.
 *
 * Memory is first: a push is seen at once by every reader of this tab; localStorage is for the next page load. An entry
 * that has expired is never returned by `getCached`; `peekCached` returns it with its age, for the first paint.
 */

/** Milliseconds that an answer of each route counts as fresh without being checked. Default 5000. */
export const CACHE_TTL: Record<string, number> = {
  "/api/bots/page": 5000,
  "/api/intraday/snapshot": 2000,
  "/api/metrics": 10000,
};

/** Time to live of a route that `CACHE_TTL` does not name, ms. */
export const DEFAULT_TTL = 5000;

const PREFIX = "aion_cache_";
/** Milliseconds between two writes of one pushed entry to localStorage: writing is synchronous and a push is not rare. */
const STORE_EVERY = 1000;

export interface CacheEntry<T = unknown> {
  data: T;
  /** Wall time of the fetch or push, ms since 1970. */
  timestamp: number;
  /** Milliseconds from `timestamp` on that the entry is fresh. */
  ttl: number;
  /** Validator of the content; equal tags mean equal content. */
  etag?: string;
  /** Hint of order from the desk; grows with each change. */
  version?: number;
}

export interface CacheOptions {
  /** Milliseconds; default `CACHE_TTL` of the route, else 5000. */
  ttl?: number;
  etag?: string;
  version?: number;
}

export interface CacheStats {
  hits: number;
  misses: number;
  /** hits / (hits + misses), 0 before the first read. */
  hitRate: number;
  /** Mean duration of a fetch, ms. */
  avgFetchTime: number;
  /** Mean duration of a read from the cache, ms. */
  avgCacheTime: number;
}

export interface Peeked<T> {
  data: T;
  /** Milliseconds since it was fetched or pushed; 0 when the clock went back. */
  age: number;
  timestamp: number;
  etag?: string;
  version?: number;
}

/** An answer that is not data: `status` 0 when there was none. */
export class FetchError extends Error {
  constructor(
    readonly url: string,
    readonly status: number,
    message: string,
  ) {
    super(message);
    this.name = "FetchError";
  }
}

const memory = new Map<string, CacheEntry>();
const generations = new Map<string, number>();
const pushedAt = new Map<string, number>();
const inFlight = new Map<string, Promise<unknown>>();
const waiting = new Map<string, ReturnType<typeof setTimeout>>();
const storedAt = new Map<string, number>();
const count = { hits: 0, misses: 0, fetches: 0, fetchMs: 0, reads: 0, readMs: 0, notModified: 0, savedBytes: 0 };
let everything = 0;
let mayStore: () => boolean = () => true;
let isVerified: (key: string, entry: CacheEntry) => boolean = () => false;

/**
 * The one key of a route: `api:` + path, `/api/backend/x` as `/api/x`, query sorted. Takes URLs and keys alike, so that
 * every way to name a route ends at one entry.
 */
export function cacheKey(urlOrKey: string): string {
  const text = urlOrKey.startsWith("api:") ? urlOrKey.slice(4) : urlOrKey;
  const url = new URL(text, "http://desk.invalid");
  const path = url.pathname.replace(/^\/api\/backend\//, "/api/");
  url.searchParams.sort();
  const query = url.searchParams.toString();
  return `api:${path}${query && `?${query}`}`;
}

/** The time to live of a key's route, ms. */
function ttlOf(key: string): number {
  return CACHE_TTL[key.slice(4).split("?")[0] ?? ""] ?? DEFAULT_TTL;
}

/** Return the data under `key`, or null when there is none, it has expired, or the clock went back behind it. */
export function getCached<T>(key: string): T | null {
  const started = performance.now();
  const name = cacheKey(key);
  const entry = lookUp(name);
  const fresh = entry !== undefined && isFresh(name, entry);
  count.reads += 1;
  count.readMs += performance.now() - started;
  if (fresh) count.hits += 1;
  else count.misses += 1;
  return fresh ? (entry.data as T) : null;
}

/** Return the data under `key` even when it has expired, with its age; null when there is none. */
export function peekCached<T>(key: string): Peeked<T> | null {
  const entry = lookUp(cacheKey(key));
  if (!entry) return null;
  const { timestamp, etag, version } = entry;
  return { data: entry.data as T, age: Math.max(0, Date.now() - timestamp), timestamp, etag, version };
}

/** Store `data` under `key`, in memory and in localStorage. Storage that is full or refused is left out. */
export function setCached<T>(key: string, data: T, options: CacheOptions = {}): void {
  const name = cacheKey(key);
  put(name, data, options);
  store(name);
}

/** Store pushed `data`: memory at once, localStorage at most once a second and when the page goes. */
export function writeThrough<T>(key: string, data: T, options: CacheOptions = {}): void {
  const name = cacheKey(key);
  put(name, data, options);
  pushedAt.set(name, performance.now());
  if (!mayStore() || waiting.has(name)) return;
  const due = (storedAt.get(name) ?? -Infinity) + STORE_EVERY - performance.now();
  if (due <= 0) store(name);
  else waiting.set(name, setTimeout(store, due, name));
}

/** Count the data under `key` as fetched now: the desk said that it has not changed. */
export function touchCached(key: string, ttl?: number): void {
  const name = cacheKey(key);
  const entry = lookUp(name);
  if (entry) memory.set(name, { ...entry, timestamp: Date.now(), ttl: ttl ?? ttlOf(name) });
}

/**
 * Let the entry under `key` expire. A fetch that began before this cannot fill it again. `peekCached` still has it.
 */
export function invalidateCache(key: string): void {
  const name = cacheKey(key);
  bump(name);
  const entry = lookUp(name);
  if (!entry || entry.ttl === 0) return;
  memory.set(name, { ...entry, ttl: 0 });
  store(name);
}

/** Forget everything under the prefix `aion_cache_`, in memory and in localStorage. */
export function clearAllCache(): void {
  everything += 1;
  memory.clear();
  for (const timer of waiting.values()) clearTimeout(timer);
  waiting.clear();
  try {
    for (const name of Object.keys(localStorage)) if (name.startsWith(PREFIX)) localStorage.removeItem(name);
  } catch {
    // Storage is refused: there is nothing to clear.
  }
}

/**
 * Return the data of `url`: from the cache while fresh, else by a conditional GET. Simultaneous calls share one request.
 *
 * @throws FetchError when there is no answer, its status is not 2xx or 304, or it is not JSON.
 */
export async function fetchWithCache<T>(url: string, options: { ttl?: number } = {}): Promise<T> {
  const cached = getCached<T>(url);
  return cached ?? (await revalidate<T>(url, options));
}

/** Ask the desk for `url` now, whatever is cached, and return the newest data known after that. */
export function revalidate<T>(url: string, options: { ttl?: number } = {}): Promise<T> {
  const name = cacheKey(url);
  const running = inFlight.get(name);
  if (running) return running as Promise<T>;
  const request = load<T>(url, name, options).finally(() => inFlight.delete(name));
  inFlight.set(name, request);
  return request;
}

/** Fetch what the first pages need, so that they open from the cache. Failures are left to the pages. */
export async function warmCache(urls: string[] = ["/api/bots/page", "/api/intraday/snapshot"]): Promise<void> {
  await Promise.allSettled(urls.map((url) => fetchWithCache(url, { ttl: ttlOf(cacheKey(url)) })));
}

/** How well the cache has worked since the page was loaded. */
export function getCacheStats(): CacheStats {
  const reads = count.hits + count.misses;
  return {
    hits: count.hits,
    misses: count.misses,
    hitRate: reads ? count.hits / reads : 0,
    avgFetchTime: count.fetches ? count.fetchMs / count.fetches : 0,
    avgCacheTime: count.reads ? count.readMs / count.reads : 0,
  };
}

/** What conditional requests and localStorage come to: 304 answers, characters not sent again, characters stored. */
export function getStorageStats(): { notModified: number; savedBytes: number; stored: number; entries: number } {
  let stored = 0;
  let entries = 0;
  try {
    for (const name of Object.keys(localStorage)) {
      if (!name.startsWith(PREFIX)) continue;
      entries += 1;
      stored += name.length + (localStorage.getItem(name)?.length ?? 0);
    }
  } catch {
    // Storage is refused: nothing is stored.
  }
  return { notModified: count.notModified, savedBytes: count.savedBytes, stored, entries };
}

/** Let the connection say who may write localStorage, and which entries the stream has verified. */
export function connectCache(rules: {
  mayStore: () => boolean;
  isVerified: (key: string, entry: CacheEntry) => boolean;
}): void {
  mayStore = rules.mayStore;
  isVerified = rules.isVerified;
}

async function load<T>(url: string, name: string, options: { ttl?: number }): Promise<T> {
  const held = lookUp(name);
  const generation = generations.get(name) ?? 0;
  const before = everything;
  const started = performance.now();
  const headers: Record<string, string> = held?.etag ? { "If-None-Match": held.etag } : {};
  let answer: Response;
  try {
    answer = await fetch(url, { headers, cache: "no-store" });
  } catch (error) {
    throw new FetchError(url, 0, `no answer: ${error instanceof Error ? error.message : error}`);
  }
  if (answer.status === 304 && held) {
    took(started);
    count.notModified += 1;
    if (before === everything && lookUp(name)?.etag === held.etag) touchCached(name, options.ttl);
    return (lookUp(name) ?? held).data as T;
  }
  if (!answer.ok) throw new FetchError(url, answer.status, `answered ${answer.status}`);
  const text = await answer.text();
  let data: T;
  try {
    data = JSON.parse(text) as T;
  } catch {
    throw new FetchError(url, answer.status, `answered something that is not JSON: ${text.slice(0, 60)}`);
  }
  took(started);
  const version = versionOf(data);
  const now = lookUp(name);
  const isOvertaken = started < (pushedAt.get(name) ?? -Infinity) && (version ?? 0) <= (now?.version ?? 0);
  if (isOvertaken && now) return now.data as T;
  if (before === everything && (generations.get(name) ?? 0) === generation) {
    const etag = answer.headers.get("ETag") ?? undefined;
    setCached(name, data, { ttl: options.ttl, etag, version });
  }
  return data;
}

/** The desk's hint of order in a body, when it carries one. */
export function versionOf(data: unknown): number | undefined {
  const version = (data as { version?: unknown } | null)?.version;
  return typeof version === "number" ? version : undefined;
}

function took(started: number): void {
  count.fetches += 1;
  count.fetchMs += performance.now() - started;
  const { hits, misses, hitRate } = getCacheStats();
  if (hits + misses) console.debug(`Cache hit rate: ${(hitRate * 100).toFixed(1)}%`);
}

function bump(name: string): void {
  generations.set(name, (generations.get(name) ?? 0) + 1);
}

function put(name: string, data: unknown, { ttl, etag, version }: CacheOptions): void {
  const entry: CacheEntry = { data, timestamp: Date.now(), ttl: ttl ?? ttlOf(name) };
  if (etag !== undefined) entry.etag = etag;
  const order = version ?? versionOf(data);
  if (order !== undefined) entry.version = order;
  memory.set(name, entry);
}

function isFresh(name: string, entry: CacheEntry): boolean {
  if (entry.ttl <= 0) return false;
  const age = Date.now() - entry.timestamp;
  return (age >= 0 && age < entry.ttl) || isVerified(name, entry);
}

function lookUp(name: string): CacheEntry | undefined {
  const held = memory.get(name);
  if (held) return held;
  let text: string | null = null;
  try {
    text = localStorage.getItem(PREFIX + name);
  } catch {
    return undefined;
  }
  if (text === null) return undefined;
  const entry = parse(text);
  if (entry) memory.set(name, entry);
  else forget(name);
  return entry;
}

/** An unreadable record is deleted, never guessed. */
function parse(text: string): CacheEntry | undefined {
  try {
    const value = JSON.parse(text) as Partial<CacheEntry> | null;
    if (value && typeof value.timestamp === "number" && typeof value.ttl === "number" && value.data != null) {
      return value as CacheEntry;
    }
  } catch {
    // Not ours.
  }
  return undefined;
}

function forget(name: string): void {
  try {
    localStorage.removeItem(PREFIX + name);
  } catch {
    // Storage is refused.
  }
}

function store(name: string): void {
  clearTimeout(waiting.get(name));
  waiting.delete(name);
  const entry = memory.get(name);
  if (!entry) return;
  storedAt.set(name, performance.now());
  try {
    localStorage.setItem(PREFIX + name, JSON.stringify(entry));
  } catch {
    forget(name); // full or refused: an old record under a new one would be a lie
  }
}

function storeWaiting(): void {
  for (const name of [...waiting.keys()]) store(name);
}

if (typeof addEventListener === "function") {
  addEventListener("pagehide", storeWaiting);
  addEventListener("storage", (event) => {
    if (event.key === null) memory.clear();
    else if (event.key.startsWith(PREFIX) && event.newValue === null) memory.delete(event.key.slice(PREFIX.length));
  });
}
