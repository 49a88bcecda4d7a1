/** Who uses this page: what only an admin may do is not offered to a viewer, instead of being refused each time. */

import { useEffect, useState } from "preact/hooks";
import type { SessionAnswer } from "../api/schema";
import { clearAllCache } from "../live";
import { at, ownName } from "./base";

const KEY = ownName("aion_role");

let asked: Promise<SessionAnswer | undefined> | undefined;

async function ask(): Promise<SessionAnswer | undefined> {
  try {
    const answer = await fetch(at("/api/session"));
    if (!answer.ok) return undefined;
    const session = (await answer.json()) as SessionAnswer;
    remember(session.role);
    return session;
  } catch {
    asked = undefined; // asked again by the next who wants to know
    return undefined;
  }
}

export interface Who {
  /** False until the desk has answered, or has failed to. */
  isKnown: boolean;
  session?: SessionAnswer;
}

/** Who this page is for, as the desk says it. */
export function useWho(): Who {
  const [who, setWho] = useState<Who>({ isKnown: false });
  useEffect(() => {
    let isOver = false;
    asked ??= ask();
    void asked.then((session) => {
      if (!isOver) setWho({ isKnown: true, ...(session ? { session } : {}) });
    });
    return () => {
      isOver = true;
    };
  }, []);
  return who;
}

/**
 * False once the desk has said that this is no admin, and until it says otherwise where it said so before: a viewer does
 * not see controls come and go. The desk has the last word in any case.
 */
export function useMayAsk(): boolean {
  const { isKnown, session } = useWho();
  if (!isKnown) return remembered() !== "viewer";
  return session === undefined || session.role === "admin";
}

function remember(role: string): void {
  try {
    localStorage.setItem(KEY, role);
  } catch {
    // refused or full: controls are seen until the desk has answered
  }
}

function remembered(): string | null {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}

/** Tabs tell each other on this channel that the session has ended. */
const ENDED = ownName("aion_ended");

/**
 * End the session, or all of this role and, for an admin, the bearer tokens; each tab forgets what it kept. Throws where
 * the desk does not answer.
 */
export async function logOut(isEverywhere = false, revokesTokens = true): Promise<void> {
  const query = isEverywhere ? `?everywhere=true&tokens=${revokesTokens}` : "";
  const answer = await fetch(at(`/api/session${query}`), { method: "DELETE" });
  if (!answer.ok) throw new Error(`the desk answered ${answer.status}`);
  withChannel((channel) => {
    channel.postMessage("ended");
    channel.close();
  });
  leave();
}

/** Leave when another tab of this browser logs out. */
export function followLogOut(): void {
  withChannel((channel) => {
    channel.onmessage = leave;
  });
}

function withChannel(use: (channel: BroadcastChannel) => void): void {
  try {
    use(new BroadcastChannel(ENDED));
  } catch {
    // not there or refused, as where cookies are: each window finds out by itself
  }
}

function leave(): void {
  clearAllCache();
  try {
    localStorage.removeItem(KEY);
  } catch {
    // refused: nothing is kept either
  }
  location.assign(at("/login?why=ended"));
}
