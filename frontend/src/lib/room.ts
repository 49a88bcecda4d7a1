/**
 * Room for a stop: a browser has six connections to a desk, for all of its tabs together, and where requests wait for
 * a desk that is busy a stop would wait behind them. So a stop ends them first, in every tab; it is never ended itself.
 */

const CHANNEL = "aion_room";
/** What a request says that ends for nobody. */
const URGENT = "high";

let others = new AbortController();
let channel: BroadcastChannel | undefined;

function end(): void {
  others.abort(new DOMException("It gave way to a stop.", "AbortError"));
  others = new AbortController();
}

/** Let every request of this page from now on end when a stop needs its connection, here or in another tab. */
export function keepRoom(page: Pick<typeof globalThis, "fetch"> = globalThis): void {
  const plain = page.fetch;
  page.fetch = (input, init) => {
    const own = init?.signal ?? (input instanceof Request ? input.signal : undefined);
    if (init?.priority === URGENT || !AbortSignal.any) return plain(input, init);
    return plain(input, { ...init, signal: own ? AbortSignal.any([own, others.signal]) : others.signal });
  };
  try {
    channel = new BroadcastChannel(CHANNEL);
    channel.onmessage = end;
  } catch {
    // Refused, as where cookies are: other tabs end what they wait for by themselves.
  }
}

/** End all requests that are under way and not urgent, and return what makes the next one urgent. */
export function makeRoom(): { priority: "high" } {
  end();
  try {
    channel?.postMessage("");
  } catch {
    // as above
  }
  return { priority: URGENT };
}
