/** Keys of the whole page: `?` lists them, `/` goes to the filter, `g` and a letter change the page. */

import { useEffect, useRef, useState } from "preact/hooks";
import { at } from "../../lib/base";
import { nextTheme, setTheme, setZone, useTheme, useZone } from "../../lib/preference";
import { navigate } from "../../lib/route";
import { zoneChoices } from "./clock-panel";
import { useDesk } from "./desk";
import { useReplay } from "./replay";
import { PAGES } from "./top-bar";
import "../dialog.css";

const PAIR_MS = 1500; // time for the second key of a pair

const LIST: [string, string][] = [
  ["?", "This list"],
  ["/", "Filter the table and the cards"],
  ...PAGES.map(({ id, title }): [string, string] => [`g ${id[0]}`, title]),
  ["d", "Theme: Auto, Dark, Light"],
  ["z", "Time zone: UTC, this machine, the exchanges"],
  ["p", "Replay: pause or resume"],
  ["← →", "On a curve: move the crosshair; Shift moves by ten"],
  ["t", "On a curve: its points as a table"],
  ["Esc", "Close, or clear the filter"],
];

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
  );
}

export function Keys() {
  const dialog = useRef<HTMLDialogElement>(null);
  const theme = useTheme();
  const zone = useZone();
  const { sessions } = useDesk();
  const replay = useReplay();
  const [pair, setPair] = useState<number>();

  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target) || event.defaultPrevented) return;
      const follows = pair !== undefined && performance.now() - pair < PAIR_MS;
      if (follows) {
        const page = PAGES.find(({ id }) => id.startsWith(event.key));
        setPair(undefined);
        if (page) navigate(at(page.href));
        return;
      }
      if (event.key === "?") {
        if (dialog.current?.open) dialog.current.close();
        else dialog.current?.showModal();
      } else if (event.key === "/") {
        const filter = document.querySelector<HTMLInputElement>("input[type=search]");
        if (!filter) return;
        filter.focus();
        filter.select();
      } else if (event.key === "g") setPair(performance.now());
      else if (event.key === "d") setTheme(nextTheme(theme));
      else if (event.key === "z") {
        const zones = zoneChoices(sessions).map(([value]) => value);
        setZone(zones[(zones.indexOf(zone) + 1) % zones.length] ?? "UTC");
      } else if (event.key === "p" && replay) replay.toggle();
      else return;
      event.preventDefault();
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, [pair, theme, zone, sessions, replay]);

  return (
    <dialog ref={dialog} className="keys" aria-labelledby="keys-title">
      <h2 id="keys-title">Keys</h2>
      <dl>
        {LIST.map(([key, what]) => (
          <div key={key}>
            <dt>
              {key.split(" ").map((part) => (
                <kbd key={part}>{part}</kbd>
              ))}
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
      <form method="dialog">
        <button type="submit" className="button">
          Close
        </button>
      </form>
    </dialog>
  );
}
