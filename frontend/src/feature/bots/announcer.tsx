/**
 * The one polite live region of the page. Live numbers are not live regions. On pages that do not show the bots the
 * same sentence stands in a corner for a while: a region is never said twice.
 */

import { useEffect, useRef, useState } from "preact/hooks";
import type { States } from "../../bot/states";
import type { Bot } from "../../lib/bot";
import { useAnnouncements, useToasts } from "../../lib/preference";
import { digest, type Heard, hear, type News, news, unsaid } from "./announce";
import "./announcer.css";

const PAUSE_MS = 5000; // between two sentences
const SHOWN_MS = 8000; // that a sentence stands in the corner

export function Announcer({
  bots,
  states,
  quiet,
  toast = false,
}: {
  bots: readonly Bot[];
  states: States;
  quiet: boolean;
  /** True to show the sentence too, unless the user chose against it. */
  toast?: boolean;
}) {
  const [sentence, setSentence] = useState("");
  const [shown, setShown] = useState(false);
  const isShown = useToasts() === "on" && toast && shown && sentence !== "";
  const isMuted = useAnnouncements() === "off";
  const heard = useRef<Heard | undefined>();
  const waiting = useRef<News>({ telling: [], calm: [] });
  const spokenAt = useRef(Number.NEGATIVE_INFINITY);
  const timer = useRef<ReturnType<typeof setTimeout>>();

  useEffect(() => {
    if (!quiet && heard.current) {
      const { telling, calm } = news(bots, states, heard.current);
      waiting.current.telling.push(...telling);
      waiting.current.calm.push(...calm);
    }
    heard.current = hear(bots, states);
    const { telling, calm } = waiting.current;
    if (telling.length + calm.length === 0 || timer.current !== undefined) return;
    const speak = (): void => {
      timer.current = undefined;
      spokenAt.current = performance.now();
      const said = waiting.current;
      waiting.current = { telling: [], calm: [] };
      const telling = unsaid(said.telling, spokenAt.current);
      const all = [...telling, ...unsaid(said.calm, spokenAt.current)];
      if (all.length === 0) return; // it was said a moment ago
      setSentence(digest(all));
      setShown(telling.length > 0);
    };
    timer.current = setTimeout(speak, Math.max(0, spokenAt.current + PAUSE_MS - performance.now()));
  }, [bots, states, quiet]);

  useEffect(() => () => clearTimeout(timer.current), []);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new sentence stands its own time
  useEffect(() => {
    if (!shown) return;
    const end = setTimeout(() => setShown(false), SHOWN_MS);
    return () => clearTimeout(end);
  }, [shown, sentence]);
  return (
    <div className={isShown ? "toast" : "spoken"}>
      {isMuted ? (
        isShown && <p>{sentence}</p>
      ) : (
        <p role="status" aria-live="polite">
          {sentence}
        </p>
      )}
      {isShown && (
        <button type="button" className="quiet" onClick={() => setShown(false)}>
          Close
        </button>
      )}
    </div>
  );
}
