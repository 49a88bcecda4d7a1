/** The title of the window: the page, and how many positions are open, for whoever looks at the tabs only. */

import { useEffect } from "preact/hooks";

/** `(3) Logs · Aion`. */
export function titleOf(page: string, openPositions: number): string {
  return `${openPositions > 0 ? `(${openPositions}) ` : ""}${page} · Aion`;
}

/** Keep the title; an empty `page` leaves it to somebody else. */
export function useTitle(page: string, openPositions: number): void {
  useEffect(() => {
    if (page) document.title = titleOf(page, openPositions);
  }, [page, openPositions]);
}
