/** What the Logs page asks of the desk, which may have to ask another machine. */

import type { LogMachineList } from "../../api/schema";
import { at } from "../../lib/base";
import { bytes } from "../../lib/size";

const LONG_BYTES = 300_000; // of an answer that shows how far it is

export type Progress = (text: string) => void;

/** The JSON of an answer; `onProgress` hears how much of a long one of another machine has come, and at last "". */
export async function get<T>(url: string, onProgress?: Progress): Promise<T> {
  const answer = await fetch(at(url), { cache: "no-store" });
  if (!answer.ok) {
    const found = (await answer.json().catch(() => ({}))) as { detail?: string };
    throw new Error(found.detail ?? `The desk answered ${answer.status}.`);
  }
  const machine = answer.headers.get("aion-machine");
  if (!machine || !answer.body) return (await answer.json()) as T;
  const size = Number(answer.headers.get("content-length"));
  const reader = answer.body.getReader();
  const text = new TextDecoder();
  let found = "";
  let done = 0;
  try {
    for (;;) {
      const { value, done: isOver } = await reader.read();
      if (isOver) break;
      done += value.length;
      found += text.decode(value, { stream: true });
      if (size > LONG_BYTES) onProgress?.(`Machine ${machine}: ${bytes(done)} of ${bytes(size)}.`);
    }
  } catch {
    throw new Error(`Machine ${machine} stopped answering after ${bytes(done)} of ${bytes(size)}.`);
  } finally {
    onProgress?.("");
  }
  return JSON.parse(found) as T;
}

export const reason = (error: unknown): string =>
  error instanceof TypeError ? "Cannot reach the desk." : error instanceof Error ? error.message : String(error);

/** `path` with the machine whose logs are meant; none for those of the desk. */
export const of = (path: string, machine: string): string =>
  machine ? `${path}${path.includes("?") ? "&" : "?"}machine=${encodeURIComponent(machine)}` : path;

/** The machine whose logs are shown: the chosen one, else that of the chosen bot, else none, which is the desk's. */
export function machineOf(machines: LogMachineList["machines"], chosen: string, bot: string): string {
  if (chosen || !bot) return chosen;
  return Object.entries(machines).find(([, { bots }]) => bots?.includes(bot))?.[0] ?? "";
}
