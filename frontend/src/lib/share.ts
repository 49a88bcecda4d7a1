/** Structural sharing: keep what did not change, so that an unchanged card is the same object and draws nothing. */

type Json = unknown;

function isRecord(value: Json): value is Record<string, Json> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What came -> what is held in its place: it may come again, in a whole that differs elsewhere, and is not compared anew. */
const alike = new WeakMap<object, object>();

/** `next` with every part that equals its counterpart in `previous` replaced by that very part. */
export function share<T>(previous: T | undefined, next: T): T {
  return merge(previous, next) as T;
}

function merge(previous: Json, next: Json): Json {
  if (Object.is(previous, next)) return previous;
  if (typeof next !== "object" || next === null || typeof previous !== "object" || previous === null) return next;
  if (alike.get(next) === previous) return previous;
  const found = merged(previous, next);
  if (found !== next) alike.set(next, found);
  return found;
}

function merged(previous: object, next: object): object {
  if (Array.isArray(previous) && Array.isArray(next)) {
    const out = next.map((item, index) => merge(previous[index], item));
    const same = previous.length === out.length && out.every((item, index) => Object.is(item, previous[index]));
    return same ? previous : out;
  }
  if (isRecord(previous) && isRecord(next)) {
    const keys = Object.keys(next);
    const out: Record<string, Json> = {};
    let same = keys.length === Object.keys(previous).length;
    for (const key of keys) {
      out[key] = merge(previous[key], next[key]);
      if (same && !(key in previous && Object.is(out[key], previous[key]))) same = false;
    }
    return same ? previous : out;
  }
  return next;
}
