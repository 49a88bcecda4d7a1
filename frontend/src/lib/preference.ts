/** What the user chose on this browser: theme, time zone, toasts. Kept in localStorage where that is allowed. */

import { ownName } from "./base";
import { localZone, setShownZone, UTC } from "./time";
import { useStore } from "./use-store";

export const THEMES = ["auto", "dark", "light"] as const;
export type Theme = (typeof THEMES)[number];

/** One choice, the same in all tabs. */
interface Choice<T extends string> {
  get: () => T;
  set: (value: T) => void;
  use: () => T;
}

/**
 * A choice under `aion_<name>`: not under the prefix of the cached data, so that clearing that leaves it.
 * `valid` turns what is kept (or nothing) into a value; `apply` makes it count, now and after each change.
 */
function choice<T extends string>(
  name: string,
  valid: (kept: string | null) => T,
  apply: (value: T) => void,
): Choice<T> {
  const key = ownName(`aion_${name}`);
  const listeners = new Set<() => void>();
  const read = (): T => {
    try {
      return valid(localStorage.getItem(key));
    } catch {
      return valid(null); // storage refused: the choice lasts as long as the page
    }
  };
  let value = read();
  apply(value);
  const take = (next: T): void => {
    value = next;
    apply(value);
    for (const listener of [...listeners]) listener();
  };
  addEventListener("storage", (event) => {
    if (event.key === key) take(read());
  });
  const subscribe = (listener: () => void): (() => void) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  };
  return {
    get: () => value,
    set: (next) => {
      try {
        localStorage.setItem(key, next);
      } catch {
        // storage refused or full: nothing else depends on it
      }
      take(next);
    },
    use: () => useStore(subscribe, () => value),
  };
}

const theme = choice<Theme>(
  "theme",
  (kept) => THEMES.find((each) => each === kept) ?? "auto",
  (value) => {
    if (value === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = value;
  },
);

/** Set and keep the theme; `auto` follows the system. */
export const setTheme = theme.set;

/** The theme that was chosen, the same in all tabs. */
export const useTheme = theme.use;

/** Auto, Dark, Light, Auto ... */
export function nextTheme(current: Theme): Theme {
  return THEMES[(THEMES.indexOf(current) + 1) % THEMES.length] ?? "auto";
}

/** `local` for this machine's zone, else an IANA name. */
export const LOCAL = "local";

function isZone(name: string): boolean {
  try {
    return Boolean(new Intl.DateTimeFormat("en", { timeZone: name }));
  } catch {
    return false;
  }
}

const zone = choice<string>(
  "zone",
  (kept) => (kept === LOCAL || (kept && isZone(kept)) ? kept : UTC),
  (value) => setShownZone(value === LOCAL ? localZone() : value),
);

/** Set and keep the zone in which times are shown: `UTC`, `local`, or the IANA zone of an exchange. */
export const setZone = zone.set;

/** The zone that was chosen; the texts of `time.ts` follow it. */
export const useZone = zone.use;

const toasts = choice<"on" | "off">(
  "toasts",
  (kept) => (kept === "off" ? "off" : "on"),
  () => {},
);

/** Whether fills are told in a corner of pages that do not show them. */
export const setToasts = toasts.set;
export const useToasts = toasts.use;

const announcements = choice<"on" | "off">(
  "announcements",
  (kept) => (kept === "off" ? "off" : "on"),
  () => {},
);

/** Whether fills and changes of state are said to screen readers. */
export const setAnnouncements = announcements.set;
export const useAnnouncements = announcements.use;

/** Seconds between two polls that a user may choose. */
export const POLL_CHOICES = [2, 5, 15] as const;
export type PollEvery = (typeof POLL_CHOICES)[number];

const poll = choice<string>(
  "poll_every",
  (kept) => (POLL_CHOICES.some((each) => String(each) === kept) ? String(kept) : "5"),
  () => {},
);

/** Seconds between two polls while no stream works; default 5. */
export function setPollEvery(seconds: PollEvery): void {
  poll.set(String(seconds));
}

export function usePollEvery(): PollEvery {
  return Number(poll.use()) as PollEvery;
}
