/** The bots of the desk for the pages: which topics they come from, and when what comes is drawn. */

import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import type { BotsIndex, BotsTotals } from "../api/schema";
import { type FetchError, useSnapshot } from "../live";
import { makeJoiner, type Roster, type Told } from "./roster";
import { CARDS, ROWS, type Seen } from "./seen";
import { share } from "./share";
import { isIndex, isTotals } from "./sound";
import { useCalm } from "./use-calm";
import { usePaced } from "./use-shared";
import { useStore } from "./use-store";

export interface Bots {
  /** Undefined before the first index. */
  roster: Roster | undefined;
  /** The cards on the screen, by key. */
  cards: ReadonlyMap<string, Told>;
  /** This page's time at which what is shown was kept, ms, NaN if unknown; undefined once it was verified. */
  keptAt: number | undefined;
  /** Why there is no newer data. */
  error: FetchError | undefined;
}

const MANY = 100; // bots from which on what is out of sight is drawn less often than what is in sight
const CALM_MS = 1000;

interface Shown {
  index: BotsIndex | undefined;
  totals: BotsTotals | undefined;
  roster: Roster | undefined;
  cards: ReadonlyMap<string, Told>;
}

let changes = 0;
for (const seen of [ROWS, CARDS])
  seen.watch(() => {
    changes += 1;
  });

function watchSeen(watcher: () => void): () => void {
  const stops = [ROWS.watch(watcher), CARDS.watch(watcher)];
  return () => {
    for (const stop of stops) stop();
  };
}

/** All bots of the desk, kept as new as the desk has them. */
export function useBots(): Bots {
  const index = useSnapshot<BotsIndex>("index", "/api/bots/index", { accepts: isIndex });
  const totals = useSnapshot<BotsTotals>("totals", "/api/bots/totals", { accepts: isTotals });
  const seen = useStore(watchSeen, () => changes);
  const joiner = useRef<ReturnType<typeof makeJoiner>>();
  joiner.current ??= makeJoiner();
  const joinedBots = useRef(0);
  const join = joiner.current;
  const isFresh = totals.keptAt === undefined;
  const isMany = joinedBots.current > MANY;
  const calm = useCalm(index.data, isMany ? CALM_MS : 0);
  const news = useRef<{ index?: unknown; totals?: unknown; seen?: number; isFresh?: boolean }>({});
  const latest = { index: calm, totals: totals.data, seen, isFresh };
  if (Object.entries(latest).some(([name, value]) => !Object.is(value, Reflect.get(news.current, name))))
    news.current = latest;
  const shown = usePaced<Shown>(news.current, (before) => {
    const held = {
      index: calm && share(before?.index, calm),
      totals: totals.data && share(before?.totals, totals.data),
    };
    const cards = CARDS.told();
    const sources = { ...held, isFresh, rows: ROWS.told(), cards };
    return { ...held, cards, roster: held.index && join({ ...sources, index: held.index }) };
  });
  // once it is drawn: what was let go stands until then
  useLayoutEffect(() => {
    const version = shown?.index?.version;
    if (version === undefined) return;
    for (const each of [ROWS, CARDS]) each.overtake(version);
  }, [shown?.index]);
  joinedBots.current = shown?.roster?.bots.length ?? 0;
  return {
    roster: shown?.roster,
    cards: shown?.cards ?? new Map(),
    keptAt: index.keptAt,
    error: index.error ?? totals.error,
  };
}

/** Look at the bots of `keys` while the component is drawn. */
export function useSeen(seen: Seen, keys: readonly string[]): void {
  const viewer = useRef({}).current;
  const text = keys.join();
  // biome-ignore lint/correctness/useExhaustiveDependencies: equal keys are the same keys
  useLayoutEffect(() => seen.look(viewer, keys), [seen, text]);
  useEffect(() => () => seen.look(viewer, []), [seen, viewer]);
}
