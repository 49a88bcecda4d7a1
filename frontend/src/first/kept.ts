/**
 * The first frame: the page as it looks from what this browser kept, each part with its age, before React's renderer is
 * there. It stays true for as long as that takes, and says so when it never comes.
 */

import type { ReactNode } from "react";
import { draw } from "./draw";

const STEP_MS = 1000; // ages go on while the rest of the page's code is on its way

/** Make `old` look like `fresh` and touch only what differs: a link that has the focus keeps it. */
export function renew(old: Node, fresh: Node): void {
  const now = [...old.childNodes];
  const next = [...fresh.childNodes];
  if (now.length !== next.length) {
    (old as ParentNode & Node).replaceChildren(...next);
    return;
  }
  now.forEach((was, index) => {
    const is = next[index] as Node;
    if (was.isEqualNode(is)) return;
    if (was.cloneNode(false).isEqualNode(is.cloneNode(false)) && is.hasChildNodes()) renew(was, is);
    else (was as ChildNode).replaceWith(is);
  });
}

/**
 * Show `page` in `root` from what is kept, and keep its ages going.
 *
 * Returns how to stop, to be called before something else draws into `root`. A page that cannot be drawn here is left to
 * React, which says what is wrong with it.
 */
export function showKept(root: Element, page: ReactNode): () => void {
  let isOver = false;
  const again = (): void => {
    if (isOver) return;
    try {
      const { nodes, waiting } = draw(page);
      if (root.hasChildNodes()) renew(root, nodes);
      else root.append(nodes);
      for (const part of waiting) part.then(again, stop);
    } catch (error) {
      console.debug(`The first frame is left to React: ${(error as Error).message}`);
      stop();
    }
  };
  const stop = (): void => {
    isOver = true;
    clearInterval(timer);
  };
  const timer = setInterval(again, STEP_MS);
  again();
  return stop;
}
