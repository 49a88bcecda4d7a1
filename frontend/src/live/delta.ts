/**
 * Patches: what the desk sends in place of a whole object to who has the version before it. Loaded with the first one.
 *
 * RFC 7396, several in turn. Nothing is changed in place, so that what pages hold stays as it is. The desk names the
 * CRC-32 of what `JSON.stringify` makes of the result: another one means that the patch was not for what is held here.
 */

interface Delta {
  topic: string;
  /** Tag of the object that is patched. */
  base: string;
  /** Tag of the result. */
  etag: string;
  /** CRC-32 of the result, or of the part that `of` names, as JSON text in UTF-8. */
  check: number;
  /** Member of which only those entries are checked that the last patch names, and of the others those that it names. */
  of?: string;
  /** Applied in turn; the last one sets the version. */
  patches: { version?: number }[];
}

const TABLE = Array.from({ length: 256 }, (_, n) => {
  for (let bit = 0; bit < 8; bit += 1) n = (n >>> 1) ^ (n & 1 && 0xedb88320);
  return n;
});

/** The CRC-32 (that of gzip) of a text in UTF-8. */
export function crc32(text: string): number {
  let crc = -1;
  for (const byte of new TextEncoder().encode(text)) crc = (crc >>> 8) ^ (TABLE[(crc ^ byte) & 255] as number);
  return ~crc >>> 0;
}

function isObject(value: unknown): boolean {
  return value instanceof Object && !Array.isArray(value);
}

/** What a JSON merge patch makes of `target`. */
export function merge(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const members = new Map(Object.entries(isObject(target) ? (target as object) : {}));
  for (const [name, value] of Object.entries(patch as object)) {
    if (value === null) members.delete(name);
    else members.set(name, merge(members.get(name), value));
  }
  return Object.fromEntries(members);
}

/** What a patch has set in `data`: the members that it names, of the member `of` the entries. */
function changedOf(data: unknown, patch: unknown, of: string): unknown {
  const pick = (from: object, by: object): object => {
    const found = new Map(Object.entries(from));
    return Object.fromEntries(
      Object.keys(by)
        .filter((name) => found.has(name))
        .map((name) => [name, found.get(name)]),
    );
  };
  const { version, etag, ...named } = patch as Record<string, object>;
  const seen = pick(data as object, named) as Record<string, object>;
  const inside = seen[of];
  return inside ? { ...seen, [of]: pick(inside, named[of] as object) } : seen;
}

/**
 * Return the topic of an event `patch`, and the whole that comes of it.
 *
 * @param held Gives what is held of a topic under an ETag.
 * @throws Error when it was made for something else than what is held.
 */
export function applyDelta(
  event: string,
  held: (topic: string, etag: string) => unknown,
): [topic: string, data: unknown] {
  const { topic, base, etag, check, of, patches } = JSON.parse(event) as Delta;
  const before = held(topic, etag);
  if (before) return [topic, before]; // an answer was sooner
  const basis = held(topic, base);
  if (!basis) throw Error("the patch is for another version");
  const data = patches.reduce<unknown>(merge, basis);
  if (crc32(JSON.stringify(of ? changedOf(data, patches.at(-1), of) : data)) !== check)
    throw Error("the patch result has a wrong checksum");
  return [topic, data];
}
