/** Rows of what a bot did: the newest page, fetched again as the bot goes on, and the older ones as they are asked for. */

import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { BotRows } from "../../api/schema";
import { at } from "../../lib/base";
import { type Fetched, useFetched } from "../../lib/use-fetched";
import { type Part, type Row, rowsOf } from "./columns";

const PAGE = 25;
const LARGE_PAGE = 500; // of all rows at once
/** Rows that one table holds at most; older ones have to be asked for by day or symbol. */
export const MOST_ROWS = 20_000;

interface Held {
  base: string;
  rows: Row[];
  next?: string;
}

export interface Rows {
  /** Newest first. */
  rows: Row[];
  /** True when nothing older is kept. */
  isWhole: boolean;
  fetched: Fetched<BotRows>;
  /** True while older rows are read. */
  isBusy: boolean;
  /** Why older ones could not be read; empty when all is well. */
  failed: string;
  /** Read the next page. */
  loadMore: () => void;
  /** Read all that is kept; resolves to it. */
  loadAll: () => Promise<Row[]>;
}

/** `held` with the newest page before it; without a row in common something lies between, so that it is begun anew. */
export function withPage(held: Held | undefined, base: string, newest: Row[], next: string | undefined): Held {
  const ids = new Set(newest.map(([id]) => id));
  const joins = held?.base === base && (held.rows.length === 0 || held.rows.some(([id]) => ids.has(id)));
  if (!held || !joins) return { base, rows: newest, ...(next ? { next } : {}) };
  return { ...held, rows: [...newest, ...held.rows.filter(([id]) => !ids.has(id))] };
}

async function pageOf(base: string, limit: number, before: string, part: Part): Promise<Omit<Held, "base">> {
  const answer = await fetch(at(`${base}&limit=${limit}&before=${encodeURIComponent(before)}`));
  if (!answer.ok) throw new Error(`the desk answered ${answer.status}`);
  const found = (await answer.json()) as BotRows;
  return { rows: rowsOf(found, part), ...(found.next ? { next: found.next } : {}) };
}

export function useRows(bot: string, part: Part, day: string, symbol: string, version: string): Rows {
  const query = new URLSearchParams({ ...(day && { day }), ...(symbol && { symbol }) });
  const base = `/api/bots/${encodeURIComponent(bot)}/history/${part}?${query}`;
  const fetched = useFetched<BotRows>(`${base}&limit=${PAGE}`, version);
  const held = useRef<Held | undefined>();
  const [older, setOlder] = useState({ base, isBusy: false, failed: "", turn: 0 });
  const mine = older.base === base ? older : { base, isBusy: false, failed: "", turn: 0 };
  const { data } = fetched;
  // biome-ignore lint/correctness/useExhaustiveDependencies: older rows were put into what is held
  const shown = useMemo(() => {
    if (!data) return undefined;
    held.current = withPage(held.current, base, rowsOf(data, part), data.next);
    return held.current;
  }, [base, part, data, mine.turn]);
  const running = useRef<Promise<void> | undefined>();
  const now = useRef(base);
  useEffect(() => {
    now.current = base;
  }, [base]);

  const load = async (limit: number, isEnough: (rows: number) => boolean): Promise<void> => {
    await running.current;
    const tell = (isBusy: boolean, failed = ""): void =>
      setOlder((before) => ({ base, isBusy, failed, turn: before.turn + 1 }));
    tell(true);
    try {
      while (held.current?.base === base && held.current.next && !isEnough(held.current.rows.length)) {
        const page = await pageOf(base, limit, held.current.next, part);
        if (held.current?.base !== base || now.current !== base) return;
        const { next: _, ...rest } = held.current;
        const seen = new Set(rest.rows.map(([id]) => id));
        const rows = [...rest.rows, ...page.rows.filter(([id]) => !seen.has(id))];
        held.current = { ...rest, rows, ...(page.next ? { next: page.next } : {}) };
        tell(true);
      }
      tell(false);
    } catch (error) {
      tell(false, error instanceof Error ? error.message : String(error));
      throw error;
    }
  };
  const start = (limit: number, isEnough: (rows: number) => boolean): Promise<void> => {
    const made = load(limit, isEnough);
    running.current = made.catch(() => undefined);
    return made;
  };
  return {
    rows: shown?.rows ?? [],
    isWhole: shown !== undefined && shown.next === undefined,
    fetched,
    isBusy: mine.isBusy,
    failed: mine.failed,
    loadMore: () => {
      const before = held.current?.rows.length ?? 0;
      start(PAGE, (rows) => rows > before).catch(() => undefined);
    },
    loadAll: async () => {
      await start(LARGE_PAGE, (rows) => rows >= MOST_ROWS);
      return held.current?.rows ?? [];
    },
  };
}
