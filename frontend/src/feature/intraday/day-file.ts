/** The day file of one intraday bot: all bars of a day, and what the bot did on it. */

import { useEffect, useRef, useState } from "preact/hooks";
import type { Fill, Hours, Position } from "../../api/schema";
import { at } from "../../lib/base";
import type { FileBars } from "./bars";

const REFRESH_MS = 5000; // the newest bar comes with the stream; the file has what a push left out

export interface DayFile {
  bars?: Record<string, FileBars>;
  symbols?: string[];
  currency?: string;
  day?: string;
  as_of?: string;
  fills?: Record<string, Fill>;
  positions?: Record<string, Position>;
  day_pnl?: { net: number };
  tick?: number;
  hours?: Hours;
  /** By symbol, start -> end of each halt of that symbol alone. */
  halts?: Record<string, Record<string, string>>;
}

export type Loaded = { file: DayFile; failed?: string } | { file?: undefined; failed: string } | undefined;

/** The file of `bot` on `day`, fetched again at most every five seconds while `asOf` moves on. */
export function useDayFile(bot: string | undefined, day: string | undefined, asOf: string | undefined): Loaded {
  const [loaded, setLoaded] = useState<Loaded>();
  const fetchedAt = useRef(Number.NEGATIVE_INFINITY);
  const shown = useRef("");
  const etag = useRef("");
  // biome-ignore lint/correctness/useExhaustiveDependencies: a file that has moved on is read again
  useEffect(() => {
    if (!bot || !day) return;
    const url = `/api/intraday/logs/${encodeURIComponent(day)}/${encodeURIComponent(bot)}`;
    if (shown.current !== url) {
      shown.current = url;
      etag.current = "";
      fetchedAt.current = Number.NEGATIVE_INFINITY;
      setLoaded(undefined);
    }
    let isOver = false;
    const load = async (): Promise<void> => {
      fetchedAt.current = performance.now();
      try {
        const headers: Record<string, string> = etag.current ? { "If-None-Match": etag.current } : {};
        const answer = await fetch(at(url), { cache: "no-store", headers });
        if (isOver || shown.current !== url || answer.status === 304) return;
        if (!answer.ok) {
          const found = (await answer.json().catch(() => ({}))) as { detail?: string };
          throw new Error(found.detail ?? `the desk answered ${answer.status}`);
        }
        const file = (await answer.json()) as DayFile;
        etag.current = answer.headers.get("etag") ?? "";
        if (shown.current === url) setLoaded({ file });
      } catch (error) {
        const failed = error instanceof Error ? error.message : String(error);
        if (shown.current === url) setLoaded((before) => (before?.file ? { file: before.file, failed } : { failed }));
      }
    };
    const timer = setTimeout(load, Math.max(0, fetchedAt.current + REFRESH_MS - performance.now()));
    return () => {
      isOver = performance.now() - fetchedAt.current > REFRESH_MS;
      clearTimeout(timer);
    };
  }, [bot, day, asOf]);
  return loaded;
}

/** Market days with a file of each bot, newest first; undefined until they are known. */
export function useDays(): Record<string, string[]> | undefined {
  const [days, setDays] = useState<Record<string, string[]>>();
  useEffect(() => {
    let isOver = false;
    let retry: ReturnType<typeof setTimeout>;
    const ask = (): void => {
      fetch(at("/api/intraday/logs/days"), { cache: "no-store" })
        .then(async (answer) => (answer.ok ? ((await answer.json()) as { days?: Record<string, string[]> }) : {}))
        .then(
          (found) => !isOver && setDays(found.days ?? {}),
          () => {
            if (isOver) return;
            setDays((before) => before ?? {});
            retry = setTimeout(ask, REFRESH_MS);
          },
        );
    };
    ask();
    return () => {
      isOver = true;
      clearTimeout(retry);
    };
  }, []);
  return days;
}
