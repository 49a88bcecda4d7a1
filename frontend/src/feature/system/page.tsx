/** The System page: what the browser keeps, how the stream does, and how fast the desk answers. */

import type { ReactNode } from "react";
import { age } from "../../lib/age";
import { count, decimal, plural } from "../../lib/money";
import { percent } from "../../lib/percent";
import { bytes } from "../../lib/size";
import { useTicking } from "../../lib/ticker";
import { instant, stamp } from "../../lib/time";

export interface CacheFigures {
  hits: number;
  misses: number;
  /** Fraction of look-ups that were answered from the cache. */
  hitRate: number;
  /** Milliseconds of a fetch, on average. */
  avgFetchTime: number;
  /** Milliseconds of a look-up that hit, on average. */
  avgCacheTime: number;
  /** Answers 304: nothing had changed. */
  notModified: number;
  /** Characters that those did not send again. */
  savedBytes: number;
  /** Characters in localStorage under the cache's prefix. */
  stored: number;
  /** Entries there. */
  entries: number;
}

export interface StreamFigures {
  state: string;
  /** Wall time since which the stream is open, ms. */
  since?: number;
  reconnects: number;
  polls: number;
  /** True in the tab that holds the stream for all tabs. */
  isOwner: boolean;
  /** Why the stream does not work. */
  reason?: string;
}

export interface RouteFigures {
  count: number;
  errors: number;
  not_modified: number;
  mean_ms: number;
  p50_ms: number;
  p95_ms: number;
  p99_ms: number;
}

export interface DeskFigures {
  version: string;
  python: string;
  started_at: string;
  routes?: Record<string, RouteFigures>;
  live?: Record<string, number>;
  topics?: Record<string, { as_of?: string; version?: number; age_s?: number; size?: number }>;
}

interface Props {
  cache: CacheFigures;
  stream: StreamFigures;
  desk: DeskFigures | undefined;
  /** Wall time at which `desk` was fetched, ms. */
  fetchedAt: number | undefined;
  failed?: string;
}

function Figure({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Since({ at }: { at: number }) {
  return <>{useTicking((now) => age(now - at))}</>;
}

/** `1.4 ms`; three digits that matter. */
export function milliseconds(value: number): string {
  return `${decimal(value, value < 10 ? 2 : value < 100 ? 1 : 0)} ms`;
}

/** `clients_peak` -> `clients peak`. */
function words(name: string): string {
  return name.replaceAll("_", " ");
}

export function SystemPage({ cache, stream, desk, fetchedAt, failed }: Props) {
  const looked = cache.hits + cache.misses;
  const started = instant(desk?.started_at);
  const routes = Object.entries(desk?.routes ?? {}).sort(([, a], [, b]) => b.count - a.count);
  const topics = Object.entries(desk?.topics ?? {});
  const live = Object.entries(desk?.live ?? {});
  return (
    <>
      <h1 className="spoken">System</h1>
      <div className="head">
        <h2>System</h2>
        <small>
          {fetchedAt !== undefined && (
            <>
              Figures of the desk from <Since at={fetchedAt} /> ago.
            </>
          )}
        </small>
      </div>
      {failed && (
        <p className="notice">
          <b>The desk’s figures could not be read.</b> {failed}
        </p>
      )}
      <div className="system">
        <section className="panel" aria-labelledby="cache-title">
          <h3 id="cache-title">This browser’s cache</h3>
          <dl>
            <Figure name="Hits">{count(cache.hits)}</Figure>
            <Figure name="Misses">{count(cache.misses)}</Figure>
            <Figure name="Hit rate">
              {looked === 0 ? <span className="soft">no look-up yet</span> : percent(cache.hitRate, 1)}
            </Figure>
            <Figure name="Fetch, mean">
              {cache.misses === 0 ? <span className="soft">no fetch yet</span> : milliseconds(cache.avgFetchTime)}
            </Figure>
            <Figure name="Look-up, mean">
              {cache.hits === 0 ? <span className="soft">no hit yet</span> : milliseconds(cache.avgCacheTime)}
            </Figure>
            <Figure name="Answers 304">{count(cache.notModified)}</Figure>
            <Figure name="Not sent again">{bytes(cache.savedBytes)}</Figure>
            <Figure name="Kept in storage">
              {bytes(cache.stored)} in {plural(cache.entries, "entry", "entries")}
            </Figure>
          </dl>
        </section>
        <section className="panel" aria-labelledby="stream-title">
          <h3 id="stream-title">Stream</h3>
          <dl>
            <Figure name="State">{stream.state}</Figure>
            {stream.since !== undefined && (
              <Figure name="Up for">
                <Since at={stream.since} />
              </Figure>
            )}
            <Figure name="Reconnects">{count(stream.reconnects)}</Figure>
            <Figure name="Polls">{count(stream.polls)}</Figure>
            <Figure name="Held by">{stream.isOwner ? "this tab" : "another tab"}</Figure>
            {stream.reason && <Figure name="Trouble">{stream.reason}</Figure>}
          </dl>
        </section>
        <section className="panel" aria-labelledby="topics-title">
          <h3 id="topics-title">Data</h3>
          {topics.length === 0 ? (
            <p className="none">No topic has been built yet.</p>
          ) : (
            <table>
              <thead>
                <tr>
                  <th scope="col">Topic</th>
                  <th scope="col">As of</th>
                  <th scope="col">Changed</th>
                  <th scope="col">Size</th>
                </tr>
              </thead>
              <tbody>
                {topics.map(([name, topic]) => {
                  const asOf = instant(topic.as_of);
                  return (
                    <tr key={name}>
                      <th scope="row">{name}</th>
                      <td>{asOf === undefined ? <span className="spoken">no data</span> : stamp(asOf, undefined)}</td>
                      <td>
                        {topic.age_s !== undefined && fetchedAt !== undefined ? (
                          <Since at={fetchedAt - topic.age_s * 1000} />
                        ) : (
                          <span className="spoken">no data</span>
                        )}
                      </td>
                      <td>{bytes(topic.size ?? 0)}</td>
                    </tr>
                  );
                })}
              </tbody>
            </table>
          )}
        </section>
        <section className="panel wide-panel" aria-labelledby="desk-title">
          <h3 id="desk-title">Desk</h3>
          {desk ? (
            <dl className="columns">
              <Figure name="Aion">{desk.version}</Figure>
              <Figure name="Python">{desk.python}</Figure>
              {started !== undefined && (
                <Figure name="Up for">
                  <Since at={started} />
                </Figure>
              )}
              {live.map(([name, value]) => (
                <Figure key={name} name={words(name)}>
                  {Number.isInteger(value) ? count(value) : decimal(value, 3)}
                </Figure>
              ))}
            </dl>
          ) : (
            <p className="none">{failed ? "" : "Asking the desk."}</p>
          )}
        </section>
        <section className="panel wide-panel" aria-labelledby="routes-title">
          <h3 id="routes-title">Response times</h3>
          {routes.length === 0 ? (
            <p className="none">No route has answered yet.</p>
          ) : (
            <table>
              <thead>
                <tr>
                  <th scope="col">Route</th>
                  <th scope="col">Answers</th>
                  <th scope="col">Unchanged (304)</th>
                  <th scope="col">Errors</th>
                  <th scope="col">Mean</th>
                  <th scope="col">p50</th>
                  <th scope="col">p95</th>
                  <th scope="col">p99</th>
                </tr>
              </thead>
              <tbody>
                {routes.map(([route, figures]) => (
                  <tr key={route}>
                    <th scope="row">
                      <code>{route}</code>
                    </th>
                    <td>{count(figures.count)}</td>
                    <td>{count(figures.not_modified)}</td>
                    <td className={figures.errors > 0 ? "attention-text" : undefined}>{count(figures.errors)}</td>
                    <td>{milliseconds(figures.mean_ms)}</td>
                    <td>{milliseconds(figures.p50_ms)}</td>
                    <td>{milliseconds(figures.p95_ms)}</td>
                    <td>{milliseconds(figures.p99_ms)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          )}
        </section>
      </div>
    </>
  );
}
