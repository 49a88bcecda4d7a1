/** React takes the page over: listeners, effects, the stream. */

import { type ReactNode, startTransition } from "react";
import { createRoot } from "react-dom/client";
import { followUptime } from "./feature/system/use-uptime";
import { followDeskTime } from "./lib/desk-time";
import { fetchParts } from "./lib/part";
import { followLogOut } from "./lib/role";
import { keepRoom } from "./lib/room";
import { warmCache } from "./live";

const WARM_AFTER = 500; // ms after the load: the first page is painted and verified before the others are fetched

export function start(root: Element, page: ReactNode): void {
  keepRoom();
  startTransition(() => createRoot(root).render(page));
  followDeskTime();
  followUptime();
  followLogOut();
  const warm = (): void => void setTimeout(() => void warmCache().then(fetchParts), WARM_AFTER);
  if (document.readyState === "complete") warm();
  else addEventListener("load", warm);
}
