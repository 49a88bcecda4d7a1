/**
 * Which tab of this browser leads, and what the tabs say to each other: a Web Lock and a BroadcastChannel.
 *
 * The lock passes on by itself when its tab closes or crashes. A tab that is about to be frozen gives it up; from one
 * that was stopped without warning it is taken. What a deposed leader still says is known by its term and not heard.
 * Each tab also holds a lock of its own, so that the others hear of its end however it comes.
 */

export interface Tabs<T> {
  /** Say `message` to all other tabs. */
  post(message: T): void;
  /** Take the lead from a tab that shows no life or is not looked at. */
  steal(): void;
  /** Call `gone` when `tab` has left, closed or crashed. */
  outlive(tab: string, gone: () => void): void;
  /** Give up the lead and hear nothing more. */
  leave(): void;
}

interface Letter<T> {
  /** Term of the leader that wrote this; 0 from any other tab. */
  term: number;
  message: T;
}

/**
 * Join the tabs that share `name`; undefined where the browser lacks the means.
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
  const { locks } = navigator;
  if (!locks || !window.BroadcastChannel) return undefined;
  const channel = new BroadcastChannel(name);
  let ownTerm = 0;
  let newest = 0;
  let waiting: AbortController | undefined;
  const left = new AbortController();
  const { signal } = left;

  function stay(): Promise<unknown> {
    return new Promise((done) => signal.addEventListener("abort", done));
  }

  function stepDown(): void {
    ownTerm = 0;
    follow();
  }

  function queue(steal?: LockOptions): void {
    waiting?.abort();
    const request = new AbortController();
    waiting = request;
    const hold = (): Promise<unknown> | undefined => {
      if (signal.aborted) return;
      newest = ownTerm = Math.max(newest + 1, Date.now());
      lead();
      return stay();
    };
    locks.request(name, steal ?? { signal: request.signal }, hold).catch((error: Error) => {
      if (signal.aborted || request.signal.aborted) return;
      if (ownTerm) stepDown();
      if (error.name !== "AbortError") alone();
      else if (waiting === request) queue(); // the lock was taken
    });
  }

  function own(tab: string, granted: () => unknown): void {
    locks.request(`${name} ${tab}`, { signal }, granted).catch(() => {});
  }

  channel.onmessage = ({ data }: MessageEvent<Letter<T>>) => {
    if (data.term && data.term < newest) return;
    if (data.term > newest) {
      newest = data.term;
      if (ownTerm) stepDown(); // the lock was taken while this tab stood still
    }
    hear(data.message, data.term > 0);
  };
  queue();
  own(self, stay);
  return {
    post: (message) => channel.postMessage({ term: ownTerm, message } satisfies Letter<T>),
    steal: () => queue({ steal: true }),
    outlive: own,
    leave: () => {
      left.abort();
      channel.close();
      waiting?.abort();
    },
  };
}
