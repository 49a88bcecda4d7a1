/**
 * Which tab of this browser leads, and what the tabs say to each other: a BroadcastChannel, and a Web Lock where there is
 * one.
 *
 * The lock passes on by itself when its tab closes or crashes. A tab that is about to be frozen gives it up; from one
 * that was stopped without warning it is taken. What a deposed leader still says is known by its term and not heard.
 * Each tab also holds a lock of its own, so that the others hear of its end however it comes.
 *
 * Plain HTTP on a network has no locks, and some locks are never granted. Then the tabs vote: who wants to lead says so
 * with its rank, and leads when nobody better, and no leader, is heard for a moment. A tab that leaves says so; a leader
 * that crashed is missed.
 */

import { pageNow } from "./clock.ts";
import { attempt } from "./entry.ts";

export interface Tabs<T> {
  /** Say `message` to all other tabs. */
  post(message: T): void;
  /** Take the lead from a tab that shows no life or is not looked at. */
  steal(): void;
  /** Call `gone` when `tab` has left or closed; with locks also when it crashed. */
  outlive(tab: string, gone: () => void): void;
  /** Give up the lead and hear nothing more. */
  leave(): void;
}

interface Letter<T> {
  /** Term of the leader that wrote this; 0 from any other tab. */
  term: number;
  message?: T;
  /** Rank of a tab that wants to lead: the lowest does. */
  rank?: string;
  /** Tab that leaves. */
  bye?: string;
}

const PATIENCE = 1500; // ms for a lock to be granted, or its holder to be heard
const STEP = 80; // ms between two looks of a vote at what has come meanwhile: a page that loads hears late
const STEPS = 3;

/**
 * Join the tabs that share `name`; undefined where the browser lacks the means or refuses them.
 *
 * @param self What the others call this tab.
 * @param lead Called when this tab leads from now on.
 * @param follow Called when another tab has taken the lead.
 * @param alone Called when the browser turns out to refuse what sharing needs.
 * @param hear Called with what another tab said and is not out of date.
 */
export function joinTabs<T>(
  name: string,
  self: string,
  lead: () => void,
  follow: () => void,
  alone: () => void,
  hear: (message: T, isLeader: boolean) => void,
): Tabs<T> | undefined {
  const channel = attempt(() => new BroadcastChannel(name));
  if (!channel) return undefined;
  const { locks } = navigator;
  let ownTerm = 0;
  let newest = 0;
  let isVoting = !locks;
  let isHeard = false;
  let vote: ReturnType<typeof setTimeout> | undefined;
  let waiting: AbortController | undefined;
  const left = new AbortController();
  const { signal } = left;
  const leaving = new Map<string, () => void>();

  function stay(): Promise<unknown> {
    return new Promise((done) => signal.addEventListener("abort", done));
  }

  function rank(): string {
    return +document.hidden + self;
  }

  function send(letter?: Partial<Letter<T>>): void {
    const isSent = attempt(() => {
      channel?.postMessage({ term: ownTerm, rank: vote && rank(), ...letter } satisfies Letter<T>);
      return true;
    });
    if (!isSent && !signal.aborted) alone();
  }

  function take(): void {
    withdraw();
    isHeard = true;
    // Above all terms before it, also those of tabs that are gone: by this page's time, which may be behind theirs.
    const last = Number(attempt(() => localStorage.getItem(name))) || 0;
    newest = ownTerm = Math.max(newest, pageNow(), last) + 1 + Math.random();
    attempt(() => localStorage.setItem(name, `${ownTerm}`));
    lead();
  }

  function stepDown(): void {
    ownTerm = 0;
    follow();
  }

  /** Want to lead; the next letter says so. */
  function stand(steps = STEPS): void {
    vote = setTimeout(() => (steps ? stand(steps - 1) : take()), STEP);
  }

  function claim(): void {
    isVoting = true;
    if (!vote) stand();
    send();
  }

  function withdraw(): void {
    clearTimeout(vote);
    vote = undefined;
  }

  /** Vote where neither the lock comes nor a leader is heard. */
  function watch(): void {
    isHeard = false;
    setTimeout(() => isHeard || signal.aborted || claim(), PATIENCE);
  }

  function queue(steal?: LockOptions): void {
    waiting?.abort();
    const request = new AbortController();
    waiting = request;
    const hold = (): Promise<unknown> | undefined => {
      if (signal.aborted || isVoting) return;
      take();
      return stay();
    };
    ask(name, steal ?? { signal: request.signal }, hold).catch((error: Error) => {
      if (signal.aborted || request.signal.aborted) return;
      if (ownTerm) stepDown();
      if (error.name !== "AbortError") claim();
      else if (waiting === request) queue(); // the lock was taken
    });
  }

  async function ask(lock: string, options: LockOptions, granted: () => unknown): Promise<unknown> {
    return locks.request(lock, options, granted);
  }

  function own(tab: string, granted: () => unknown): void {
    ask(`${name} ${tab}`, { signal }, granted).catch(() => {});
  }

  channel.onmessage = ({ data }: MessageEvent<Letter<T>>) => {
    const { term, message, bye } = data;
    if (vote && data.rank) {
      if (data.rank < rank()) withdraw();
      else send();
    }
    if (term && term < newest) {
      if (ownTerm) send(); // who does not know yet that it was deposed hears it
      return;
    }
    if (term > newest) {
      newest = term;
      withdraw();
      if (ownTerm) stepDown(); // the lead was taken while this tab stood still
    }
    isHeard ||= term > 0;
    if (message) hear(message, term > 0);
    if (bye) {
      leaving.get(bye)?.();
      if (term && isVoting) claim();
    }
  };
  if (locks) {
    queue();
    watch();
    own(self, stay);
  } else stand();
  return {
    post: (message) => send({ message }),
    steal: () => {
      if (isVoting) claim();
      else {
        queue({ steal: true });
        watch();
      }
    },
    outlive: (tab, gone) => {
      if (isVoting) leaving.set(tab, gone);
      else own(tab, gone);
    },
    leave: () => {
      left.abort();
      withdraw();
      send({ bye: self });
      channel.close();
      waiting?.abort();
    },
  };
}
