/**
 * The browser's cache: answers of the desk, each with a time to live, and the requests that fill it.
 *
 * An entry that has expired is never returned by `getCached`; `peekCached` returns it with its age, for the first
 * paint. While a stream vouches for an entry it stays fresh without requests. An answer never replaces a newer one:
 * what was asked for later, or pushed meanwhile, wins.
 */

import { fromWall, pageNow } from "./clock.ts";
import {
  BASE,
  type CacheEntry,
  type CacheOptions,
  cacheKey,
  clearAllCache,
  fresh,
  hold,
  isLong,
  lookUp,
  moment,
  momentOf,
  put,
  readHead,
  recordNames,
  setMoment,
  store,
  storeSoon,
  ttlOf,
  versionOf,
} from "./entry.ts";
import { ROUTES } from "./routes.ts";

export {
  type CacheEntry,
  type CacheOptions,
  cacheKey,
  clearAllCache,
  DEFAULT_TTL,
  type RecordSeal,
  sealRecords,
} from "./entry.ts";

/** What an answer is that says OK and has not the form of its route's data: another program's, or a proxy's. */
export const NOT_DATA = "answered something that is not its data";
/** Milliseconds after which a request without an answer is given up. */
const PATIENCE = 10_000;
/** Characters of an answer from which on reading it is a task of its own. */
const LONG = 100_000;

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

export interface StorageStats {
  /** Answers 304. */
  notModified: number;
  /** Characters that those did not send again. */
  savedBytes: number;
  /** Characters in localStorage. */
  stored: number;
  /** Entries there. */
  entries: number;
}

export interface Peeked<T> extends CacheEntry<T> {
  /** Milliseconds since it was fetched, pushed or verified; undefined when the clock went back behind that. */
  age: number | undefined;
}

export interface RequestOptions {
  /** Milliseconds; default `ttl` of the route (`setRoutes`), else 5000. */
  ttl?: number;
  /** True to send a request of one's own even while another one is under way: that one may be dead. Default false. */
  anew?: boolean;
}

/** What a connection adds to the cache. */
export interface CacheRules {
  /** Whether this tab writes pushes to localStorage. */
  mayStore(): boolean;
  /** Whether the stream vouches for the entry. */
  isVerified(name: string, entry: CacheEntry): boolean;
  /** Told of each answer that was taken in, 304 too. */
  onAnswer(name: string, entry: CacheEntry): void;
  /** Told of what an answer to a request made `at` (`pageNow()`) says of the desk: name of its pages, age of proofs. */
  onTold?(told: { build?: string; proved?: string }, at: number): void;
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

const inFlight = new Map<string, Promise<unknown>>();
const count = { hits: 0, misses: 0, fetches: 0, fetchMs: 0, readMs: 0, notModified: 0, savedBytes: 0 };
let rules: CacheRules = { mayStore: () => true, isVerified: () => false, onAnswer: () => {} };

/** Return the data under `key`, or null when there is none, it has expired, or the clock went back behind it. */
export function getCached<T>(key: string): T | null {
  const started = performance.now();
  const name = cacheKey(key);
  const entry = lookUp(name);
  const isHit = entry !== undefined && isFresh(name, entry);
  count.readMs += performance.now() - started;
  count[isHit ? "hits" : "misses"] += 1;
  return isHit ? (entry.data as T) : null;
}

/** Return the data under `key` even when it has expired, with its age; null when there is none. */
export function peekCached<T>(key: string): Peeked<T> | null {
  const entry = lookUp(cacheKey(key));
  if (!entry) return null;
  return { ...(entry as CacheEntry<T>), age: entry.at && pageNow() - entry.at };
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
  if (rules.mayStore()) storeSoon(name);
}

/** Count the data under `key` as fetched now: the desk said that it has not changed. */
export function touchCached(key: string, ttl?: number): void {
  const name = cacheKey(key);
  const entry = lookUp(name);
  if (!entry) return;
  hold(name, fresh({ ...entry, ttl: ttl ?? ttlOf(name) }));
  if (rules.mayStore()) storeSoon(name);
}

/**
 * Let the entry under `key` expire. A fetch that began before this cannot fill it again. `peekCached` still has it.
 */
export function invalidateCache(key: string): void {
  const name = cacheKey(key);
  setMoment(name, moment());
  const entry = lookUp(name);
  if (!entry?.ttl) return;
  hold(name, { ...entry, ttl: 0 });
  store(name);
}

/**
 * Return the data of `url`: from the cache while fresh, else by a conditional GET. Simultaneous calls share one request.
 *
 * @throws FetchError when there is no answer, its status is not 2xx or 304, or it is not JSON.
 */
export async function fetchWithCache<T>(url: string, options: RequestOptions = {}): Promise<T> {
  return getCached<T>(url) ?? revalidate<T>(url, options);
}

/** Ask the desk for `url` now, whatever is cached, and return the newest data known after that. */
export function revalidate<T>(url: string, options: RequestOptions = {}): Promise<T> {
  const name = cacheKey(url);
  const running = inFlight.get(name);
  if (running && !options.anew) return running as Promise<T>;
  const request = load<T>(url, name, options.ttl).finally(() => {
    if (inFlight.get(name) === request) inFlight.delete(name);
  });
  inFlight.set(name, request);
  return request;
}

/** Resolves once none of the requests for `urls` that are under way now is any more; undefined where there is none. */
export function underWay(urls: readonly string[]): Promise<unknown> | undefined {
  const running = urls.flatMap((url) => inFlight.get(cacheKey(url)) ?? []);
  return running.length > 0 ? Promise.allSettled(running) : undefined;
}

/** Fetch what the first pages need (`warm` of `setRoutes`), so that they open from the cache. Failures are left to the pages. */
export async function warmCache(urls = ROUTES.warm): Promise<void> {
  await Promise.allSettled(urls.map((url) => fetchWithCache(url)));
}

/** How well the cache has worked since the page was loaded. */
export function getCacheStats(): CacheStats {
  const { hits, misses, fetches, fetchMs, readMs } = count;
  const reads = hits + misses;
  return {
    hits,
    misses,
    hitRate: hits / (reads || 1),
    avgFetchTime: fetchMs / (fetches || 1),
    avgCacheTime: readMs / (reads || 1),
  };
}

/** What conditional requests and localStorage come to. */
export function getStorageStats(): StorageStats {
  const { notModified, savedBytes } = count;
  const names = recordNames();
  const stored = names.reduce((sum, name) => sum + name.length + String(localStorage[name]).length, 0);
  return {
    notModified,
    savedBytes,
    stored,
    entries: names.length,
  };
}

/** Let a connection say who may write localStorage and which entries the stream vouches for, and hear of answers. */
export function connectCache(next: CacheRules): void {
  rules = next;
}

async function load<T>(url: string, name: string, ttl: number | undefined): Promise<T> {
  const held = lookUp(name);
  const asked = moment();
  const askedAt = pageNow();
  const started = performance.now();
  let answer: Response;
  let text = "";
  try {
    const given: Record<string, string> = held?.etag ? { "If-None-Match": held.etag } : {};
    answer = await fetch(BASE + url, { headers: given, cache: "no-store", signal: AbortSignal.timeout(PATIENCE) });
    if (answer.ok) text = await answer.text();
    else answer.body?.cancel().catch(() => {}); // a body that nobody reads keeps its request open
  } catch (error) {
    throw new FetchError(url, 0, `no answer: ${(error as Error).message}`);
  }
  const { status, headers } = answer;
  const [build, proved] = ["Build", "Proved-Age"].map((name) => headers.get(`Aion-${name}`) ?? undefined);
  if (build) rules.onTold?.({ build, proved }, askedAt);
  if (status === 401) clearAllCache(); // nobody reads here what the desk does not show any more
  if (!answer.ok && !(status === 304 && held)) throw new FetchError(url, status, `answered ${status}`);
  let data = held?.data as T;
  if (answer.ok) {
    try {
      data = JSON.parse(text) as T;
    } catch {
      throw new FetchError(url, status, `answered something that is not JSON: ${text.slice(0, 60)}`);
    }
    if (text.length > LONG) await new Promise((done) => setTimeout(done)); // who shows it has a task of its own
  }
  took(started);
  const version = versionOf(data);
  if (held?.version && !version) throw new FetchError(url, status, NOT_DATA);
  const newest = lookUp(name);
  if (status === 304) {
    count.notModified += 1;
    count.savedBytes += JSON.stringify(data).length;
    if (newest?.etag !== held?.etag) return (newest?.data ?? data) as T; // pushed or cleared meanwhile
    if (asked < momentOf(name)) return data;
    touchCached(name, ttl);
  } else {
    if (asked < momentOf(name)) {
      // Overtaken by a push, a later answer, an invalidation or a clearing: only a higher version may still go in.
      if (!newest?.ttl) return data;
      if ((version ?? 0) <= (newest.version ?? 0)) return newest.data as T;
    }
    put(name, data, { ttl, etag: headers.get("ETag") ?? undefined, version });
    setMoment(name, asked);
    // Another tab may have stored a push that this one has not heard of yet.
    const record = readHead(name);
    const isOlder =
      !((fromWall(record?.timestamp ?? 0) as number) > askedAt) || (record?.version ?? 0) <= (version ?? 0);
    if (isOlder) (isLong(data) ? storeSoon : store)(name);
  }
  const entry = lookUp(name);
  if (entry) rules.onAnswer(name, entry);
  return data;
}

function took(started: number): void {
  count.fetches += 1;
  count.fetchMs += performance.now() - started;
  const { hits, misses, hitRate } = getCacheStats();
  if (hits + misses) console.debug(`Cache hit rate: ${(hitRate * 100).toFixed(1)}%`);
}

function isFresh(name: string, entry: CacheEntry): boolean {
  return entry.ttl > 0 && (pageNow() - (entry.at as number) < entry.ttl || rules.isVerified(name, entry));
}
