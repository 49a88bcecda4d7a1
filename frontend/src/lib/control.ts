/** Requests to the bots' process: a file with an id, answered under that id by the bots' clock. */

import { useEffect, useState } from "preact/hooks";
import { at } from "./base";
import { wallNow } from "./ticker";
import { instant } from "./time";

export interface ControlRequest {
  action: "speed" | "jump";
  /** Market seconds per real second (0 holds still), or a day. */
  value: number | string;
}

export interface Asked extends ControlRequest {
  /** Of the request's file; undefined until the desk has written it. */
  id?: string;
  /** Wall time of the asking, ms. */
  at: number;
  /** Wall time after which it counts as not answered, as the desk says; else a few seconds after the asking. */
  dueAt?: number;
  /** Why the desk refused it. */
  failed?: string;
}

/** Milliseconds after which bots that are alive would have answered. */
const PATIENCE_MS = 6000;

/** What the bots' clock says of requests. */
export interface Answers {
  control_id?: string | null;
  control_error?: string;
  control_answers?: Record<string, string>;
}

export type Outcome = "requested" | "accepted" | "done" | "superseded" | "late" | "failed";

/** What became of `asked` by wall time `now`, by its exact id, and why it was refused or superseded. */
export function outcome(asked: Asked, clock: Answers | undefined, now: number): { state: Outcome; detail: string } {
  if (asked.failed !== undefined) return { state: "failed", detail: asked.failed };
  const { control_id: answered, control_error: error, control_answers: answers } = clock ?? {};
  const said =
    answers?.[asked.id ?? ""] ?? (asked.id && answered === asked.id ? (error ? `refused: ${error}` : "done") : "");
  const [word = "", ...rest] = said.split(": ");
  const detail = rest.join(": ");
  if (word === "refused") return { state: "failed", detail };
  if (word === "done" || word === "superseded" || word === "accepted") return { state: word, detail };
  return { state: now > (asked.dueAt ?? asked.at + PATIENCE_MS) ? "late" : "requested", detail };
}

/** Write a request to the bots' process as a whole; returns its id and when an answer is due. */
export async function postControl({ action, value }: ControlRequest): Promise<{ id: string; dueAt?: number }> {
  const answer = await fetch(at("/api/control"), {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ action, value }),
  });
  const found = (await answer.json().catch(() => ({}))) as { id?: string; due_at?: string; detail?: string };
  if (!answer.ok) throw new Error(found.detail ?? `the desk answered ${answer.status}`);
  return { id: found.id ?? "", dueAt: instant(found.due_at) };
}

/** The last request of this page and what became of it; it goes away a moment after it is done. */
export function useControl(clock: Answers | undefined): {
  asked: Asked | undefined;
  state: Outcome | undefined;
  detail: string;
  ask: (request: ControlRequest) => void;
} {
  const [asked, setAsked] = useState<Asked>();
  const [now, setNow] = useState(wallNow);
  const { state, detail = "" } = asked ? outcome(asked, clock, now) : {};
  useEffect(() => {
    if (state !== "requested") return;
    const timer = setInterval(() => setNow(wallNow()), 500);
    return () => clearInterval(timer);
  }, [state]);
  const ask = (request: ControlRequest): void => {
    const at = wallNow();
    setNow(at);
    setAsked({ ...request, at });
    postControl(request).then(
      (told) => setAsked({ ...request, at, ...told }),
      (error: unknown) => setAsked({ ...request, at, failed: error instanceof Error ? error.message : String(error) }),
    );
  };
  return { asked, state, detail, ask };
}
