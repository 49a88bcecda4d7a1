/** A word whose meaning is one hover, focus or tap away (`term-tip.ts` shows it, when it is first wanted). */

import type { ComponentChildren } from "preact";
import type { TermName } from "../lib/terms";
import "./term.css";

interface Props {
  name: TermName;
  /** What stands on the page; the name itself where it is left out. */
  children?: ComponentChildren;
}

export function Term({ name, children = name }: Props) {
  return (
    <button type="button" className="term" data-term={name}>
      {children}
    </button>
  );
}

/** Load the texts with the first word that is pointed at, focused or tapped. */
export function followTerms(): void {
  const load = (event: Event): void => {
    const word = event.target instanceof Element ? event.target.closest<HTMLElement>(".term") : null;
    if (word)
      void import("./term-tip").then(
        ({ show }) => show(word, event.type),
        () => {},
      );
  };
  for (const type of ["pointerover", "focusin", "click"]) addEventListener(type, load);
}
