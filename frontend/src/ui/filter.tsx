/** The filter of a page's table; `/` goes to it, Esc clears it. */

import { useState } from "preact/hooks";
import "./filter.css";

interface Props {
  /** What is filtered, for readers: `bots`. */
  what: string;
  value: string;
  onChange: (text: string) => void;
}

export function FilterField({ what, value, onChange }: Props) {
  const [asked, setAsked] = useState(false);
  return (
    <label className={`filter${asked || value ? " open" : ""}`}>
      <span className="spoken">Filter {what}</span>
      <input
        type="search"
        value={value}
        placeholder="Filter"
        autoComplete="off"
        spellcheck={false}
        onFocus={() => setAsked(true)}
        onBlur={() => setAsked(false)}
        onInput={(event) => onChange(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key !== "Escape") return;
          onChange("");
          event.currentTarget.blur();
        }}
      />
      <span className="key" aria-hidden="true">
        /
      </span>
    </label>
  );
}
