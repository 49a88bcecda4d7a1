/**
 * The index of many bots in less room: the names of its members once, not in each row. What a browser keeps of a thousand
 * bots is half as long so, and sooner written and read. Pure.
 */

import type { BotsIndex } from "../api/schema";

/** Rows from which on it is worth it; a smaller index is kept as the desk says it. */
const MANY = 100;

interface Packed extends Omit<BotsIndex, "bots"> {
  bots?: never;
  /** Members of the rows. */
  members: string[];
  /**
   * Key -> values in the order of `members`; null where a row lacks one, as no value of the
   * desk is null. A row whose members are in another order, which counts where a patch is checked, stands as it is.
   */
  rows: Record<string, unknown[] | object>;
}

function isIndex(data: unknown): data is BotsIndex {
  const { bots, totals } = Object(data) as Partial<BotsIndex>;
  return bots instanceof Object && totals instanceof Object && Object.keys(bots).length > MANY;
}

/** `data`, an index of many bots with its rows packed. */
export function pack(data: unknown): unknown {
  if (!isIndex(data)) return data;
  const { bots, ...head } = data;
  const all = Object.entries(bots);
  const members: string[] = [];
  const seen = new Set<string>();
  for (const [, row] of all) {
    let before = "";
    for (const name of Object.keys(row)) {
      if (!seen.has(name)) members.splice(members.indexOf(before) + 1, 0, name);
      seen.add(name);
      before = name;
    }
  }
  const places = new Map(members.map((name, at) => [name, at]));
  const rows: Packed["rows"] = {};
  for (const [key, row] of all) {
    const values: unknown[] = [];
    let isInOrder = true;
    for (const [name, value] of Object.entries(row)) {
      const at = places.get(name) as number;
      isInOrder &&= at >= values.length;
      while (values.length < at) values.push(null);
      values[at] = value;
    }
    rows[key] = isInOrder ? values : row;
  }
  return { ...head, members, rows } satisfies Packed;
}

/** What was packed; anything else as it is. */
export function unpack(data: unknown): unknown {
  const { members, rows, ...head } = Object(data) as Packed;
  if (!Array.isArray(members) || !(rows instanceof Object)) return data;
  const bots: Record<string, object> = {};
  for (const [key, values] of Object.entries(rows)) {
    if (!Array.isArray(values)) {
      bots[key] = values;
      continue;
    }
    const row: Record<string, unknown> = {};
    for (const [at, value] of values.entries()) if (value != null) row[members[at] as string] = value;
    bots[key] = row;
  }
  return { ...head, bots };
}
