/** Top bar: mark, pages, Link, Mode, theme. On the phone the pages move to the bottom of the screen. */

import type { ComponentChildren, TargetedMouseEvent } from "preact";
import { at } from "../../lib/base";
import { nextTheme, setTheme, useTheme } from "../../lib/preference";
import { navigate } from "../../lib/route";
import { Mark, PageIcon, ThemeIcon } from "../icon";

const IDS = ["bots", "portfolio", "intraday", "alerts", "logs", "system"] as const;

export type PageId = (typeof IDS)[number];

/** Each page: where it is, and what it is called. */
export const PAGES = IDS.map((id) => ({ id, href: `/${id}`, title: id[0]?.toUpperCase() + id.slice(1) }));

/** Follow a link inside the page; with a modifier, or another button, the browser does what it always does. */
export function follow(event: TargetedMouseEvent<HTMLAnchorElement>): void {
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey)
    return;
  event.preventDefault();
  navigate(event.currentTarget.getAttribute("href") ?? at("/"));
}

function ThemeButton() {
  const theme = useTheme();
  const name = { auto: "Auto", dark: "Dark", light: "Light" }[theme];
  return (
    <button
      type="button"
      className="button theme"
      aria-label={`Theme: ${name}`}
      onClick={() => setTheme(nextTheme(theme))}
    >
      <ThemeIcon />
      <span className="wide">{name}</span>
    </button>
  );
}

interface Props {
  page: PageId | undefined;
  /** Stops the bots; for who may. */
  stop?: ComponentChildren;
  children: ComponentChildren;
}

export function TopBar({ page, stop, children }: Props) {
  return (
    <header className="top">
      <a className="skip" href="#main">
        Skip to content
      </a>
      <div className="top-row">
        <a className="logo" href={at("/bots")} onClick={follow}>
          <Mark />
          Aion
        </a>
        <nav className="pages" aria-label="Pages">
          {PAGES.map(({ id, href, title }) => (
            <a key={id} href={at(href)} aria-current={id === page ? "page" : undefined} onClick={follow}>
              <PageIcon page={id} />
              {title}
            </a>
          ))}
        </nav>
        <div className="chips">{children}</div>
        <ThemeButton />
        {stop}
      </div>
    </header>
  );
}
