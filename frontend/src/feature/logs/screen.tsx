/** The Logs page with its data: the newest lines by GET, then the stream; older ones by search when asked for. */

import { useCallback, useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { BotsPageBundle, LogEntry, LogMachineList, LogSearch, LogTail } from "../../api/schema";
import { useWho } from "../../lib/role";
import { setQuery, useQuery } from "../../lib/route";
import { wear } from "../../lib/wear";
import { useLink, useSnapshot, useSSE } from "../../live";
import { Skeleton } from "../../ui/skeleton";
import { get, machineOf, of, reason } from "./ask";
import { Denied } from "./denied";
import { type Filter, filterOf, isAsking, searchUrl, toQuery } from "./filter";
import { LogsPage, type Search } from "./page";
import css from "./screen.css?inline";
import { append, EMPTY_TAIL, gaps, merge, type Tail } from "./tail";

wear(css);

const FIRST_LINES = 500;
const PUSHED_LINES = 100; // as many as a push has, where no stream works
const STEP_LINES = 500;
const DRAW_MS = 100; // between two drawings of what streams in
const GAP_STEPS = 8; // of 256 KB; a log that grows faster begins anew
const ENOUGH_LINES = 50; // found by one click; fewer, and the search goes on by itself
const RETRY_MS = 3000; // after which the first lines are asked for again
const TYPING_MS = 350; // after the last key before files are searched

interface Lines {
  tail: Tail;
  failed: string;
  progress?: string;
}

/** A tail that is drawn at most ten times a second. */
function useDrawn(): { tail: Tail; latest: { current: Tail }; take: (more: LogTail) => void } {
  const [tail, setTail] = useState<Tail>(EMPTY_TAIL);
  const latest = useRef(tail);
  const timer = useRef<ReturnType<typeof setTimeout>>();
  useEffect(() => () => clearTimeout(timer.current), []);
  const take = useCallback((more: LogTail): void => {
    latest.current = append(latest.current, more);
    timer.current ??= setTimeout(() => {
      timer.current = undefined;
      setTail(latest.current);
    }, DRAW_MS);
  }, []);
  return { tail, latest, take };
}

/** The desk's own tail: newest lines, then what streams in. */
function useTail(): Lines {
  const { tail, latest, take } = useDrawn();
  const [failed, setFailed] = useState("");
  const isFilling = useRef(false);
  /** Fetch what lies between the known lines and `push`, which is within what comes last. */
  const fill = useCallback(
    async (push: LogTail): Promise<void> => {
      isFilling.current = true;
      try {
        for (let step = 0; step < GAP_STEPS; step += 1) {
          const missed = gaps(latest.current, push);
          if (missed.length === 0) break;
          take(await get<LogTail>(`/api/logs?limit=1000&after=${encodeURIComponent(missed.join(","))}`));
        }
        take(push);
        setFailed("");
      } catch (error) {
        setFailed(reason(error));
      } finally {
        isFilling.current = false;
      }
    },
    [take, latest],
  );
  useEffect(() => {
    let isOver = false;
    let retry: ReturnType<typeof setTimeout>;
    const ask = (): void => {
      get<LogTail>(`/api/logs?limit=${FIRST_LINES}`).then(
        (more) => {
          if (isOver) return;
          take(more);
          setFailed("");
        },
        (error: unknown) => {
          if (isOver) return;
          setFailed(reason(error));
          retry = setTimeout(ask, RETRY_MS);
        },
      );
    };
    ask();
    return () => {
      isOver = true;
      clearTimeout(retry);
    };
  }, [take]);
  const hear = useCallback(
    (push: LogTail): void => {
      if (isFilling.current) return; // the next push shows what is still missing
      if (gaps(latest.current, push).length > 0) void fill(push);
      else take(push);
    },
    [fill, take, latest],
  );
  const { isConnected } = useSSE<LogTail>({ url: "/api/events/admin/logs", onData: hear });
  const { pollEvery } = useLink();
  useEffect(() => {
    if (isConnected) return;
    const ask = (): void => {
      get<LogTail>(`/api/logs?limit=${PUSHED_LINES}`).then(hear, (error: unknown) => setFailed(reason(error)));
    };
    const every = setInterval(ask, pollEvery);
    return () => clearInterval(every);
  }, [isConnected, pollEvery, hear]);
  return { tail, failed };
}

/** The tail of another machine: its newest lines, then a question after the other that waits for more. */
function useFarTail(machine: string): Lines {
  const { tail, latest, take } = useDrawn();
  const [failed, setFailed] = useState("");
  const [progress, setProgress] = useState("");
  useEffect(() => {
    let isOver = false;
    let retry: ReturnType<typeof setTimeout>;
    const ask = async (): Promise<void> => {
      try {
        while (!isOver) {
          const known = Object.entries(latest.current.known).map(([file, { to }]) => `${file}:${to}`);
          const query = known.length === 0 ? `limit=${FIRST_LINES}` : `limit=1000&wait=true&after=${known.join(",")}`;
          const more = await get<LogTail>(of(`/api/logs?${query}`, machine), setProgress);
          if (isOver) return;
          setFailed("");
          take(more);
          if (known.length === 0 && Object.keys(more.parts ?? {}).length === 0) break; // no log yet: not at once again
        }
      } catch (error) {
        if (!isOver) setFailed(reason(error));
      }
      if (!isOver) retry = setTimeout(() => void ask(), RETRY_MS);
    };
    void ask();
    return () => {
      isOver = true;
      clearTimeout(retry);
    };
  }, [machine, take, latest]);
  return { tail, failed, progress };
}

interface Found {
  lines: LogEntry[];
  /** Byte offset by file before which nothing was searched. */
  from: Record<string, number>;
  search: Search;
}

const NOTHING: Found = { lines: [], from: {}, search: { isBusy: false, scanned: 0 } };

/** Lines before the tail, found in whole files step by step; begun anew when something else is asked. */
function useOlder(filter: Filter, tail: Tail): { found: Found; older: () => void } {
  const [found, setFound] = useState<Found>(NOTHING);
  const asked = useRef(0);
  const known = useRef(tail.known);
  known.current = tail.known;
  const isReady = Object.keys(tail.known).length > 0;

  const step = useCallback(
    async (before: Found): Promise<void> => {
      const mine = ++asked.current;
      const starts = Object.fromEntries(Object.entries(known.current).map(([file, { from }]) => [file, from]));
      let now: Found = { ...before, search: { ...before.search, isBusy: true, failed: undefined } };
      try {
        while (now.search.isBusy) {
          setFound(now);
          const answer = await get<LogSearch>(searchUrl(filter, { ...starts, ...now.from }, STEP_LINES));
          if (mine !== asked.current) return;
          const parts = Object.entries(answer.parts ?? {});
          const lines = merge(answer.lines ?? [], now.lines);
          const isEnough = lines.length - before.lines.length >= ENOUGH_LINES || !answer.left;
          now = {
            lines,
            from: Object.fromEntries(parts.map(([file, part]) => [file, part.from])),
            search: { isBusy: !isEnough, scanned: now.search.scanned + (answer.scanned ?? 0), left: answer.left },
          };
        }
        setFound(now);
      } catch (error) {
        if (mine === asked.current)
          setFound({ ...now, search: { ...now.search, isBusy: false, failed: reason(error) } });
      }
    },
    [filter],
  );
  const older = (): void => {
    if (!found.search.isBusy) void step(found);
    else {
      asked.current += 1;
      setFound({ ...found, search: { ...found.search, isBusy: false } });
    }
  };
  // biome-ignore lint/correctness/useExhaustiveDependencies: a tail that dropped lines is another tail to search before
  useEffect(() => {
    asked.current += 1; // an answer to something else is not wanted any more
    setFound(NOTHING);
    if (!isReady || !isAsking(filter)) return;
    const timer = setTimeout(() => void step(NOTHING), TYPING_MS);
    return () => clearTimeout(timer);
  }, [filter, isReady, step, tail.era]);
  return { found, older };
}

/** Asks for no line before it is known that this page may have them: a refused topic would cost it its stream. */
export default function LogsScreen() {
  const { isKnown, session } = useWho();
  if (!isKnown) return <Skeleton />;
  return session?.role === "viewer" ? <Denied who={session.who} /> : <Logs />;
}

/** The machines that can be asked; undefined until that is known. */
function useMachines(): LogMachineList["machines"] | undefined {
  const [machines, setMachines] = useState<LogMachineList["machines"]>();
  useEffect(() => {
    get<LogMachineList>("/api/logs/machines").then(
      (found) => setMachines(found.machines ?? {}),
      () => setMachines({}), // the lines say what is wrong
    );
  }, []);
  return machines;
}

function Logs() {
  const query = useQuery();
  const chosen = useMemo(() => filterOf(query), [query]);
  const machines = useMachines();
  const machine = machineOf(machines ?? {}, chosen.machine, chosen.bot);
  const filter = useMemo(() => ({ ...chosen, machine }), [chosen, machine]);
  if (machines === undefined) return <Skeleton />;
  const shown = { filter, machines: Object.keys(machines).sort() };
  return machine ? <FarLines key={machine} {...shown} /> : <OwnLines {...shown} />;
}

interface ShownProps {
  filter: Filter;
  machines: string[];
}

function OwnLines(props: ShownProps) {
  return <Shown {...props} {...useTail()} />;
}

function FarLines(props: ShownProps) {
  return <Shown {...props} {...useFarTail(props.filter.machine)} />;
}

function Shown({ filter, machines, tail, failed, progress }: ShownProps & Lines) {
  const { data } = useSnapshot<BotsPageBundle>("bots", "/api/bots/page");
  const names = [data?.intraday?.bots, data?.swing?.bots].flatMap((bots) => Object.keys(bots ?? {}));
  const { found, older } = useOlder(filter, tail);
  const lines = useMemo(
    () => (found.lines.length > 0 ? merge(found.lines, tail.lines) : tail.lines),
    [found.lines, tail.lines],
  );
  return (
    <LogsPage
      lines={lines}
      errors={tail.errors}
      bots={names}
      files={Object.keys(tail.known).sort()}
      machines={machines}
      machine={filter.machine}
      filter={filter}
      onFilter={(change) => setQuery(toQuery({ ...filter, ...change }))}
      search={found.search}
      onOlder={older}
      failed={failed}
      progress={progress}
    />
  );
}
