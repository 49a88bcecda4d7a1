/** Data of a route that is fetched, not pushed: kept while it is fetched again, with the time of the last answer. */

import { useEffect, useRef, useState } from "preact/hooks";
import { pageNow } from "../live";
import { at } from "./base";

/** Least milliseconds between two fetches of one route: a fast replay changes more often than anybody reads. */
const LEAST_PAUSE_MS = 3000;
const RETRY_MS = 5000;

export interface Fetched<T> {
  data: T | undefined;
  /** Wall time of the answer that `data` is of, ms. */
  at: number | undefined;
  /** Why there is nothing newer; empty when all is well. */
  error: string;
  /** HTTP status of a refusal, 0 when nothing answered. */
  status: number | undefined;
  /** Fetch now. */
  again: () => void;
}

interface Held<T> {
  url: string;
  data?: T;
  at?: number;
  error: string;
  status?: number;
}

/** Fetches one route again and again, one fetch at a time; what is asked for meanwhile is done after it. */
class Fetcher<T> {
  #abort = new AbortController();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #startedAt = Number.NEGATIVE_INFINITY;
  #isBusy = false;
  #isDirty = false;

  constructor(
    readonly url: string,
    readonly take: (change: (before: Held<T>) => Held<T>) => void,
  ) {}

  /** Fetch as soon as the pause since the last fetch allows; `now` does not wait for it. */
  ask(now = false): void {
    if (this.#isBusy) {
      this.#isDirty = true;
      return;
    }
    clearTimeout(this.#timer);
    const pause = now ? 0 : Math.max(0, this.#startedAt + LEAST_PAUSE_MS - performance.now());
    this.#timer = setTimeout(() => void this.#load(), pause);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#abort.abort();
  }

  async #load(): Promise<void> {
    const { url } = this;
    this.#startedAt = performance.now();
    this.#isBusy = true;
    this.#isDirty = false;
    let failed: number | undefined;
    try {
      const answer = await fetch(at(url), { signal: this.#abort.signal });
      const found: unknown = await answer.json();
      if (!answer.ok) throw Object.assign(new Error(detailOf(found, answer.status)), { status: answer.status });
      this.take(() => ({ url, data: found as T, at: pageNow(), error: "" }));
    } catch (error) {
      if (this.#abort.signal.aborted) return;
      const { status = 0, message } = error as Error & { status?: number };
      failed = status;
      const text = status === 0 ? "cannot reach the desk" : message;
      this.take((before) => ({ ...(before.url === url ? before : { url }), error: text, status }));
    }
    this.#isBusy = false;
    if (this.#isDirty) this.ask();
    else if (failed !== undefined && failed !== 404) this.#timer = setTimeout(() => void this.#load(), RETRY_MS);
  }
}

/** Fetch `url`, and again soon after `version` changed; undefined fetches nothing. */
export function useFetched<T>(url: string | undefined, version: string): Fetched<T> {
  const [held, setHeld] = useState<Held<T>>({ url: "", error: "" });
  const fetcher = useRef<Fetcher<T> | undefined>();

  useEffect(() => {
    if (!url) return;
    const made = new Fetcher<T>(url, setHeld);
    fetcher.current = made;
    return () => {
      made.close();
      fetcher.current = undefined;
    };
  }, [url]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: another version or route is to be fetched
  useEffect(() => fetcher.current?.ask(), [url, version]);

  const mine = held.url === url ? held : undefined;
  return {
    data: mine?.data,
    at: mine?.at,
    error: mine?.error ?? "",
    status: mine?.status,
    again: () => fetcher.current?.ask(true),
  };
}

function detailOf(found: unknown, status: number): string {
  const detail = (found as { detail?: unknown } | null)?.detail;
  return typeof detail === "string" ? detail : `the desk answered ${status}`;
}
