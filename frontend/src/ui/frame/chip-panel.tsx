/** A chip that opens a panel under the top bar: the whole chip is the button, its words stay what they are. */

import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import "./chip-panel.css";

interface Props {
  id: string;
  /** What the button opens, for readers: `Link: details`. */
  name: string;
  chip: ComponentChildren;
  children: ComponentChildren;
}

export function ChipPanel({ id, name, chip, children }: Props) {
  const [open, setOpen] = useState(false);
  return (
    <div className={`chip-host ${id}`}>
      {chip}
      <button type="button" className="chip-open" popoverTarget={id} aria-label={name} />
      <section
        id={id}
        className="chip-panel"
        popover="auto"
        aria-label={name}
        onToggle={(event) => setOpen(event.newState === "open")}
      >
        {open && children}
      </section>
    </div>
  );
}
