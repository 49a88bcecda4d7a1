/** The System page with its data, asked for again every five seconds while it is looked at. */

import { useEffect, useState } from "react";
import { wallNow } from "../../lib/ticker";
import { fetchWithCache, getCacheStats, getStorageStats, useLink } from "../../live";
import { type DeskFigures, SystemPage } from "./page";

const EVERY_MS = 5000;

interface Fetched {
  desk?: DeskFigures;
  at?: number;
  failed?: string;
}

export default function SystemScreen() {
  const [fetched, setFetched] = useState<Fetched>({});
  const link = useLink();
  useEffect(() => {
    let isOver = false;
    const ask = (): void => {
      if (document.visibilityState !== "visible") return;
      fetchWithCache<DeskFigures>("/api/metrics", { ttl: EVERY_MS - 500 }).then(
        (desk) => !isOver && setFetched({ desk, at: wallNow() }),
        (error: unknown) =>
          !isOver && setFetched((now) => ({ ...now, failed: error instanceof Error ? error.message : String(error) })),
      );
    };
    ask();
    const timer = setInterval(ask, EVERY_MS);
    return () => {
      isOver = true;
      clearInterval(timer);
    };
  }, []);
  const storage = getStorageStats();
  return (
    <SystemPage
      cache={{ ...getCacheStats(), ...storage }}
      stream={{
        state: link.state,
        since: link.state === "streaming" ? link.since : undefined,
        reconnects: link.reconnects,
        polls: link.polls,
        isOwner: link.isOwner,
        reason: link.reason,
      }}
      desk={fetched.desk}
      fetchedAt={fetched.at}
      failed={fetched.failed}
    />
  );
}
