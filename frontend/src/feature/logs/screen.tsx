/** The Logs page with its data: the newest lines by GET, then the stream, and what a stream left out by GET again. */

import { useCallback, useEffect, useRef, useState } from "react";
import type { LogTail } from "../../api/schema";
import { useSSE } from "../../live";
import { LogsPage } from "./page";
import { append, EMPTY_TAIL, gaps, type Tail } from "./tail";

const FIRST_LINES = 500;

async function read(query: string): Promise<LogTail> {
  const answer = await fetch(`/api/logs?${query}`, { cache: "no-store" });
  if (!answer.ok) throw new Error(`The desk answered ${answer.status}.`);
  return (await answer.json()) as LogTail;
}

export default function LogsScreen() {
  const [tail, setTail] = useState<Tail>(EMPTY_TAIL);
  const [failed, setFailed] = useState("");
  const latest = useRef(tail);

  const take = useCallback((more: LogTail): void => {
    latest.current = append(latest.current, more);
    setTail(latest.current);
    setFailed("");
  }, []);
  const fetchLines = useCallback(
    (query: string): void => {
      read(query).then(take, (error: unknown) => setFailed(error instanceof Error ? error.message : String(error)));
    },
    [take],
  );

  useEffect(() => fetchLines(`limit=${FIRST_LINES}`), [fetchLines]);
  useSSE<LogTail>({
    url: "/api/events/admin/logs",
    onData: (push) => {
      const missed = gaps(latest.current, push);
      if (missed.length > 0) fetchLines(`limit=1000&after=${encodeURIComponent(missed.join(","))}`);
      take(push);
    },
  });
  return <LogsPage tail={tail} failed={failed} />;
}
