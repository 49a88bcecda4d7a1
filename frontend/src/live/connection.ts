/**
 * One stream a browser, watched over: the leading tab owns an EventSource and shares what it says with the other tabs;
 * polling takes over by itself while no stream works, and gives way when one does.
 *
 * What a page is told of liveness is when data was last *verified* against the desk, never the state of a socket.
 */

import { connectCache, NOT_DATA, revalidate } from "./clientCache.ts";
import { pageNow, wallAhead } from "./clock.ts";
import { BASE, versionOf } from "./entry.ts";
import { afterFirst } from "./first.ts";
import { type ConnectionOptions, type LinkStatus, span } from "./link.ts";
import { ROUTES, routeOf } from "./routes.ts";
import { type OpenStream, openStream, type Tags } from "./stream.ts";
import { holdSubscription } from "./subscription.ts";
import { joinTabs, type Tabs } from "./tabs.ts";
import { holdTopics, type Listener } from "./topics.ts";
import { type Cause, watchWake } from "./wake.ts";

type Message =
  | { kind: "data"; topic: string; text: string }
  | { kind: "alive"; status: LinkStatus; ahead: number; isHidden: boolean; tags: Tags }
  | { kind: "topics"; tab: string; topics: string[] }
  | { kind: "who" };

const LEADER_SILENCE = 3000; // three missed signs of life: the leader stands still
const HIDDEN_SILENCE = 90_000; // in the background a browser lets timers run once a minute
const RETRY_CAP = 15_000;
const SLOW_AFTER = 3000; // hidden for so long, no other tab has taken the lead: nobody looks
const SLOW = 5; // s between two pushes of a topic that nobody looks at
const MOST = 500; // topics of a stream, those of this tab before those of others
const NOTEWORTHY = 5000; // a gap shorter than this is not worth a sentence

/** The link of one tab. Most pages use the one that `getConnection` returns. */
export interface Connection {
  /** The present status; a new object after each change. */
  readonly status: LinkStatus;
  /** Call `watcher` after each change of the status or of what is verified; returns how to stop. */
  watch(watcher: () => void): () => void;
  /**
   * Call `listener` with the data of each push or newer answer of `topic`; returns how to stop.
   *
   * `etag` names what the caller has already: that is not sent again.
   */
  subscribe(topic: string, listener: Listener, etag?: string): () => void;
  /** Whether what is held of `topic` was compared with the desk since it was subscribed to. */
  isVerified(topic: string): boolean;
  /** Choose the milliseconds between polls, from now on. */
  setPollEvery(ms: number): void;
  /** Verify everything now: after sleep, a hidden spell or a lost network, `gap` ms long. */
  resync(gap?: number, cause?: Cause): Promise<void>;
  /** Close the stream, let another tab have it, and stop. */
  close(): void;
}

/** The status of another tab, whose page's time is `by` ms behind; a letter that waited is as old as it is. */
function translated(status: LinkStatus, by: number): LinkStatus {
  const moved = (at?: number): number | undefined => at && Math.min(at + by, pageNow());
  const { since, verifiedAt, provedAt, notedAt } = status;
  return {
    ...status,
    since: since + by,
    verifiedAt: moved(verifiedAt),
    provedAt: moved(provedAt),
    notedAt: moved(notedAt),
  };
}

/** Make the link of a tab. Nothing is opened before the first `subscribe`. */
export function createConnection(options: ConnectionOptions = {}): Connection {
  let { streamUrl, routes, silence, hello, pollEvery } = {
    streamUrl: ROUTES.stream,
    routes: ROUTES.topics,
    silence: 40_000,
    hello: 4000,
    pollEvery: 5000,
    ...options,
  };
  streamUrl = BASE + streamUrl;
  let status: LinkStatus = {
    state: "connecting",
    since: pageNow(),
    pollEvery,
    reconnects: 0,
    falls: 0,
    polls: 0,
    misfits: 0,
    isOwner: false,
  };
  const watchers = new Set<() => void>();
  const self = `${Math.random()}`;
  const others = new Map<string, string[]>();
  const timers: Record<string, ReturnType<typeof setTimeout> | undefined> = {};
  let tabs: Tabs<Message> | undefined;
  let stream: OpenStream | undefined;
  let isSlow = false;
  let stopWaking: (() => void) | undefined;
  let attempts = 0;
  let heardAt = 0;
  let isHeld = false;
  let isSolo = false;
  let hasStreamed = false;
  let applyDelta: typeof import("./delta.ts").applyDelta | undefined;
  /** What comes while the code for patches is on its way: a whole that overtook a patch would not be its base. */
  let early: (() => void)[] | undefined;

  const isReader = (): boolean => status.isOwner || isSolo;
  const isDown = (): boolean => status.state === "polling" || status.state === "offline";
  const topics = holdTopics(
    routes,
    isReader,
    (topic, data) => isReader() && share(topic, data),
    (isAll) => (isAll && isReader() ? set({ verifiedAt: pageNow() }) : notify()),
  );
  const mayOpen = afterFirst(routes, wanted, () => isReader() && open());
  const { begin, hold, greeted, lacking, regroup, end } = holdSubscription({
    url: streamUrl,
    patience: 2 * hello,
    routes,
    topics,
    isReader,
    wanted,
    pace,
    open,
  });
  connectCache({
    mayStore: isReader,
    isVerified: (name, entry) =>
      status.state === "streaming" &&
      !isSlow &&
      pageNow() - (status.verifiedAt ?? 0) < silence &&
      topics.vouches(name, entry),
    onAnswer: topics.answered,
    onTold: note,
  });

  async function resync(gap = 0, cause?: Cause): Promise<void> {
    if (!stopWaking) return;
    const isQuiet = pageNow() - heardAt > silence / 2;
    if (!isReader()) post({ kind: "who" });
    // What stood still is not trusted: its socket may be dead, or hold what is out of date by now.
    else if (!stream || isQuiet || cause !== "in the background") open();
    heardAt = pageNow();
    const isFine = await poll(topics.names(), true);
    if (isFine && gap >= NOTEWORTHY) set({ note: `resynced after ${span(gap)} ${cause}`, notedAt: pageNow() });
  }

  function start(): void {
    stopWaking = watchWake({
      away: leave,
      back: (gap, cause) => {
        if (!tabs && !isSolo) join();
        look();
        topics.flush();
        void resync(gap, cause);
      },
      hidden: () => (isSolo ? open() : look()),
      lost: probe,
      tick,
    });
    join();
  }

  /** Ask for less while nobody looks at any tab. */
  function look(): void {
    isSlow = false;
    after("slow", SLOW_AFTER, () => {
      isSlow = document.hidden;
      regroup();
    });
    regroup();
  }

  function join(): void {
    heardAt = pageNow();
    tabs = joinTabs<Message>(`aion_stream ${streamUrl}`, self, lead, follow, alone, hear);
    if (tabs) {
      post({ kind: "who" });
      announce();
    } else alone();
  }

  function alone(): void {
    tabs?.leave();
    tabs = undefined;
    isSolo = true;
    open();
  }

  function leave(): void {
    tabs?.leave();
    tabs = undefined;
    isSolo = false;
    rest();
  }

  /** Read no more: another tab does, or none. */
  function rest(): void {
    clearTimeout(timers.poll);
    shut();
    set({ isOwner: false });
  }

  function lead(): void {
    set({ isOwner: true });
    look();
    post({ kind: "who" });
    open();
    beAlive();
  }

  function follow(): void {
    rest();
    topics.begin(false);
    isSlow = false;
    heardAt = pageNow();
    announce();
  }

  function tick(): void {
    if (status.isOwner) beAlive();
    else if (tabs && pageNow() - heardAt > (document.hidden ? HIDDEN_SILENCE : LEADER_SILENCE)) steal();
  }

  function steal(): void {
    heardAt = pageNow();
    tabs?.steal();
  }

  function beAlive(): void {
    post({ kind: "alive", status, ahead: wallAhead(), isHidden: document.hidden, tags: topics.verifiedTags() });
  }

  function hear(message: Message, isLeader: boolean): void {
    const { isOwner } = status;
    if (isLeader) heardAt = pageNow();
    switch (message.kind) {
      case "data":
        topics.take(message.topic, message.text);
        break;
      case "alive":
        set({ ...translated(message.status, message.ahead - wallAhead() || 0), isOwner, pollEvery });
        if (!isOwner) isSlow = message.isHidden;
        if (status.state !== "offline") compare(message.tags);
        if (message.isHidden && !document.hidden) steal();
        break;
      case "topics":
        if (!others.has(message.tab)) {
          tabs?.outlive(message.tab, () => {
            others.delete(message.tab);
            regroup();
          });
        }
        others.set(message.tab, message.topics);
        regroup();
        break;
      case "who":
        if (isOwner) beAlive();
        else announce();
    }
  }

  function announce(): void {
    if (isReader()) regroup();
    else after("announce", 0, () => post({ kind: "topics", tab: self, topics: topics.names() }));
  }

  /** All topics that this browser's tabs want, in order. */
  function wanted(): string[] {
    return [...new Set([...topics.names(), ...[...others.values()].flat()])].slice(0, MOST).sort();
  }

  function pace(): number {
    return isSlow && status.isOwner ? SLOW : 0;
  }

  function open(): void {
    shut();
    if (!wanted().length || !mayOpen()) return;
    // A tab that cannot share streams for itself, and a browser has six connections: only what is looked at streams,
    // and the desk keeps count of those.
    const isLeftOut = isSolo && document.hidden;
    if (isLeftOut || !window.EventSource) {
      fall(isLeftOut ? "this tab is in the background" : "this browser has no EventSource");
      return;
    }
    const [names, query] = begin(isSolo);
    topics.keep(wanted());
    topics.begin(true);
    const limits = { hello, silence };
    stream = openStream(`${streamUrl}?${query}`, names, limits, {
      heard: () => {
        heardAt = pageNow();
      },
      hello: (theirs) => {
        note(theirs);
        greeted(theirs.stream);
        if (isHeld) return; // what it says may be old
        streaming();
        compare(theirs, true);
      },
      beat: (theirs, isProved) => {
        note(theirs);
        if (isProved) isHeld = false;
        if (isHeld) return;
        streaming();
        compare(theirs);
        beAlive();
      },
      proved: note,
      push: (topic, pushed) => inOrder(() => push(topic, pushed)),
      patch,
      hush: probe,
      fail: (reason, why) => {
        isHeld ||= why === "held";
        fail(reason, why === "bye" ? Math.random() * 1500 : undefined);
      },
    });
    hold(stream);
  }

  function note({ build, proved }: Tags, at = pageNow()): void {
    if (proved ?? status.proved) set({ proved, provedAt: at });
    if (build !== status.build) set({ build });
  }

  function inOrder(take: () => void): void {
    if (early) early.push(take);
    else take();
  }

  function patch(text: string): void {
    if (!applyDelta && !early) {
      const waiting: (() => void)[] = [];
      early = waiting;
      import("./delta.ts")
        .then((code) => {
          applyDelta = code.applyDelta;
        }, String) // each patch that waits for it asks for the whole
        .then(() => {
          if (early === waiting) early = undefined;
          for (const take of waiting) take();
        });
    }
    inOrder(() => {
      try {
        if (!applyDelta) throw Error();
        push(...applyDelta(text, topics.held));
      } catch {
        // It is not for what is held here, or cannot be read: ask for the whole.
        set({ misfits: status.misfits + 1 });
        void poll();
      }
    });
  }

  function push(topic: string, pushed: unknown): void {
    share(topic, pushed);
    topics.take(topic, pushed);
  }

  function streaming(): void {
    clearTimeout(timers.poll);
    attempts = 0;
    if (status.state === "streaming") return;
    if (hasStreamed) set({ reconnects: status.reconnects + 1 });
    hasStreamed = true;
    set({ state: "streaming", reason: undefined });
  }

  function compare(tags: Tags, isHello = false): void {
    const behind = topics.compare(tags, isReader() ? wanted() : topics.names());
    if (isReader() && !behind.length && !lacking().length) set({ verifiedAt: pageNow() });
    if (behind.length && !isHello) void poll(behind); // after hello the stream sends what lacks
  }

  function fail(reason: string, wait = Math.random() * Math.min(RETRY_CAP, 1000 * 2 ** attempts)): void {
    shut();
    attempts += 1;
    after("open", wait, open);
    fall(reason);
  }

  /** Poll until a stream works again. */
  function fall(reason: string): void {
    set({ reason });
    if (isDown()) return;
    const wait = status.state === "streaming" ? 300 : 0; // a desk that restarts may be back at once
    set({ state: "connecting" });
    after("poll", wait, pollOn);
  }

  async function pollOn(): Promise<void> {
    const isFine = await poll();
    if (!isReader() || status.state === "streaming") return;
    if (isFine && status.state !== "polling") set({ falls: status.falls + 1 });
    set({ state: isFine ? "polling" : "offline" });
    after("poll", pollEvery, pollOn);
  }

  /** Ask about a stream that should have said something. */
  async function probe(): Promise<void> {
    const isFine = await poll(wanted(), true);
    if (!isFine && stream) fail(status.reason ?? "");
  }

  /** Ask for `topics` (default: all) by conditional GET; true when every answer came. */
  async function poll(names = wanted(), anew = false): Promise<boolean> {
    const urls = names.flatMap((topic) => routeOf(routes, topic) ?? []);
    set({ polls: status.polls + urls.length });
    const ask = async (url: string): Promise<void> => {
      if (!versionOf(await revalidate(url, { anew }))) throw Error(NOT_DATA);
    };
    try {
      await Promise.all(urls.map(ask));
    } catch (error) {
      set({ reason: (error as Error).message });
      return false;
    }
    if (urls.length) set({ verifiedAt: pageNow() });
    return true;
  }

  function shut(): void {
    clearTimeout(timers.open);
    stream?.close();
    stream = undefined;
    end();
  }

  function after(name: string, ms: number, run: () => void): void {
    clearTimeout(timers[name]);
    timers[name] = setTimeout(run, ms);
  }

  /** Hand data to the other tabs, where there are any: copying it costs a page its frames. */
  function share(topic: string, data: unknown): void {
    if (others.size) post({ kind: "data", topic, text: typeof data === "string" ? data : JSON.stringify(data) });
  }

  function post(message: Message): void {
    tabs?.post(message);
  }

  function set(change: Partial<LinkStatus>): void {
    const before = status;
    status = { ...before, since: pageNow(), ...change };
    const { state } = status;
    if (state === before.state) status.since = change.since ?? before.since;
    else if (state === "streaming") console.info("SSE connected");
    else if (before.state === "streaming") console.info("SSE disconnected");
    notify();
  }

  function notify(): void {
    for (const watcher of [...watchers]) watcher();
  }

  return {
    get status() {
      return status;
    },
    watch: (watcher) => {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
    subscribe: (topic, listener, etag) => {
      const stop = topics.subscribe(topic, listener, etag);
      if (!stopWaking) start();
      announce();
      return () => {
        stop();
        announce();
      };
    },
    isVerified: topics.isVerified,
    setPollEvery: (ms) => {
      pollEvery = ms;
      set({ pollEvery });
      if (isReader() && isDown()) after("poll", pollEvery, pollOn);
    },
    resync,
    close: () => {
      leave();
      stopWaking?.();
      stopWaking = undefined;
    },
  };
}

let shared: Connection | undefined;

/** The connection of this tab, made on first use; `options` count then only. */
export function getConnection(options?: ConnectionOptions): Connection {
  shared ??= createConnection(options);
  return shared;
}
