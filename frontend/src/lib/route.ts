/** The address as a path, without a router library: four pages do not need one. */

import { useMemo } from "preact/hooks";
import { at, pathBelow } from "./base";
import { type Bot, isSecond } from "./bot";
import { useStore } from "./use-store";

const CHANGED = "aion:navigate";

function subscribe(listener: () => void): () => void {
  addEventListener("popstate", listener);
  addEventListener(CHANGED, listener);
  return () => {
    removeEventListener("popstate", listener);
    removeEventListener(CHANGED, listener);
  };
}

/** The page of one bot; of two that have one name that of the swing bot says its kind. */
export function pathOf(bot: Pick<Bot, "kind" | "bot" | "errors">): string {
  return at(`/bots/${encodeURIComponent(bot.bot)}${isSecond(bot) ? "?kind=swing" : ""}`);
}

/** Go to `href` (same origin) without loading the page again. */
export function navigate(href: string): void {
  if (href === location.pathname + location.search + location.hash) return;
  history.pushState(null, "", href);
  dispatchEvent(new Event(CHANGED));
  if (!location.hash) scrollTo(0, 0);
}

/** Path below the desk's own, without a trailing slash; `/bots` for `/`. */
export function usePath(): string {
  return useStore(subscribe, () => pathBelow(location.pathname).replace(/\/+$/, "") || "/bots");
}

/** The part of the address after `?`, without it. */
export function useQuery(): URLSearchParams {
  const text = useStore(subscribe, () => location.search);
  return useMemo(() => new URLSearchParams(text), [text]);
}

/** Put `values` into the address without a new entry in the history; an empty value leaves its name out. */
export function setQuery(values: Record<string, string>): void {
  const query = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(values)) {
    if (value) query.set(name, value);
    else query.delete(name);
  }
  const text = query.toString();
  history.replaceState(history.state, "", `${location.pathname}${text && `?${text}`}${location.hash}`);
  dispatchEvent(new Event(CHANGED));
}
