/** React hooks: the data of a page, and the state of the link. */

import { useEffect, useState, useSyncExternalStore } from "react";
import { FetchError, getCached, NOT_DATA, peekCached, revalidate } from "./clientCache.ts";
import { getConnection } from "./connection.ts";
import type { LinkStatus } from "./link.ts";

export interface SnapshotOptions<T> {
  /** Tells data of the right form from what is foreign, which is not shown. Default: takes all objects. */
  accepts?: (data: T) => boolean;
}

export interface SnapshotResult<T> {
  /** The newest data; undefined when there has never been any. */
  data: T | undefined;
  /** This page's time at which `data` was kept, ms, NaN if unknown, while it was not verified since the page was opened. */
  keptAt: number | undefined;
  /** Why there is no newer data; undefined when all is well. */
  error: FetchError | undefined;
}

interface Held<T> {
  data?: T;
  keptAt?: number;
  etag?: string;
  error?: FetchError;
}

/** Milliseconds in which a stream that works is to bring what a page lacks. */
const STREAM_FIRST = 300;

function isTaken<T>(data: T, accepts: (data: T) => boolean): boolean {
  return data instanceof Object && accepts(data);
}

function kept<T>(url: string, accepts: (data: T) => boolean): Held<T> {
  const entry = peekCached<T>(url);
  if (!entry || !isTaken(entry.data, accepts)) return {};
  return { data: entry.data, keptAt: entry.at ?? Number.NaN, etag: entry.etag };
}

/**
 * The data of `topic`, whose route is `url`: from the cache in the first frame, verified by a conditional GET or the
 * stream at once, replaced by each push. A GET that fails is tried again until something comes.
 */
export function useSnapshot<T>(
  topic: string,
  url: string,
  { accepts = () => true }: SnapshotOptions<T> = {},
): SnapshotResult<T> {
  const connection = getConnection();
  const [held, setHeld] = useState(() => kept(url, accepts));
  const isVerified = useSyncExternalStore(connection.watch, () => connection.isVerified(topic));
  // biome-ignore lint/correctness/useExhaustiveDependencies: what was held on the first frame is all that counts
  useEffect(() => {
    let isOver = false;
    let retry: ReturnType<typeof setTimeout>;
    const take = (data: unknown): void => {
      if (!isTaken(data as T, accepts)) refuse(new FetchError(url, 200, NOT_DATA));
      else if (!isOver) {
        clearTimeout(retry);
        setHeld({ data: data as T });
      }
    };
    const refuse = (error: FetchError): void => {
      if (isOver) return;
      setHeld((now) => ({ ...now, error }));
      clearTimeout(retry);
      retry = setTimeout(ask, connection.status.pollEvery);
    };
    const ask = (): void => {
      revalidate<T>(url).then(take, refuse);
    };
    const stop = connection.subscribe(topic, take, held.etag);
    const isOld = !held.data || getCached(url) === null;
    // A stream that works brings it, or says that it is right.
    if (isOld && connection.status.state !== "streaming") ask();
    else if (isOld) retry = setTimeout(() => (held.data && connection.isVerified(topic)) || ask(), STREAM_FIRST);
    return () => {
      isOver = true;
      stop();
      clearTimeout(retry);
    };
  }, [connection, topic, url]);
  return { data: held.data, keptAt: isVerified ? undefined : held.keptAt, error: held.error };
}

/** The state of the link, for a chip. */
export function useLink(): LinkStatus {
  const connection = getConnection();
  return useSyncExternalStore(connection.watch, () => connection.status);
}
