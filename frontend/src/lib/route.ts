/** The address as a path, without a router library: four pages do not need one. */

import { useSyncExternalStore } from "react";

const CHANGED = "aion:navigate";

function subscribe(listener: () => void): () => void {
  addEventListener("popstate", listener);
  addEventListener(CHANGED, listener);
  return () => {
    removeEventListener("popstate", listener);
    removeEventListener(CHANGED, listener);
  };
}

/** Go to `href` (same origin) without loading the page again. */
export function navigate(href: string): void {
  if (href === location.pathname + location.search + location.hash) return;
  history.pushState(null, "", href);
  dispatchEvent(new Event(CHANGED));
  if (!location.hash) scrollTo(0, 0);
}

/** Path without a trailing slash; `/bots` for `/`. */
export function usePath(): string {
  return useSyncExternalStore(subscribe, () => location.pathname.replace(/\/+$/, "") || "/bots");
}
