/** The browser's freshness library: stands alone, needs nothing of the app around it. */

export * from "./core.ts";
export { type SnapshotResult, useLink, useSnapshot } from "./useSnapshot.ts";
export { type SSEOptions, type SSEResult, topicOf, useSSE } from "./useSSE.ts";
