import { useEffect, useState, useSyncExternalStore } from "react";
import { FetchError, peekCached, revalidate } from "./clientCache.ts";
import { getConnection, type LinkStatus } from "./connection.ts";

export interface SnapshotResult<T> {
  /** The newest data; undefined when there has never been any. */
  data: T | undefined;
  /** Wall time at which `data` was kept, ms, while it has not been verified since this page was opened. */
  keptAt: number | undefined;
  /** Why there is no newer data; undefined when all is well. */
  error: FetchError | undefined;
}

interface Held<T> {
  data?: T;
  keptAt?: number;
  error?: FetchError;
}

/**
 * The data of `topic`, whose route is `url`: from the cache in the first frame, verified by a conditional GET at once,
 * replaced by each push.
 */
export function useSnapshot<T>(topic: string, url: string): SnapshotResult<T> {
  const [held, setHeld] = useState<Held<T>>(() => {
    const kept = peekCached<T>(url);
    return kept ? { data: kept.data, keptAt: kept.timestamp } : {};
  });
  useEffect(() => {
    let isOver = false;
    const take = (next: Held<T>): void => {
      if (!isOver) setHeld(next);
    };
    const stop = getConnection().subscribe(topic, (data) => take({ data: data as T }));
    revalidate<T>(url).then(
      (data) => take({ data }),
      (error: unknown) => {
        const reason = error instanceof FetchError ? error : new FetchError(url, 0, String(error));
        if (!isOver) setHeld((now) => ({ ...now, error: reason }));
      },
    );
    return () => {
      isOver = true;
      stop();
    };
  }, [topic, url]);
  return { data: held.data, keptAt: held.keptAt, error: held.error };
}

/** The state of the link, for a chip. */
export function useLink(): LinkStatus {
  const connection = getConnection();
  return useSyncExternalStore(
    (watcher) => connection.watch(watcher),
    () => connection.status,
  );
}
