/**
 * One EventSource, watched over until it fails once: what it says is handed on, what it does not say in time ends it.
 *
 * A stream must say `hello` and then two `hb` in time: a proxy that holds small events back lets the first bytes pass
 * and nothing after. Later, a heartbeat that fails to come is asked about, and two end the stream.
 */

import { parse } from "./entry.ts";

/** Topic -> ETag of what the desk has. */
export type Tags = Record<string, string | undefined>;

export interface StreamLimits {
  /** Milliseconds in which `hello`, and after it two heartbeats, must come. */
  hello: number;
  /** Milliseconds without any event after which the stream counts as dead; half of that is `hush`. */
  silence: number;
}

export interface StreamListener {
  /** Something came. */
  heard(): void;
  hello(tags: Tags): void;
  /** A heartbeat came; `isProved` from the second on: nothing on the way holds events back. */
  beat(tags: Tags, isProved: boolean): void;
  /** Told of the machines that feed the desk's disk. */
  proved(tags: Tags): void;
  push(topic: string, text: string): void;
  /** The change of a topic came in place of the whole. */
  patch(text: string): void;
  /** A heartbeat is missing. */
  hush(): void;
  /** The stream has ended; `held` when something on the way holds it back, `bye` when the desk said so. */
  fail(reason: string, why?: "held" | "bye"): void;
}

export interface OpenStream {
  /** Nothing is heard any more. */
  close(): void;
  /** Hear these topics too. */
  listen(topics: string[]): void;
}

/** Open a stream. */
export function openStream(url: string, topics: string[], limits: StreamLimits, on: StreamListener): OpenStream {
  const source = new EventSource(url);
  let beats = 0;
  let hello: ReturnType<typeof setTimeout>;
  let quiet: ReturnType<typeof setTimeout>[] = [];
  const close = (): void => {
    for (const timer of [hello, ...quiet]) clearTimeout(timer);
    source.close();
  };
  const fail = (reason: string, why?: "held" | "bye"): void => {
    close();
    on.fail(reason, why);
  };
  const expect = (): void => {
    clearTimeout(hello);
    hello = setTimeout(() => fail("a proxy is buffering the stream", "held"), limits.hello);
  };
  const hear = (name: string, run: (text: string) => void): void =>
    source.addEventListener(name, (event) => {
      for (const timer of quiet) clearTimeout(timer);
      quiet = [setTimeout(on.hush, limits.silence / 2), setTimeout(() => fail("the stream timed out"), limits.silence)];
      on.heard();
      run((event as MessageEvent<string>).data);
    });
  expect();
  source.onerror = () => fail("the stream was interrupted");
  hear("hello", (text) => {
    expect();
    on.hello(parseTags(text));
  });
  hear("hb", (text) => {
    beats += 1;
    if (beats > 1) clearTimeout(hello);
    on.beat(parseTags(text), beats > 1);
  });
  hear("proved", (text) => on.proved(parseTags(text)));
  hear("bye", () => fail("the desk is restarting", "bye"));
  hear("patch", on.patch);
  const heard = new Set<string>();
  const listen = (names: string[]): void => {
    for (const topic of names) {
      if (!heard.has(topic)) hear(topic, (text) => on.push(topic, text));
      heard.add(topic);
    }
  };
  listen(topics);
  return { close, listen };
}

/** Tags that cannot be read verify nothing. */
function parseTags(text: string): Tags {
  return Object(parse(text)) as Tags;
}
