/** The one polite live region of the page. Live numbers are not live regions. */

import { useEffect, useRef, useState } from "react";
import type { BotView } from "../../api/schema";
import { digest, type Heard, hear, news } from "./announce";
import type { CardState } from "./state";

const PAUSE_MS = 5000; // between two sentences

export function Announcer({
  bots,
  states,
  quiet,
}: {
  bots: readonly BotView[];
  states: Map<string, CardState>;
  quiet: boolean;
}) {
  const [sentence, setSentence] = useState("");
  const heard = useRef<Heard | undefined>(undefined);
  const waiting = useRef<string[]>([]);
  const spokenAt = useRef(Number.NEGATIVE_INFINITY);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);

  useEffect(() => {
    if (!quiet && heard.current) waiting.current.push(...news(bots, states, heard.current));
    heard.current = hear(bots, states);
    if (waiting.current.length === 0 || timer.current !== undefined) return;
    const speak = (): void => {
      timer.current = undefined;
      spokenAt.current = performance.now();
      setSentence(digest(waiting.current));
      waiting.current = [];
    };
    timer.current = setTimeout(speak, Math.max(0, spokenAt.current + PAUSE_MS - performance.now()));
  }, [bots, states, quiet]);

  useEffect(() => () => clearTimeout(timer.current), []);
  return (
    <p className="spoken" role="status" aria-live="polite">
      {sentence}
    </p>
  );
}
