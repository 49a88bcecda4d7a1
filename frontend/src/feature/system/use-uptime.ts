/** How long the link has been a stream since the page was loaded, whichever page was looked at meanwhile. */

import { changed, type Uptime } from "../../lib/uptime";
import { useStore } from "../../lib/use-store";
import { getConnection, pageNow } from "../../live";

let uptime: Uptime | undefined;

function take(): Uptime {
  const { state, since } = getConnection().status;
  uptime = uptime
    ? changed(uptime, state, since)
    : { state, since, startedAt: Math.min(since, pageNow() - performance.now()), before: 0 };
  return uptime;
}

/** Begin to count; once, when the app starts. */
export function followUptime(): void {
  take();
  getConnection().watch(take);
}

export function useUptime(): Uptime {
  return useStore((watcher) => getConnection().watch(watcher), take);
}
