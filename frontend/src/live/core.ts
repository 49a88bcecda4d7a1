/** The library without React: what any page may use. */

export {
  type CacheEntry,
  type CacheOptions,
  type CacheStats,
  cacheKey,
  clearAllCache,
  DEFAULT_TTL,
  FetchError,
  fetchWithCache,
  getCached,
  getCacheStats,
  getStorageStats,
  invalidateCache,
  type Peeked,
  peekCached,
  type RecordSeal,
  type RequestOptions,
  revalidate,
  type StorageStats,
  sealRecords,
  setCached,
  warmCache,
} from "./clientCache.ts";
export { pageNow } from "./clock.ts";
export { type Connection, createConnection, getConnection } from "./connection.ts";
export { BASE } from "./entry.ts";
export type { ConnectionOptions, LinkState, LinkStatus } from "./link.ts";
export { type Routes, setRoutes } from "./routes.ts";
