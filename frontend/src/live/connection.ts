/**
 * One stream a browser, watched over: the tab that holds a Web Lock owns an EventSource and shares what it says with
 * the other tabs; polling takes over by itself while no stream works, and gives way when one does.
 *
 * What a page is told of liveness is when data was last *verified* against the desk, never the state of a socket.
 */

import { cacheKey, connectCache, peekCached, revalidate, versionOf, writeThrough } from "./clientCache.ts";

export type LinkState = "connecting" | "streaming" | "polling" | "offline";

export interface LinkStatus {
  state: LinkState;
  /** Wall time at which shown data was last known to be what the desk has, ms; undefined before the first time. */
  verifiedAt?: number;
  /** Wall time at which the present state began, ms. */
  since: number;
  /** Milliseconds between two polls. */
  pollEvery: number;
  /** Streams opened after the first. */
  reconnects: number;
  /** Polls sent so far. */
  polls: number;
  /** True in the tab that holds the stream. */
  isOwner: boolean;
  /** Why the stream does not work, for people. */
  reason?: string;
}

export interface ConnectionOptions {
  /** Route of the multiplexed stream. Default `/api/events`. */
  streamUrl?: string;
  /** Topic -> route of its conditional GET. Topics without one (log lines) are pushed only. */
  routes?: Record<string, string>;
  /** Milliseconds between polls while no stream works: 2000, 5000 or 15000. Default 5000. */
  pollEvery?: number;
  /** Milliseconds without any event after which a stream counts as dead. Default 40000: two heartbeats and a bit. */
  silence?: number;
  /** Milliseconds in which a stream must say hello: later means that something on the way buffers. Default 4000. */
  hello?: number;
}

type Listener = (data: unknown) => void;
interface TopicState {
  listeners: Set<Listener>;
  etag?: string;
}
type Message =
  | { kind: "data"; topic: string; text: string }
  | { kind: "alive"; status: LinkStatus; hidden: boolean; tags: Record<string, string | undefined> }
  | { kind: "topics"; tab: string; topics: string[] }
  | { kind: "gone"; tab: string }
  | { kind: "want" }
  | { kind: "who" };

const ALIVE_EVERY = 2000;
const OWNER_SILENCE = 6000; // three missed signs of life: the owner is frozen or gone
const RETRY_CAP = 15_000;
const LOCK = "aion_stream";

/** The link of one tab. Most pages use the one that `getConnection` returns. */
export class Connection {
  #options: Required<ConnectionOptions>;
  #topics = new Map<string, TopicState>();
  #watchers = new Set<() => void>();
  #status: LinkStatus;
  #tab = Math.random().toString(36).slice(2);
  #source: EventSource | null = null;
  #sourceTopics = "";
  #channel: BroadcastChannel | null = null;
  #others = new Map<string, string[]>();
  #attempts = 0;
  #opened = 0;
  #timers: Record<string, ReturnType<typeof setTimeout> | undefined> = {};
  #release: (() => void) | null = null;
  #ownerSeen = 0;
  #isStarted = false;
  #isSolo = false;

  constructor(options: ConnectionOptions = {}) {
    this.#options = {
      streamUrl: "/api/events",
      routes: { bots: "/api/bots/page", intraday: "/api/intraday/snapshot" },
      pollEvery: 5000,
      silence: 40_000,
      hello: 4000,
      ...options,
    };
    const { pollEvery } = this.#options;
    this.#status = { state: "connecting", since: Date.now(), pollEvery, reconnects: 0, polls: 0, isOwner: false };
    connectCache({
      mayStore: () => this.#status.isOwner || this.#isSolo,
      isVerified: (key, entry) => this.#holds(key, entry.etag),
    });
  }

  /** The present status; a new object after each change. */
  get status(): LinkStatus {
    return this.#status;
  }

  /** Call `watcher` after each change of the status; returns how to stop. */
  watch(watcher: () => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  /** Call `listener` with the data of each push or newer poll of `topic`; returns how to stop. */
  subscribe(topic: string, listener: Listener): () => void {
    let state = this.#topics.get(topic);
    if (!state) {
      state = { listeners: new Set(), etag: this.#peekTag(topic) };
      this.#topics.set(topic, state);
    }
    state.listeners.add(listener);
    this.#start();
    this.#announce();
    return () => {
      state.listeners.delete(listener);
      if (state.listeners.size === 0) this.#topics.delete(topic);
      this.#announce();
    };
  }

  /** Choose the milliseconds between polls; takes effect at the next one. */
  setPollEvery(ms: number): void {
    this.#options.pollEvery = ms;
    this.#set({ pollEvery: ms });
  }

  /** Verify everything now: after sleep, a hidden spell or a lost network. */
  resync(): void {
    if (!this.#isStarted) return;
    if (this.#isReader() && !this.#source) this.#open();
    if (this.#isReader()) void this.#poll();
    else this.#post({ kind: "who" });
  }

  /** Close the stream and let another tab have it. */
  close(): void {
    this.#post({ kind: "gone", tab: this.#tab });
    this.#shut();
    for (const timer of Object.values(this.#timers)) clearTimeout(timer);
    this.#release?.();
    this.#channel?.close();
    this.#isStarted = false;
  }

  #start(): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    addEventListener("online", () => this.resync());
    addEventListener("pageshow", (event) => event.persisted && this.resync());
    addEventListener("pagehide", () => this.#post({ kind: "gone", tab: this.#tab }));
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible") this.resync();
    });
    if (typeof BroadcastChannel === "undefined" || !navigator.locks) {
      this.#isSolo = true;
      this.#open();
      return;
    }
    this.#channel = new BroadcastChannel(LOCK);
    this.#channel.onmessage = ({ data }) => this.#hear(data as Message);
    this.#ownerSeen = Date.now();
    this.#queue(false);
    this.#every("watch", ALIVE_EVERY, () => this.#watchOwner());
  }

  /** Wait for the lock, or take it from an owner that shows no life. */
  #queue(steal: boolean): void {
    const hold = (): Promise<void> =>
      new Promise((release) => {
        this.#release = release;
        this.#set({ isOwner: true });
        this.#post({ kind: "who" });
        this.#open();
        this.#every("alive", ALIVE_EVERY, () => this.#beAlive());
      });
    navigator.locks.request(LOCK, steal ? { steal: true } : {}, hold).then(
      () => this.#follow(),
      () => this.#follow(), // stolen: this tab was frozen, and another one has the stream now
    );
  }

  #follow(): void {
    if (!this.#isStarted) return;
    this.#release = null;
    clearTimeout(this.#timers.alive);
    clearTimeout(this.#timers.poll);
    this.#shut();
    this.#ownerSeen = Date.now();
    this.#set({ isOwner: false });
    this.#announce();
    this.#queue(false);
  }

  #watchOwner(): void {
    if (this.#status.isOwner || document.visibilityState !== "visible") return;
    if (Date.now() - this.#ownerSeen > OWNER_SILENCE) {
      this.#ownerSeen = Date.now();
      this.#queue(true);
    }
  }

  #beAlive(): void {
    const tags = Object.fromEntries([...this.#topics].map(([topic, { etag }]) => [topic, etag]));
    this.#post({ kind: "alive", status: this.#status, hidden: document.visibilityState !== "visible", tags });
  }

  #hear(message: Message): void {
    const { isOwner } = this.#status;
    switch (message.kind) {
      case "data":
        if (!isOwner) this.#apply(message.topic, message.text);
        break;
      case "alive":
        if (isOwner) break;
        this.#ownerSeen = Date.now();
        this.#set({ ...message.status, isOwner: false });
        this.#catchUp(message.tags);
        if (message.hidden && document.visibilityState === "visible") this.#post({ kind: "want" });
        break;
      case "want":
        if (isOwner && document.visibilityState !== "visible") this.#release?.();
        break;
      case "topics":
        this.#others.set(message.tab, message.topics);
        if (isOwner) this.#reopenIfNeeded();
        break;
      case "gone":
        this.#others.delete(message.tab);
        break;
      case "who":
        if (isOwner) this.#beAlive();
        else this.#announce();
    }
  }

  /** Fetch what the owner has and this tab, asleep or just opened, has not. */
  #catchUp(tags: Record<string, string | undefined>): void {
    const behind = [...this.#topics].filter(([topic, { etag }]) => tags[topic] && tags[topic] !== etag);
    if (behind.length) void this.#poll(behind.map(([topic]) => topic));
  }

  #announce(): void {
    if (this.#isReader()) this.#reopenIfNeeded();
    else this.#post({ kind: "topics", tab: this.#tab, topics: [...this.#topics.keys()] });
  }

  /** All topics that this browser's tabs want, in order. */
  #wanted(): string[] {
    return [...new Set([...this.#topics.keys(), ...[...this.#others.values()].flat()])].sort();
  }

  #isReader(): boolean {
    return this.#status.isOwner || this.#isSolo;
  }

  #reopenIfNeeded(): void {
    const missing = this.#wanted().some((topic) => !this.#sourceTopics.split(",").includes(topic));
    if (missing) this.#after("reopen", 0, () => this.#open());
  }

  #open(): void {
    this.#shut();
    const topics = this.#wanted();
    if (topics.length === 0 || typeof EventSource === "undefined") {
      if (topics.length) this.#fall("this browser has no EventSource");
      return;
    }
    const have = topics.flatMap((topic) => {
      const tag = this.#topics.get(topic)?.etag;
      return tag ? [`${topic}:${tag}`] : [];
    });
    const query = `topics=${topics.join(",")}${have.length ? `&have=${encodeURIComponent(have.join(","))}` : ""}`;
    const { streamUrl, hello } = this.#options;
    const source = new EventSource(`${streamUrl}?${query}`);
    this.#source = source;
    this.#sourceTopics = topics.join(",");
    if (this.#opened++) this.#set({ reconnects: this.#status.reconnects + 1 });
    this.#after("hello", hello, () => this.#fail("the stream says nothing: something on the way holds it back"));
    source.addEventListener("hello", (event) => this.#greeted(event.data));
    source.addEventListener("hb", (event) => this.#verify(event.data));
    source.addEventListener("bye", () => this.#fail("the desk restarts", Math.random() * 1500));
    source.onerror = () => this.#fail("the stream broke");
    for (const topic of topics) {
      source.addEventListener(topic, (event: MessageEvent<string>) => {
        this.#alive();
        this.#apply(topic, event.data);
        this.#post({ kind: "data", topic, text: event.data });
      });
    }
  }

  #greeted(text: string): void {
    clearTimeout(this.#timers.hello);
    clearTimeout(this.#timers.poll);
    this.#attempts = 0;
    if (this.#status.state !== "streaming") console.info("SSE connected");
    this.#set({ state: "streaming", reason: undefined });
    this.#verify(text, true);
  }

  /** Compare the desk's tags with ours: equal verifies what is shown, different means that an event was lost. */
  #verify(text: string, isHello = false): void {
    this.#alive();
    let tags: Record<string, string>;
    try {
      tags = JSON.parse(text) as Record<string, string>;
    } catch {
      return;
    }
    const behind = [...this.#topics].filter(([topic, { etag }]) => {
      return this.#options.routes[topic] && tags[topic] && tags[topic] !== etag;
    });
    if (behind.length === 0) this.#set({ verifiedAt: Date.now() });
    else if (!isHello) void this.#poll(behind.map(([topic]) => topic)); // after hello the stream sends what lacks
    if (!isHello) this.#beAlive();
  }

  #alive(): void {
    this.#after("silence", this.#options.silence, () => this.#fail("the stream fell silent"));
  }

  #fail(reason: string, delay?: number): void {
    this.#shut();
    const wait = delay ?? Math.random() * Math.min(RETRY_CAP, 1000 * 2 ** this.#attempts);
    this.#attempts += 1;
    if (this.#status.state === "streaming") console.info("SSE disconnected");
    this.#after("open", wait, () => this.#open());
    this.#fall(reason);
  }

  /** Poll until a stream works again. */
  #fall(reason: string): void {
    this.#set({ reason });
    if (this.#status.state === "streaming" || this.#status.state === "connecting") {
      this.#after("poll", this.#status.state === "streaming" ? 300 : 0, () => this.#pollOn());
    }
  }

  async #pollOn(): Promise<void> {
    const fine = await this.#poll();
    if (this.#status.state === "streaming" && this.#source) return;
    this.#set({ state: fine ? "polling" : "offline" });
    this.#beAlive();
    this.#after("poll", this.#options.pollEvery, () => this.#pollOn());
  }

  /** Ask for `names` (default: all topics) by conditional GET; true when every answer came. */
  async #poll(names: string[] = this.#wanted()): Promise<boolean> {
    const routes = names.flatMap((topic) => {
      const url = this.#options.routes[topic];
      return url ? [{ topic, url }] : [];
    });
    this.#set({ polls: this.#status.polls + routes.length });
    const answers = await Promise.allSettled(routes.map(({ url }) => revalidate(url)));
    answers.forEach((answer, index) => {
      const route = routes[index];
      if (answer.status === "fulfilled" && route) this.#polled(route.topic, route.url, answer.value);
    });
    const failed = answers.find((answer) => answer.status === "rejected");
    if (!failed) this.#set({ verifiedAt: Date.now() });
    else this.#set({ reason: String((failed.reason as Error).message) });
    return !failed;
  }

  #polled(topic: string, url: string, data: unknown): void {
    const state = this.#topics.get(topic);
    const tag = peekCached(url)?.etag;
    if (!tag || state?.etag === tag) return;
    this.#deliver(topic, data, tag);
    this.#post({ kind: "data", topic, text: JSON.stringify(data) });
  }

  #apply(topic: string, text: string): void {
    let data: unknown;
    try {
      data = JSON.parse(text);
    } catch {
      return; // torn on the way: the next heartbeat finds the difference
    }
    const etag = (data as { etag?: string } | null)?.etag;
    this.#deliver(topic, data, etag);
    const url = this.#options.routes[topic];
    if (url) writeThrough(url, data, { etag, version: versionOf(data) });
    this.#set({ verifiedAt: Date.now() });
  }

  #deliver(topic: string, data: unknown, etag: string | undefined): void {
    const state = this.#topics.get(topic);
    if (!state) return;
    state.etag = etag;
    for (const listener of [...state.listeners]) listener(data);
  }

  /** True while the stream vouches for the entry of `key`. */
  #holds(key: string, etag: string | undefined): boolean {
    const { state, verifiedAt } = this.#status;
    if (!etag || state !== "streaming" || Date.now() - (verifiedAt ?? 0) > this.#options.silence) return false;
    return [...this.#topics].some(([topic, held]) => {
      const url = this.#options.routes[topic];
      return url !== undefined && held.etag === etag && cacheKey(url) === key;
    });
  }

  #peekTag(topic: string): string | undefined {
    const url = this.#options.routes[topic];
    return url ? peekCached(url)?.etag : undefined;
  }

  #shut(): void {
    for (const name of ["hello", "silence", "open", "reopen"]) clearTimeout(this.#timers[name]);
    this.#source?.close();
    this.#source = null;
    this.#sourceTopics = "";
  }

  #after(name: string, ms: number, run: () => void): void {
    clearTimeout(this.#timers[name]);
    this.#timers[name] = setTimeout(run, ms);
  }

  #every(name: string, ms: number, run: () => void): void {
    this.#after(name, ms, () => {
      run();
      this.#every(name, ms, run);
    });
    run();
  }

  #post(message: Message): void {
    this.#channel?.postMessage(message);
  }

  #set(change: Partial<LinkStatus>): void {
    const since = change.state && change.state !== this.#status.state ? Date.now() : this.#status.since;
    this.#status = { ...this.#status, since, ...change };
    if (!change.state) this.#status.since = since;
    for (const watcher of [...this.#watchers]) watcher();
  }
}

let shared: Connection | undefined;

/** The connection of this tab, made on first use; `options` count then only. */
export function getConnection(options?: ConnectionOptions): Connection {
  shared ??= new Connection(options);
  return shared;
}
