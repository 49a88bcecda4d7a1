/** The System page with its data, asked for again every five seconds while it is looked at. */

import { useEffect, useMemo, useState } from "preact/hooks";
import type { SystemMetrics } from "../../api/schema";
import type { Bot } from "../../lib/bot";
import { ageCounts } from "../../lib/data-age";
import type { Roster } from "../../lib/roster";
import { useNow } from "../../lib/ticker";
import { troubleText } from "../../lib/trouble";
import { share } from "../../lib/uptime";
import { wear } from "../../lib/wear";
import { type FetchError, fetchWithCache, getCacheStats, getStorageStats, pageNow, useLink } from "../../live";
import { Skeleton } from "../../ui/skeleton";
import { SystemPage } from "./page";
import css from "./screen.css?inline";
import { useUptime } from "./use-uptime";

wear(css);

const NONE: readonly Bot[] = [];
const EVERY_MS = 5000;
const DRAW_MS = 1000; // counters of this page itself

interface Fetched {
  desk?: SystemMetrics;
  at?: number;
  failed?: string;
}

interface Props {
  /** True once the bots are known, or cannot be had. */
  isReady: boolean;
  roster: Roster | undefined;
}

const WORDS = { connecting: "connecting", streaming: "pushed", polling: "polling", offline: "offline" } as const;

export default function SystemScreen({ isReady, roster }: Props) {
  const [fetched, setFetched] = useState<Fetched>({});
  const link = useLink();
  const uptime = useUptime();
  const now = useNow(DRAW_MS);
  const trouble = roster?.errors?.watch;
  useEffect(() => {
    let isOver = false;
    const ask = (): void => {
      if (document.visibilityState !== "visible") return;
      fetchWithCache<SystemMetrics>("/api/metrics", { ttl: EVERY_MS - 500 }).then(
        (desk) => !isOver && setFetched({ desk, at: pageNow() }),
        (error: FetchError) => !isOver && setFetched((before) => ({ ...before, failed: troubleText(error) })),
      );
    };
    ask();
    const timer = setInterval(ask, EVERY_MS);
    return () => {
      isOver = true;
      clearInterval(timer);
    };
  }, []);
  // biome-ignore lint/correctness/useExhaustiveDependencies: reading localStorage once a second is enough
  const cache = useMemo(() => ({ ...getCacheStats(), ...getStorageStats() }), [now]);
  if (!isReady) return <Skeleton />;
  return (
    <SystemPage
      cache={cache}
      stream={{
        state: WORDS[link.state],
        since: link.state === "streaming" ? link.since : undefined,
        uptime: share(uptime, pageNow()),
        reconnects: link.reconnects,
        falls: link.falls,
        polls: link.polls,
        misfits: link.misfits,
        isOwner: link.isOwner,
        reason: link.state === "streaming" ? undefined : link.reason,
      }}
      ages={ageCounts()}
      bots={roster?.bots ?? NONE}
      watch={roster?.watch}
      watchProblem={trouble && `${trouble.file} cannot be read (${trouble.reason}).`}
      desk={fetched.desk}
      fetchedAt={fetched.at}
      failed={fetched.failed}
    />
  );
}
