/** A small panel under its button, for what is needed seldom. Esc and a tap elsewhere close it. */

import { type ReactNode, useId, useRef, useState } from "react";

const GAP = 4; // px between button and panel

interface Props {
  /** Words of the button; `⋯` with a name for readers, or plain words. */
  label: ReactNode;
  /** What it opens, for readers. */
  name: string;
  className?: string;
  children: ReactNode;
}

export function Menu({ label, name, className = "button dots", children }: Props) {
  const id = useId();
  const button = useRef<HTMLButtonElement>(null);
  const panel = useRef<HTMLElement>(null);
  const [open, setOpen] = useState(false);
  /** Right edges line up where there is room, and the panel stays on the screen. */
  const place = (): void => {
    const [at, element] = [button.current?.getBoundingClientRect(), panel.current];
    if (!at || !element) return;
    element.style.top = `${at.bottom + scrollY + GAP}px`;
    element.style.right = `${Math.max(GAP, document.documentElement.clientWidth - at.right)}px`;
  };
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
          if (event.target !== event.currentTarget) return;
          place();
          setOpen(event.newState === "open");
        }}
      >
        {open && children}
      </section>
    </>
  );
}
