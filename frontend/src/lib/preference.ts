/** What the user chose on this browser: theme and time zone. Kept in localStorage where that is allowed. */

import { useSyncExternalStore } from "react";

export const THEMES = ["auto", "dark", "light"] as const;
export type Theme = (typeof THEMES)[number];

/** Not under the prefix of the cached data, so that clearing that leaves the choice. */
const THEME_KEY = "aion_theme";

const listeners = new Set<() => void>();

function read(): Theme {
  try {
    const kept = localStorage.getItem(THEME_KEY);
    return THEMES.find((theme) => theme === kept) ?? "auto";
  } catch {
    return "auto"; // storage refused: the choice lasts as long as the page
  }
}

let theme: Theme = read();

function apply(): void {
  if (theme === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}

/** Set and keep the theme; `auto` follows the system. */
export function setTheme(next: Theme): void {
  theme = next;
  apply();
  try {
    localStorage.setItem(THEME_KEY, next);
  } catch {
    // storage refused or full: nothing else depends on it
  }
  for (const listener of [...listeners]) listener();
}

/** Auto, Dark, Light, Auto ... */
export function nextTheme(current: Theme): Theme {
  return THEMES[(THEMES.indexOf(current) + 1) % THEMES.length] ?? "auto";
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  const onStorage = (event: StorageEvent): void => {
    if (event.key !== THEME_KEY) return;
    theme = read();
    apply();
    listener();
  };
  addEventListener("storage", onStorage);
  return () => {
    listeners.delete(listener);
    removeEventListener("storage", onStorage);
  };
}

/** The theme that was chosen, the same in all tabs. */
export function useTheme(): Theme {
  return useSyncExternalStore(subscribe, () => theme);
}
