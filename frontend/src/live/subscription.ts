/**
 * What the open stream carries: its topics and its pace follow what the tabs want, by a request beside it, not by another
 * stream. What cannot be told in time is told by another stream.
 */

import { pageNow } from "./clock.ts";
import type { OpenStream, Tags } from "./stream.ts";
import type { Topics } from "./topics.ts";

const REGROUP = 5000; // a topic that nobody wants any more is left on the stream for so long
const STEP = 50; // between two changes of the stream's topics: those of one moment go together
const FITS = 4000; // characters of a stream's URL; the topics that are left come with a change
const REFUSED = [400, 403, 405, 413]; // a change that is refused so is refused again: the URL has all from then on

export interface SubscriptionOptions {
  /** Where a change is posted to. */
  url: string;
  /** Milliseconds in which it must be answered. */
  patience: number;
  /** Topics -> routes; patches of all of them are taken. */
  routes: Record<string, string>;
  topics: Topics;
  /** Whether this tab has the stream. */
  isReader: () => boolean;
  /** All topics that this browser's tabs want, in order. */
  wanted: () => string[];
  /** Seconds between two pushes of a topic, 0 for the desk's own pace. */
  pace: () => number;
  /** Open another stream. */
  open: () => void;
}

export interface Subscription {
  /** What is wanted for a stream to be opened, as much as fits into its URL, and the query for it. */
  begin(isAlone: boolean): [names: string[], query: string];
  /** Change this stream, which was opened with that. */
  hold(stream: OpenStream): void;
  /** It has said hello, and which one it is where it can be changed. */
  greeted(id: string | undefined): void;
  /** Those of the topics wanted that it does not have. */
  lacking(): string[];
  /** Change it soon when it lacks a topic or nobody looks; some time later when it has a topic too many. */
  regroup(): void;
  /** It is over. */
  end(): void;
}

/** Hold what the stream carries. */
export function holdSubscription(options: SubscriptionOptions): Subscription {
  const { url, patience, routes, topics, isReader, wanted, pace, open } = options;
  let stream: OpenStream | undefined;
  let id: string | undefined;
  let names: string[] = [];
  let paced = 0;
  let isGreeted = false;
  let isChanging = false;
  let isFixed = false;
  let changedAt = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const lacking = (): string[] => wanted().filter((topic) => !names.includes(topic));

  function regroup(): void {
    clearTimeout(timer);
    if (!isReader() || isChanging || (stream && !isGreeted)) return; // what comes of it looks again
    const isOff = lacking().length > 0 || (id && paced !== pace());
    if (isOff || wanted().length < names.length) {
      timer = setTimeout(change, isOff ? Math.max(0, changedAt + STEP - pageNow()) : REGROUP);
    }
  }

  /** Let the open stream have what is wanted now; open another one where that cannot be. */
  async function change(): Promise<void> {
    const changed = stream;
    if (!isReader()) return;
    if (!changed || !id) {
      open();
      return;
    }
    const next = wanted();
    const added = lacking();
    const body = { stream: id, topics: next, have: topics.have(added), pace: pace() };
    changed.listen(added);
    isChanging = true;
    const method = "POST";
    const headers = { "content-type": "application/json" };
    const signal = AbortSignal.timeout(patience);
    try {
      const answer = await fetch(url, { method, headers, body: JSON.stringify(body), signal });
      const { tags } = (await answer.json()) as { tags: Tags };
      if (changed !== stream) return;
      isFixed ||= REFUSED.includes(answer.status);
      if (!answer.ok) throw Error();
      topics.compare(tags, added);
      topics.keep(next);
      names = next;
      paced = body.pace;
    } catch {
      if (changed === stream) open();
    } finally {
      if (changed === stream) {
        isChanging = false;
        changedAt = pageNow();
        regroup();
      }
    }
  }

  return {
    lacking,
    regroup,
    begin: (isAlone) => {
      const all = wanted();
      for (let count = all.length; ; count = Math.ceil(count * 0.8)) {
        names = all.slice(0, count);
        const have = Object.entries(topics.have(names)).map(([topic, tag]) => `${topic}:${tag}`);
        const query = `topics=${names}&beats=1&patches=${Object.keys(routes)}${have.length ? `&have=${encodeURIComponent(have.join())}` : ""}${isAlone ? "&alone=1" : ""}`;
        if (isFixed || query.length < FITS || count === 1) return [names, query];
      }
    },
    hold: (opened) => {
      stream = opened;
    },
    greeted: (theirs) => {
      isGreeted = true;
      id = isFixed ? undefined : theirs;
      isFixed ||= !theirs;
      regroup();
    },
    end: () => {
      clearTimeout(timer);
      stream = id = undefined;
      names = [];
      paced = 0;
      isGreeted = isChanging = false;
    },
  };
}
