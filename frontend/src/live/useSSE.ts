/** The React hook of the streams. */

import { useEffect, useRef, useState, useSyncExternalStore } from "react";
import { getConnection } from "./connection.ts";

export interface SSEOptions<T> {
  /** Route of a stream: its last word names the topic, so `/events/notes` and `/other/events/notes` are one. */
  url: string;
  /** False to hear nothing. Default true. */
  enabled?: boolean;
  /** Called with each push, before the cache is written. */
  onData?: (data: T) => void;
}

export interface SSEResult<T> {
  /** The newest push; undefined before the first. */
  data: T | undefined;
  /** True while a stream of this browser works. */
  isConnected: boolean;
}

/** The topic that a stream's route names. */
export function topicOf(url: string): string {
  return new URL(url, "http://x").pathname.split("/").pop() as string;
}

/** Hear the pushes of one stream; all uses in all tabs share one connection. */
export function useSSE<T>({ url, enabled = true, onData }: SSEOptions<T>): SSEResult<T> {
  const [data, setData] = useState<T>();
  const heard = useRef(onData);
  heard.current = onData;
  const connection = getConnection();
  const state = useSyncExternalStore(connection.watch, () => connection.status.state);
  const topic = topicOf(url);
  useEffect(() => {
    if (!enabled) return;
    return connection.subscribe(topic, (next) => {
      setData(next as T);
      heard.current?.(next as T);
    });
  }, [connection, topic, enabled]);
  return { data, isConnected: enabled && state === "streaming" };
}
