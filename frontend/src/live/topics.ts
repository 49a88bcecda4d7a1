/**
 * What this tab holds of each topic, who listens, and whether it is what the desk has: the data's side of a connection.
 *
 * An older number never replaces a newer one, equal content is delivered once, and nothing counts as verified that was
 * not compared with the desk since the page was opened.
 */

import { cacheKey, peekCached, touchCached, writeThrough } from "./clientCache.ts";
import { type CacheEntry, moment, momentOf, parse, versionOf } from "./entry.ts";
import { routeOf } from "./routes.ts";
import type { Tags } from "./stream.ts";

export type Listener = (data: unknown) => void;

export interface Topics {
  /** Topic -> ETag of what is held here. */
  tags: Tags;
  /** Topics that are listened to. */
  names(): string[];
  /** Whether `topic` was compared with the desk since it was listened to. */
  isVerified(topic: string): boolean;
  /** The tags that were compared with the desk. */
  verifiedTags(): Tags;
  /** Forget what is held of topics that the stream has no more: what a listener has by then counts. */
  keep(names: string[]): void;
  /** The tags of those of `names` that are held; the stream builds on them. */
  have(names: string[]): Tags;
  /** The present stream begins now; `false` when another tab has it. */
  begin(isOurs: boolean): void;
  /** Call `listener` with what comes, and with what is here unless the caller has it: `etag`. Returns how to stop. */
  subscribe(topic: string, listener: Listener, etag: string | undefined): () => void;
  /** Compare the desk's tags with ours: equal verifies what is held; returns those of `names` that are behind. */
  compare(tags: Tags, names: string[]): string[];
  /** Take a push in, text or data: at once, or with others once a second while the page is not looked at. */
  take(topic: string, pushed: unknown): void;
  /** What is here of a topic under `etag`: the newest, or what the stream builds on if an answer has overtaken it. */
  held(topic: string, etag: string): unknown;
  /** Take in what waits. */
  flush(): void;
  /** An answer to a conditional GET of this tab went into the cache. */
  answered(name: string, entry: CacheEntry): void;
  /** Whether the entry is what was last compared with the desk. */
  vouches(name: string, entry: CacheEntry): boolean;
}

/** Milliseconds after which a page that is not looked at takes the newest push. */
const HIDDEN_STEP = 1000;

/**
 * Hold topics.
 *
 * @param routes Topic -> route of its conditional GET.
 * @param isReader Whether this tab asks the desk for all tabs.
 * @param fetched Called when this tab has fetched new data: other tabs may want it.
 * @param changed Called when what is verified has changed; true: all that is shown was compared just now.
 */
export function holdTopics(
  routes: Record<string, string>,
  isReader: () => boolean,
  fetched: (topic: string, data: unknown) => void,
  changed: (isAll?: boolean) => void,
): Topics {
  const tags: Tags = {};
  const listening = new Map<string, Set<Listener>>();
  const verified = new Set<string>();
  const waiting = new Map<string, unknown>();
  /** What the stream's next patch is for; an answer may be newer. */
  const bases = new Map<string, unknown>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let openedAt = 0;

  const urlOf = (topic: string): string => routeOf(routes, topic) ?? "";
  const keyOf = (topic: string): string => cacheKey(urlOf(topic));
  const heldOf = (topic: string) => (urlOf(topic) ? peekCached(urlOf(topic)) : null);

  function verify(topic: string): void {
    if (urlOf(topic) && isReader()) touchCached(urlOf(topic));
    if (verified.has(topic)) return;
    verified.add(topic);
    changed();
  }

  function deliver(topic: string, data: unknown, etag: string | undefined): void {
    tags[topic] = etag;
    for (const listener of [...(listening.get(topic) ?? [])]) listener(data);
  }

  function apply(topic: string, data: unknown): void {
    const etag = (data as { etag?: string }).etag;
    const version = versionOf(data);
    // An event that was under way when a later answer came is dropped. What was held before the stream began may be of
    // a higher version all the same: the desk's clock went back, or it is another desk.
    if ((version ?? 0) < (heldOf(topic)?.version ?? 0) && momentOf(keyOf(topic)) > openedAt) return;
    if (!etag || etag !== tags[topic]) deliver(topic, data, etag);
    if (urlOf(topic)) writeThrough(urlOf(topic), data, { etag, version });
    verify(topic);
    changed(true);
  }

  function flush(): void {
    clearTimeout(timer);
    timer = undefined;
    const all = [...waiting];
    waiting.clear();
    for (const each of all) apply(...each);
  }

  return {
    tags,
    flush,
    names: () => [...listening.keys()],
    isVerified: (topic) => verified.has(topic),
    verifiedTags: () => Object.fromEntries([...verified].map((topic) => [topic, tags[topic]])),
    keep: (names) => {
      const kept = new Set(names);
      for (const topic of Object.keys(tags)) if (!kept.has(topic) && !listening.has(topic)) delete tags[topic];
      for (const topic of bases.keys()) if (!kept.has(topic)) bases.delete(topic);
    },
    begin: (isOurs) => {
      openedAt = isOurs ? moment() : 0;
    },
    subscribe: (topic, listener, etag) => {
      const listeners = listening.get(topic) ?? new Set();
      const held = heldOf(topic);
      if (!tags[topic] && !listeners.size) tags[topic] = etag;
      else if (held?.etag && held.etag !== etag && held.etag === tags[topic]) {
        queueMicrotask(() => listeners.has(listener) && listener(held.data));
      }
      listening.set(topic, listeners.add(listener));
      return () => {
        listeners.delete(listener);
        if (listeners.size || listening.get(topic) !== listeners) return;
        listening.delete(topic);
        verified.delete(topic);
        if (!isReader()) delete tags[topic];
      };
    },
    compare: (theirs, names) =>
      names.filter((topic) => {
        if (!urlOf(topic) || !theirs[topic] || waiting.has(topic)) return false;
        if (theirs[topic] !== tags[topic]) return true;
        verify(topic);
        return false;
      }),
    have: (names) => {
      const found = names.flatMap((topic) => {
        const tag = tags[topic];
        if (!tag) return [];
        bases.set(topic, heldOf(topic)?.data);
        return [[topic, tag]];
      });
      return Object.fromEntries(found);
    },
    held: (topic, etag) =>
      [bases.get(topic), heldOf(topic)?.data].find((data) => (data as { etag?: string } | undefined)?.etag === etag),
    take: (topic, text) => {
      const pushed = typeof text === "string" ? parse(text) : text;
      if (pushed == null) return; // torn on the way: the next heartbeat finds the difference
      if (isReader() && urlOf(topic)) bases.set(topic, pushed);
      waiting.set(topic, pushed);
      if (document.hidden) timer ??= setTimeout(flush, HIDDEN_STEP);
      else flush();
    },
    answered: (name, { data, etag }) => {
      const topic = [...listening.keys(), ...Object.keys(routes)].find((each) => keyOf(each) === name);
      if (!topic || !etag) return;
      if (tags[topic] !== etag) {
        deliver(topic, data, etag);
        fetched(topic, data);
      }
      verify(topic);
    },
    vouches: (name, { etag }) => [...verified].some((topic) => etag && tags[topic] === etag && keyOf(topic) === name),
  };
}
