/** The state of a bot at a moment of a recorded day: one request at a time, the newest wish next, what came is kept. */

import { useEffect, useMemo, useState } from "preact/hooks";
import type { PastState } from "../../api/schema";
import { at } from "../../lib/base";

const KEPT = 240; // states that are kept: a minute of playing at the highest speed
const AHEAD = 2;

export interface Moment {
  /** Of the states of the day, the one that `state` is. */
  index: number;
  state?: PastState;
  /** Why there is none; empty when all is well. */
  error: string;
}

type Told = (moment: Moment) => void;

/** Loads states by their index; `tell` hears of the one that was wanted last. */
export class Moments {
  readonly #known = new Map<number, PastState>();
  #wanted = -1;
  #isBusy = false;
  #isClosed = false;

  constructor(
    /** Address of the state with an index. */
    readonly urlOf: (index: number) => string,
    /** How many there are. */
    readonly count: number,
    readonly tell: Told,
    readonly load: (url: string) => Promise<PastState> = loaded,
  ) {}

  want(index: number): void {
    this.#wanted = index;
    const state = this.#known.get(index);
    if (state) this.tell({ index, state, error: "" });
    void this.#work();
  }

  close(): void {
    this.#isClosed = true;
  }

  async #work(): Promise<void> {
    if (this.#isBusy) return;
    this.#isBusy = true;
    for (let index = this.#next(); index !== undefined && !this.#isClosed; index = this.#next()) {
      try {
        this.#keep(index, await this.load(this.urlOf(index)));
        if (index === this.#wanted) this.#say({ index, state: this.#known.get(index) as PastState, error: "" });
      } catch (error) {
        if (index !== this.#wanted) break; // it was asked for ahead: it is asked for again when it is wanted
        this.#say({ index, error: (error as Error).message });
        break;
      }
    }
    this.#isBusy = false;
    if (!this.#isClosed && this.#failed !== this.#wanted && !this.#known.has(this.#wanted)) void this.#work();
  }

  #failed = -1;

  #say(moment: Moment): void {
    this.#failed = moment.error ? moment.index : -1;
    if (!this.#isClosed) this.tell(moment);
  }

  /** The wanted one, then those behind it; undefined when all are here. */
  #next(): number | undefined {
    for (let index = this.#wanted; index <= Math.min(this.#wanted + AHEAD, this.count - 1); index++)
      if (index >= 0 && !this.#known.has(index)) return index;
    return undefined;
  }

  #keep(index: number, state: PastState): void {
    this.#known.set(index, state);
    if (this.#known.size > KEPT) this.#known.delete(this.#known.keys().next().value as number);
  }
}

async function loaded(url: string): Promise<PastState> {
  const answer = await fetch(at(url)).catch(() => {
    throw new Error("cannot reach the desk");
  });
  const found = (await answer.json()) as PastState & { detail?: string };
  if (!answer.ok) throw new Error(found.detail ?? `the desk answered ${answer.status}`);
  return found;
}

/** The state with `index`; while it is loaded, the one before it with its own index. */
export function useMoment(urlOf: (index: number) => string, count: number, index: number): Moment {
  const [moment, setMoment] = useState<Moment>({ index: -1, error: "" });
  const moments = useMemo(() => new Moments(urlOf, count, setMoment), [urlOf, count]);
  useEffect(() => () => moments.close(), [moments]);
  useEffect(() => {
    if (index >= 0) moments.want(index);
  }, [moments, index]);
  return moment;
}
