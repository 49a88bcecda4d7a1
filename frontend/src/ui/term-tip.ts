/** The one tip of all terms: a popover that is described by its word, leaves with pointer, focus or Esc. */

import { TERMS, type TermName } from "../lib/terms";

const GAP = 6; // px between word and tip, and between tip and window

const tip = document.createElement("div");
tip.id = "term-tip";
tip.className = "term-tip";
tip.role = "tooltip";
tip.popover = "manual";

let shown: HTMLElement | undefined;

/** Show what `word` means; a tap shows it too, and the next tap on the same word hides it. */
export function show(word: HTMLElement, why: string): void {
  const isOpen = shown === word && tip.matches(":popover-open");
  if (isOpen) {
    if (why === "click" && word.dataset.tapped) hide();
    else if (why === "click") word.dataset.tapped = "true";
    return;
  }
  hide();
  if (why === "focusin" && !word.matches(":focus-visible")) return; // a click follows, which shows it
  const found = TERMS[word.dataset.term as TermName];
  if (!found || !word.isConnected) return;
  if (!tip.isConnected) document.body.append(tip);
  tip.textContent = found[1];
  shown = word;
  if (why === "click") word.dataset.tapped = "true";
  word.setAttribute("aria-describedby", tip.id);
  tip.showPopover();
  place(word);
}

/** Put the tip under its word, or over it where there is no room; away with it once the word is out of sight. */
function place(word: HTMLElement): void {
  const at = word.getBoundingClientRect();
  if (at.bottom < 0 || at.top > innerHeight) {
    hide();
    return;
  }
  const left = Math.min(at.left, document.documentElement.clientWidth - tip.offsetWidth - GAP);
  const below = at.bottom + GAP;
  const top = below + tip.offsetHeight > innerHeight ? at.top - tip.offsetHeight - GAP : below;
  tip.style.left = `${Math.max(GAP, left)}px`;
  tip.style.top = `${Math.max(GAP, top)}px`;
}

function hide(): void {
  if (!shown) return;
  shown.removeAttribute("aria-describedby");
  delete shown.dataset.tapped;
  shown = undefined;
  if (tip.matches(":popover-open")) tip.hidePopover();
}

/** Whether the pointer or the focus went to the word or its tip: then it stays. */
function isInside(target: EventTarget | null): boolean {
  return target instanceof Node && (tip.contains(target) || shown?.contains(target) === true);
}

addEventListener("pointerover", (event) => {
  if (!isInside(event.target) && !shown?.matches(":focus-visible") && !shown?.dataset.tapped) hide();
});
addEventListener("click", (event) => isInside(event.target) || hide());
addEventListener("focusout", (event) => isInside(event.relatedTarget) || hide());
addEventListener("scroll", () => shown && place(shown), { capture: true, passive: true });
addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !shown) return;
  event.preventDefault(); // the filter keeps its text
  hide();
});
