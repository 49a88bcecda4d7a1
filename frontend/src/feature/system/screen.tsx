/** The System page with its data, asked for again every five seconds while it is looked at. */

import { useEffect, useMemo, useState } from "preact/hooks";
import type { BotsPageBundle, SystemMetrics } from "../../api/schema";
import { botsOf } from "../../bot/states";
import { ageCounts } from "../../lib/data-age";
import { useNow } from "../../lib/ticker";
import { troubleText } from "../../lib/trouble";
import { share } from "../../lib/uptime";
import { useShared } from "../../lib/use-shared";
import { wear } from "../../lib/wear";
import {
  type FetchError,
  fetchWithCache,
  getCacheStats,
  getStorageStats,
  pageNow,
  useLink,
  useSnapshot,
} from "../../live";
import { Skeleton } from "../../ui/skeleton";
import { SystemPage } from "./page";
import css from "./screen.css?inline";
import { useUptime } from "./use-uptime";

wear(css);

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
}

const WORDS = { connecting: "connecting", streaming: "pushed", polling: "polling", offline: "offline" } as const;

export default function SystemScreen({ isReady }: Props) {
  const [fetched, setFetched] = useState<Fetched>({});
  const link = useLink();
  const uptime = useUptime();
  const now = useNow(DRAW_MS);
  const { data } = useSnapshot<BotsPageBundle>("bots", "/api/bots/page");
  const bundle = useShared(data);
  const trouble = bundle?.errors?.watch;
  const bots = useMemo(() => (bundle ? botsOf(bundle) : []), [bundle]);
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
      bots={bots}
      watch={bundle?.watch}
      watchProblem={trouble && `${trouble.file} cannot be read (${trouble.reason}).`}
      desk={fetched.desk}
      fetchedAt={fetched.at}
      failed={fetched.failed}
    />
  );
}
