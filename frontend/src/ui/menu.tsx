/** A small panel under its button, for what is needed seldom. Esc and a tap elsewhere close it. */

import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { useId } from "../lib/use-id";
import "./menu.css";

const GAP = 4; // px between button and panel
const MARGIN = 12; // px between panel and the screen's edge

interface Props {
  /** Words of the button; `⋯` with a name for readers, or plain words. */
  label: ComponentChildren;
  /** What it opens, for readers. */
  name: string;
  className?: string;
  children: ComponentChildren;
}

export function Menu({ label, name, className = "button dots", children }: Props) {
  const id = useId();
  const button = useRef<HTMLButtonElement>(null);
  const panel = useRef<HTMLElement>(null);
  const [open, setOpen] = useState(false);
  // right edges line up where there is room, and the panel stays on the screen: known once its content is drawn
  useLayoutEffect(() => {
    const element = panel.current;
    // a closed one is not measured: that would lay the page out once for each
    const at = open ? button.current?.getBoundingClientRect() : undefined;
    if (!at || !element) return;
    const room = document.documentElement.clientWidth - element.offsetWidth - MARGIN;
    element.style.top = `${at.bottom + scrollY + GAP}px`;
    element.style.left = `${Math.max(MARGIN, Math.min(room, at.right - element.offsetWidth))}px`;
  }, [open]);
  return (
    <>
      <button ref={button} type="button" className={className} popoverTarget={id} aria-label={name}>
        {label}
      </button>
      <section
        ref={panel}
        id={id}
        popover="auto"
        className="menu"
        aria-label={name}
        onToggle={(event) => {
          if (event.target === event.currentTarget) setOpen(event.newState === "open");
        }}
      >
        {open && children}
      </section>
    </>
  );
}
