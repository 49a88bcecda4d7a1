/**
 * The first stream waits for the answers to what was asked before it: it begins with them, and sends none of them again.
 */

import { underWay } from "./clientCache.ts";
import { routeOf } from "./routes.ts";

const MOST = 3000; // ms that it waits

/**
 * Return what tells whether a stream may open. The first time that it is asked it waits until nothing that is `wanted` is
 * under way any more, and calls `open` then.
 */
export function afterFirst(
  routes: Record<string, string>,
  wanted: () => readonly string[],
  open: () => unknown,
): () => boolean {
  let isOver: boolean | undefined;
  const end = (): void => {
    if (isOver) return;
    isOver = true;
    open();
  };
  return () => {
    if (isOver === undefined) {
      isOver = false;
      // in a microtask: who listens asks in the same breath
      queueMicrotask(() => {
        const answers = underWay(wanted().flatMap((topic) => routeOf(routes, topic) ?? []));
        if (!answers) return end();
        void answers.then(end);
        setTimeout(end, MOST);
      });
    }
    return isOver;
  };
}
