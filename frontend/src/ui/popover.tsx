/** A button and the panel that it opens under itself. */

import type { ComponentChildren } from "preact";
import { useRef, useState } from "preact/hooks";
import { useId } from "../lib/use-id";

const GAP = 6; // px between button and panel, and between panel and window

interface Props {
  /** What stands on the button. */
  label: ComponentChildren;
  /** Name of the panel, for readers. */
  name: string;
  className?: string;
  /** Given how to close it. */
  children: (close: () => void) => ComponentChildren;
}

export function Popover({ label, name, className = "", children }: Props) {
  const id = useId();
  const button = useRef<HTMLButtonElement>(null);
  const panel = useRef<HTMLElement>(null);
  const [open, setOpen] = useState(false);
  const place = (): void => {
    const at = button.current?.getBoundingClientRect();
    const style = panel.current?.style;
    if (!at || !style) return;
    style.top = `${at.bottom + GAP}px`;
    style.right = `${Math.max(GAP, document.documentElement.clientWidth - at.right)}px`;
  };
  return (
    <>
      <button ref={button} type="button" className={`button ${className}`} popoverTarget={id}>
        {label}
      </button>
      <section
        ref={panel}
        id={id}
        className="chip-panel under"
        popover="auto"
        aria-label={name}
        onBeforeToggle={(event) => event.newState === "open" && place()}
        onToggle={(event) => setOpen(event.newState === "open")}
      >
        {open && children(() => panel.current?.hidePopover())}
      </section>
    </>
  );
}
