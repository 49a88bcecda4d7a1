/**
 * What is looked at: the rows and cards on the screen, each a topic of its own. What leaves the screen is let go, and its
 * last value stands until the index has it.
 */

import { getConnection, peekCached, revalidate, setCached } from "../live";
import { isAhead, type Part, type Told } from "./roster";
import { share } from "./share";
import { isPart } from "./sound";

const STEP_MS = 100; // between two changes of what is seen: scrolling passes by most of it
const PATIENCE_MS = 700; // for which the stream may say what a card is, before it is asked for
const KEPT = 30; // cards for the first frame of the next visit: more than a screen holds
const KEEP_EVERY_MS = 5000;
/** After which an index that does not have a part yet never will: the desk's clock went back, or it is another desk. */
const OVERDUE_MS = 10_000;

interface Held {
  part?: Part;
  /** How to let it go; undefined once it was. */
  stop?: (() => void) | undefined;
  gone?: number;
}

export interface Seen {
  /** Look at the bots of `keys` from now on, and at no others but those of other viewers. */
  look(viewer: object, keys: readonly string[]): void;
  /** What is held of each, also of those that were let go. */
  told(): ReadonlyMap<string, Told>;
  /** Forget what was let go and an index of `version`, which has just come, has overtaken. */
  overtake(version: number): void;
  /** Call `watcher` after each change; returns how to stop. */
  watch(watcher: () => void): () => void;
}

/**
 * Watch over one family of topics.
 *
 * @param family Such as `row/`.
 * @param route Before the key of its conditional GET, such as `/api/bots/row/`.
 * @param record Key of the cache under which the newest are kept, and what is not there is worth a request while no stream
 * has it; without it, of what the index has as well.
 */
export function makeSeen(family: string, route: string, record?: string): Seen {
  const all = new Map<string, Held>();
  const watchers = new Set<() => void>();
  const wanted = new Map<object, readonly string[]>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let keeping: ReturnType<typeof setTimeout> | undefined;
  let changedAt = Number.NEGATIVE_INFINITY;

  const tell = (): void => {
    for (const watcher of [...watchers]) watcher();
  };

  const take = (held: Held, data: unknown): void => {
    if (!isPart(data)) return;
    held.part = share(held.part, data);
    if (record) keeping ??= setTimeout(keep, KEEP_EVERY_MS);
    tell();
  };

  const keep = (): void => {
    if (!record || keeping === undefined) return;
    clearTimeout(keeping);
    keeping = undefined;
    const order = [...all]
      .filter(([, { part }]) => part)
      .sort(([, a], [, b]) => (b.gone ?? Infinity) - (a.gone ?? Infinity));
    setCached(record, Object.fromEntries(order.slice(0, KEPT).map(([key, { part }]) => [key, part])));
  };
  if (record) globalThis.addEventListener?.("pagehide", keep);

  const begin = (key: string): void => {
    const held = all.get(key) ?? {};
    all.set(key, held);
    held.gone = undefined;
    const kept = record && !held.part ? peekCached<Record<string, unknown>>(record)?.data[key] : undefined;
    if (isPart(kept)) held.part = kept;
    held.stop = getConnection().subscribe(family + key, (data) => take(held, data), held.part?.etag);
    if (!record || held.part) return;
    setTimeout(() => {
      if (held.part || !held.stop) return;
      revalidate(route + key).then(
        (data) => take(held, data),
        () => undefined, // a poll asks again
      );
    }, PATIENCE_MS);
  };

  const change = (): void => {
    timer = undefined;
    changedAt = performance.now();
    const now = new Set([...wanted.values()].flat());
    for (const [key, held] of all) {
      if (now.has(key) || !held.stop) continue;
      held.stop();
      held.stop = undefined;
      held.gone = performance.now();
      if (!held.part) all.delete(key);
    }
    for (const key of now) if (!all.get(key)?.stop) begin(key);
    tell();
  };

  return {
    look: (viewer, keys) => {
      if (keys.length > 0) wanted.set(viewer, keys);
      else wanted.delete(viewer);
      if (timer !== undefined) return;
      const wait = changedAt + STEP_MS - performance.now();
      if (wait > 0) timer = setTimeout(change, wait);
      else change(); // what is kept of a card is for the first frame
    },
    told: () => {
      const connection = getConnection();
      const found = new Map<string, Told>();
      for (const [key, { part, stop }] of all)
        if (part) found.set(key, { part, isFresh: stop !== undefined && connection.isVerified(family + key) });
      return found;
    },
    overtake: (version) => {
      for (const [key, { part, gone }] of all) {
        if (gone === undefined || !part) continue;
        const isOverdue = performance.now() - gone > OVERDUE_MS;
        if (isOverdue || !isAhead({ part, isFresh: false }, version)) all.delete(key);
      }
    },
    watch: (watcher) => {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
  };
}

/** Rows of the comparison on the screen. */
export const ROWS = makeSeen("row/", "/api/bots/row/");

/** Cards on the screen. */
export const CARDS = makeSeen("bot/", "/api/bots/card/", "/api/bots/cards");
