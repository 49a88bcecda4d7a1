/**
 * How far the desk's wall clock is from this page's time. What bots wrote and owe is of the desk's wall time: on a phone
 * whose clock is off, every bot would look late, or none ever.
 */

import { getConnection } from "../live";
import { pageNow, sleepsSoFar } from "../live/clock";
import { at } from "./base";
import { setWallOffset, wallNow } from "./ticker";

const COARSE_MS = 2000; // the Date header has whole seconds; less than this is not told from a slow answer

/**
 * Milliseconds that the desk is ahead, from the `date` header of an answer asked for at `sent` and had at `received`
 * (this page's time, ms); 0 where it cannot be told apart from none.
 */
export function offsetOf(date: string | null, sent: number, received: number): number {
  const desk = date === null ? Number.NaN : Date.parse(date);
  if (!Number.isFinite(desk)) return 0;
  const offset = desk + 500 - (sent + received) / 2; // a header cuts off half a second on average
  return Math.abs(offset) < COARSE_MS + (received - sent) / 2 ? 0 : Math.round(offset);
}

const CHECK_MS = 1000;
/** Milliseconds between two tries while the desk gives no answer, and between two that a write's time gave cause for. */
const RETRY_MS = 5000;
const DOUBT_MS = 60_000;

let triedAt = Number.NEGATIVE_INFINITY;
/** Measurements still to be made. */
let due = 0;

async function measure(): Promise<void> {
  const sent = pageNow();
  triedAt = sent;
  try {
    const answer = await fetch(at("/healthz"), { cache: "no-store" });
    const received = pageNow();
    await answer.text(); // a body that nobody reads holds its request open for good
    setWallOffset(offsetOf(answer.headers.get("date"), sent, received));
    due = Math.max(0, due - 1);
  } catch {
    due = Math.max(1, due); // no answer: the link says so, and the last known offset stays
  }
}

/**
 * Take the time of a write that has just come: one that is not of now makes the distance doubtful. It is then measured
 * twice: a server may send the `date` of a second ago, from before its clock was put.
 */
export function doubtDeskTime(writtenAt: number): void {
  if (Math.abs(wallNow() - writtenAt) > COARSE_MS && pageNow() - triedAt > DOUBT_MS) due = 2;
}

/**
 * Measure now, and again whenever it may be another: this page's time took a leap, it comes back from behind other tabs,
 * a stream works again (perhaps that of a desk with another clock), or a write came that is not of now.
 */
export function followDeskTime(): void {
  const link = getConnection();
  let { reconnects } = link.status;
  let sleeps = sleepsSoFar();
  void measure();
  setInterval(() => {
    const now = pageNow();
    if (sleeps !== sleepsSoFar() || reconnects !== link.status.reconnects) {
      sleeps = sleepsSoFar();
      reconnects = link.status.reconnects;
      void measure();
    } else if (due > 0 && now - triedAt > RETRY_MS) void measure();
  }, CHECK_MS);
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") void measure();
  });
}
