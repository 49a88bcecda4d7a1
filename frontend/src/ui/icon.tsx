/** Icons: 14 px, drawn in the colour of the text. State is told by shape first, then word, then colour. */

import type { VNode } from "preact";
import "./icon.css";

const SHAPES: Record<string, VNode> = {
  dot: <circle cx="7" cy="7" r="4" fill="currentColor" />,
  ring: <circle cx="7" cy="7" r="4.2" className="stroke" />,
  clock: (
    <>
      <circle cx="7" cy="7" r="5.6" className="stroke" />
      <path d="M7 3.8V7l2.2 1.6" className="stroke" />
    </>
  ),
  broken: (
    <>
      <path d="M7 1.4A5.6 5.6 0 1 1 1.4 7" className="stroke" />
      <path d="M3.3 2.6 1.9 4.3M7 4v3.6M7 9.3v1.3" className="stroke" />
    </>
  ),
  bar: (
    <>
      <rect x="1.7" y="1.7" width="10.6" height="10.6" rx="1.5" className="stroke" />
      <path d="M4.2 7h5.6" className="stroke" />
    </>
  ),
  pause: <path d="M4.6 3v8M9.4 3v8" className="stroke thick" />,
  play: <path d="M4.2 2.6v8.8L11.4 7z" fill="currentColor" />,
  crossed: (
    <>
      <circle cx="7" cy="7" r="4.6" className="stroke" />
      <path d="M2.4 11.6 11.6 2.4" className="stroke" />
    </>
  ),
  back: <path d="M8.8 3 4.8 7l4 4" className="stroke" />,
  forth: <path d="M5.2 3l4 4-4 4" className="stroke" />,
  flag: <path d="M3.5 12.5v-11h7l-1.8 3 1.8 3h-7" className="stroke" />,
};

export type IconName =
  | "dot"
  | "ring"
  | "clock"
  | "broken"
  | "bar"
  | "pause"
  | "play"
  | "crossed"
  | "back"
  | "forth"
  | "flag";

/** A state icon; the word beside it names it, so it is hidden from readers. */
export function Icon({ name }: { name: IconName }) {
  return (
    <svg className="icon" viewBox="0 0 14 14" aria-hidden="true">
      {SHAPES[name]}
    </svg>
  );
}

const PAGES: Record<string, string> = {
  bots: "M3 14l4-5 4 3 6-8",
  portfolio: "M10 3v7h7A7 7 0 1 1 10 3z",
  intraday: "M6 3v14M14 3v14M4 6h4v7H4zM12 8h4v6h-4z",
  alerts: "M10 3l8 14H2zM10 9v4",
  logs: "M3 5h14M3 10h14M3 15h9",
  system: "M2 10h4l2-6 4 12 2-6h4",
};

/** Icon of a page in the bottom bar of the phone. */
export function PageIcon({ page }: { page: string }) {
  return (
    <svg className="page-icon" viewBox="0 0 20 20" aria-hidden="true">
      <path d={PAGES[page]} />
    </svg>
  );
}

/** The mark: a clock face that is open at the hour to come. */
export function Mark() {
  return (
    <svg className="mark" viewBox="0 0 20 20" aria-hidden="true">
      <path d="M12.9 2.5A8 8 0 1 1 5.4 3.4" />
      <path d="M10 5.6V10h4.2" />
    </svg>
  );
}

/** Half-filled disc of the theme button. */
export function ThemeIcon() {
  return (
    <svg className="icon-16" viewBox="0 0 16 16" aria-hidden="true">
      <circle cx="8" cy="8" r="6" className="stroke" />
      <path d="M8 2a6 6 0 0 0 0 12z" fill="currentColor" />
    </svg>
  );
}
