/** Who uses this page: a viewer is told why nothing can be asked, instead of being refused each time. */

import { useEffect, useState } from "react";
import type { SessionAnswer } from "../api/schema";

let asked: Promise<SessionAnswer | undefined> | undefined;

async function ask(): Promise<SessionAnswer | undefined> {
  try {
    const answer = await fetch("/api/session");
    return answer.ok ? ((await answer.json()) as SessionAnswer) : undefined;
  } catch {
    asked = undefined; // asked again by the next who wants to know
    return undefined;
  }
}

/** False once the desk has said that this is no admin; the desk has the last word in any case. */
export function useMayAsk(): boolean {
  const [role, setRole] = useState<SessionAnswer["role"]>();
  useEffect(() => {
    let isOver = false;
    asked ??= ask();
    void asked.then((found) => {
      if (!isOver) setRole(found?.role);
    });
    return () => {
      isOver = true;
    };
  }, []);
  return role === undefined || role === "admin";
}
