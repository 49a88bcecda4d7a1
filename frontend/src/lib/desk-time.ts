/**
 * How far the desk's wall clock is from this machine's. Ages and due times are the desk's wall time: on a phone whose
 * clock is off, every bot would look late, or none ever.
 */

import { setWallOffset } from "./ticker";

const COARSE_MS = 2000; // the Date header has whole seconds; less than this is not told from a slow answer

/**
 * Milliseconds that the desk is ahead, from the `date` header of an answer asked for at `sent` and had at `received`
 * (this machine's wall time, ms); 0 where it cannot be told apart from none.
 */
export function offsetOf(date: string | null, sent: number, received: number): number {
  const desk = date === null ? Number.NaN : Date.parse(date);
  if (!Number.isFinite(desk)) return 0;
  const offset = desk + 500 - (sent + received) / 2; // a header cuts off half a second on average
  return Math.abs(offset) < COARSE_MS + (received - sent) / 2 ? 0 : Math.round(offset);
}

async function measure(): Promise<void> {
  const sent = Date.now();
  try {
    const answer = await fetch("/healthz", { cache: "no-store" });
    setWallOffset(offsetOf(answer.headers.get("date"), sent, Date.now()));
  } catch {
    // no answer: the link says so, and the last known offset stays
  }
}

/** Measure now, and whenever the page comes back from sleep or from behind other tabs. */
export function followDeskTime(): void {
  void measure();
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") void measure();
  });
}
