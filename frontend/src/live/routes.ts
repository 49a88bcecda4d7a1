/** What an app tells the library once, before it asks for anything: its routes. The library itself names none. */

export interface Routes {
  /** Route of the multiplexed stream. */
  stream: string;
  /**
   * Topic -> route of its conditional GET. Topics without one (log lines) are pushed only. A name that ends with `/` is a
   * family's: with `{ "bot/": "/bots/" }` the route of `bot/a` is `/bots/a`.
   */
  topics: Record<string, string>;
  /** Route -> milliseconds that an answer counts as fresh without being checked; 5000 where it is left out. */
  ttl: Record<string, number>;
  /** Routes that `warmCache` fetches. */
  warm: readonly string[];
  /** Prefixes of paths whose answers are held in memory only: of a family that has many, or whose names are nobody's business. */
  unkept: readonly string[];
  /** Prefix of a path -> the one that it is another name of: both name one entry of the cache. */
  aliases: Record<string, string>;
}

/** What was told so far. */
export const ROUTES: Routes = { stream: "", topics: {}, ttl: {}, warm: [], unkept: [], aliases: {} };

/** Tell the library its routes; what is left out stays as it is. */
export function setRoutes(routes: Partial<Routes>): void {
  Object.assign(ROUTES, routes);
}

/** The route of a topic in `routes`. */
export function routeOf(routes: Record<string, string>, topic: string): string | undefined {
  const at = topic.indexOf("/") + 1;
  const route = routes[topic.slice(0, at) || topic];
  return at && route ? route + topic.slice(at) : route;
}
