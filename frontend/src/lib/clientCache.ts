/**
 * The browser's cache as docs/caching-strategy.md names it, with the routes of this desk: the library in `live` names none.
 * Whatever asks the desk for something has this imported before.
 */

import { setRoutes } from "../live";

export {
  clearAllCache,
  fetchWithCache,
  getCached,
  getCacheStats,
  invalidateCache,
  setCached,
  warmCache,
} from "../live";

/** Milliseconds that an answer of each route counts as fresh without being checked; 5000 for all others. */
export const CACHE_TTL: Record<string, number> = {
  "/api/bots/page": 5000,
  "/api/intraday/snapshot": 2000,
  "/api/metrics": 10000,
};

setRoutes({
  stream: "/api/events",
  topics: {
    bots: "/api/bots/page",
    index: "/api/bots/index",
    totals: "/api/bots/totals",
    "row/": "/api/bots/row/",
    "bot/": "/api/bots/card/",
    intraday: "/api/intraday/snapshot",
  },
  ttl: CACHE_TTL,
  warm: ["/api/bots/page", "/api/intraday/snapshot"],
  unkept: ["/api/bots/row/", "/api/bots/card/"], // their names are those of bots: `seen.ts` keeps some cards in one record
  aliases: { "/api/backend/": "/api/" },
});
