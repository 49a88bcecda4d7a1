/** The System page: what the browser keeps, how the link does, how old data is, and how fast the desk answers. */

import type { ComponentChildren } from "preact";
import { useMemo } from "preact/hooks";
import type { BotsPageBundle, SystemMetrics } from "../../api/schema";
import { type Bot, keyOf, nameOf } from "../../lib/bot";
import { AGE_BOUNDS, ageQuantile } from "../../lib/data-age";
import { count, decimal, plural } from "../../lib/money";
import { percent } from "../../lib/percent";
import { bytes } from "../../lib/size";
import type { TermName } from "../../lib/terms";
import { instant, stamp } from "../../lib/time";
import { Age, Due } from "../../ui/age";
import { useDesk } from "../../ui/frame/desk";
import { PollChoice } from "../../ui/frame/poll-choice";
import { NoData } from "../../ui/number";
import { Histogram } from "./histogram";
import { MachinePanel } from "./machines";
import { Fact, Figure, milliseconds, type Row, TablePanel } from "./part";
import { WatchPanels } from "./watch";

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
  /** Word of the link's state. */
  state: string;
  /** Wall time since which the stream is open, ms. */
  since?: number;
  /** Fraction of the page's life in which a stream worked. */
  uptime: number;
  reconnects: number;
  /** Times that polling took over. */
  falls: number;
  polls: number;
  /** Patches that did not fit what was held. */
  misfits: number;
  /** True in the tab that holds the stream for all tabs. */
  isOwner: boolean;
  /** Why the stream does not work. */
  reason?: string;
}

interface Props {
  cache: CacheFigures;
  stream: StreamFigures;
  /** How many pushes came in each class of `AGE_BOUNDS`. */
  ages: readonly number[];
  bots: readonly Bot[];
  watch: BotsPageBundle["watch"];
  /** Why the watchdog's figures cannot be read, if they cannot. */
  watchProblem?: string;
  desk: SystemMetrics | undefined;
  /** Wall time at which `desk` was fetched, ms. */
  fetchedAt: number | undefined;
  failed?: string;
}

/** `clients_peak` -> `clients peak`. */
function words(name: string): string {
  return name.replaceAll("_", " ");
}

const capitalised = (name: string): string => name.charAt(0).toUpperCase() + name.slice(1);

/** A counter with the unit that its name ends in. */
export function counter(name: string, value: number): [string, string] {
  if (name.endsWith("_ms")) return [words(name.slice(0, -3)), milliseconds(value)];
  if (/^bytes_|_bytes$/.test(name)) return [words(name), bytes(value)];
  if (name === "trusts_events") return ["file events", value ? "reliable" : "not reliable"];
  return [words(name), Number.isInteger(value) ? count(value) : decimal(value, 3)];
}

const AGE_CLASSES = [...AGE_BOUNDS, Number.POSITIVE_INFINITY].map((bound, index) =>
  Number.isFinite(bound) ? `to ${ageText(bound)}` : `over ${ageText(AGE_BOUNDS[index - 1] ?? 0)}`,
);

function ageText(ms: number): string {
  if (!Number.isFinite(ms)) return "over 5 s";
  return ms < 1000 ? `${ms} ms` : `${ms / 1000} s`;
}

function AgePanel({ ages }: { ages: readonly number[] }) {
  const [half, most] = [ageQuantile(ages, 0.5), ageQuantile(ages, 0.99)];
  return (
    <section className="panel" aria-labelledby="age-title">
      <div className="panel-head">
        <h3 id="age-title">Age of data on arrival</h3>
        <small>{half === undefined || most === undefined ? "" : `p50 ${ageText(half)}, p99 ${ageText(most)}`}</small>
      </div>
      {half === undefined ? (
        <p className="none">No updates since this page was loaded.</p>
      ) : (
        <Histogram name="Age of data on arrival" classes={AGE_CLASSES} counts={ages} />
      )}
    </section>
  );
}

function heartbeats(bots: readonly Bot[], market: number | undefined): Row[] {
  return bots.map((bot) => ({
    key: keyOf(bot),
    plain: [bot.bot, bot.state, bot.as_of, bot.written_at, bot.due_at],
    get cells() {
      const [asOf, written, due] = [instant(bot.as_of), instant(bot.written_at), instant(bot.due_at)];
      return [
        nameOf(bot),
        bot.state,
        asOf === undefined ? <NoData key="as-of" /> : stamp(asOf, market),
        written === undefined ? <NoData key="written" /> : <Age key="written" at={written} />,
        due === undefined ? <NoData key="due" /> : <Due key="due" at={due} />,
      ];
    },
  }));
}

function routeRows(routes: SystemMetrics["routes"] | undefined): Row[] {
  return Object.entries(routes ?? {})
    .sort(([, a], [, b]) => b.count - a.count)
    .map(([route, figures]) => {
      const times = [figures.mean_ms, figures.p50_ms, figures.p95_ms, figures.p99_ms];
      return {
        key: route,
        plain: [route, figures.count, figures.not_modified, figures.errors, ...times],
        cells: [
          <code key="route">{route}</code>,
          count(figures.count),
          count(figures.not_modified),
          figures.errors > 0 ? (
            <span key="errors" className="attention-text">
              {count(figures.errors)}
            </span>
          ) : (
            "0"
          ),
          ...times.map(milliseconds),
        ],
      };
    });
}

function topicRows(desk: SystemMetrics | undefined, fetchedAt: number | undefined): Row[] {
  return Object.entries(desk?.topics ?? {}).map(([name, topic]) => ({
    key: name,
    plain: [name, topic.age_s, topic.size],
    cells: [
      name,
      topic.age_s === undefined || fetchedAt === undefined ? (
        <NoData key="age" />
      ) : (
        <Age key="age" at={fetchedAt - topic.age_s * 1000} isOwn />
      ),
      bytes(topic.size ?? 0),
    ],
  }));
}

function Soft({ children }: { children: ComponentChildren }) {
  return <span className="soft">{children}</span>;
}

function CachePanel({ cache }: { cache: CacheFigures }) {
  const looked = cache.hits + cache.misses;
  return (
    <section className="panel" aria-labelledby="cache-title">
      <h3 id="cache-title">This browser’s cache</h3>
      <dl>
        <Figure name="Hit rate">{looked === 0 ? <Soft>no lookups yet</Soft> : percent(cache.hitRate, 1)}</Figure>
        <Figure name="Hits">{count(cache.hits)}</Figure>
        <Figure name="Misses">{count(cache.misses)}</Figure>
        <Figure name="Mean fetch time">
          {cache.avgFetchTime === 0 ? <Soft>no requests yet</Soft> : milliseconds(cache.avgFetchTime)}
        </Figure>
        <Figure name="Mean lookup time">
          {looked === 0 ? <Soft>no lookups yet</Soft> : milliseconds(cache.avgCacheTime)}
        </Figure>
        <Figure name="Unchanged (304)">{count(cache.notModified)}</Figure>
        <Figure name="Bytes saved by 304">{bytes(cache.savedBytes)}</Figure>
        <Figure name="Stored in this browser">
          {bytes(cache.stored)} in {plural(cache.entries, "entry", "entries")}
        </Figure>
      </dl>
    </section>
  );
}

function LinkPanel({ stream }: { stream: StreamFigures }) {
  return (
    <section className="panel" aria-labelledby="stream-title">
      <h3 id="stream-title">Link</h3>
      <dl>
        <Fact name="Now">{stream.state}</Fact>
        <Figure name="Stream open for">
          {stream.since === undefined ? <Soft>no stream</Soft> : <Age at={stream.since} isOwn />}
        </Figure>
        <Figure name="Stream uptime">{percent(stream.uptime, 1)}</Figure>
        <Figure name="Reconnects">{count(stream.reconnects)}</Figure>
        <Figure name="Switched to polling">{count(stream.falls)}</Figure>
        <Figure name="Polls">{count(stream.polls)}</Figure>
        <Figure name="Delta updates rejected">{count(stream.misfits)}</Figure>
        <Fact name="Stream owned by">{stream.isOwner ? "this tab" : "another tab"}</Fact>
        {stream.reason && <Fact name="Problem">{stream.reason}</Fact>}
      </dl>
      <PollChoice />
    </section>
  );
}

interface DeskProps {
  desk: SystemMetrics | undefined;
  fetchedAt: number | undefined;
  failed: boolean;
}

function DeskPanel({ desk, fetchedAt, failed }: DeskProps) {
  const started = instant(desk?.started_at);
  const { process, disk } = desk ?? {};
  const live = Object.entries(desk?.live ?? {}).map(([name, value]) => counter(name, value));
  return (
    <section className="panel wide-panel" aria-labelledby="desk-title">
      <div className="panel-head">
        <h3 id="desk-title">Desk</h3>
        <small>
          {fetchedAt !== undefined && (
            <>
              as of <Age at={fetchedAt} isOwn /> ago, from the process that answered
            </>
          )}
        </small>
      </div>
      {desk ? (
        <dl className="columns">
          <Fact name="Aion">{desk.version}</Fact>
          <Fact name="Python">{desk.python}</Fact>
          {process && <Fact name="System">{process.system}</Fact>}
          {(desk.workers ?? 1) > 1 && <Figure name="Workers (totals)">{count(desk.workers ?? 1)}</Figure>}
          {Boolean(desk.silent) && <Figure name="Workers not responding">{count(desk.silent ?? 0)}</Figure>}
          {process && <Fact name="Process">{process.pid}</Fact>}
          {started !== undefined && (
            <Figure name="Uptime">
              <Age at={started} />
            </Figure>
          )}
          {process?.memory_bytes !== undefined && <Figure name="Memory">{bytes(process.memory_bytes)}</Figure>}
          {process && <Figure name="CPU seconds">{decimal(process.cpu_s, 1)}</Figure>}
          {process?.open_files !== undefined && <Figure name="Open files">{count(process.open_files)}</Figure>}
          {disk && (
            <Figure name="Disk">
              {bytes(disk.free_bytes)} free of {bytes(disk.total_bytes)}
            </Figure>
          )}
          {live.map(([name, value]) => (
            <Figure key={name} name={capitalised(name) as TermName}>
              {value}
              {name === "viewers" && fetchedAt !== undefined && (
                <small>
                  {" "}
                  <Age at={fetchedAt} isOwn /> ago
                </small>
              )}
            </Figure>
          ))}
        </dl>
      ) : (
        <p className="none">{failed ? "" : "Loading."}</p>
      )}
    </section>
  );
}

export function SystemPage({ cache, stream, ages, bots, watch, watchProblem, desk, fetchedAt, failed }: Props) {
  const { market } = useDesk();
  const beats = useMemo(() => heartbeats(bots, market), [bots, market]);
  return (
    <>
      <h1 className="spoken">System</h1>
      <div className="head">
        <h2>System</h2>
        <small>
          {fetchedAt !== undefined && (
            <>
              Desk figures from <Age at={fetchedAt} isOwn /> ago.
            </>
          )}
        </small>
      </div>
      {failed && (
        <p className="notice">
          <b>Could not load the desk’s figures.</b> {failed}
        </p>
      )}
      <div className="system">
        <CachePanel cache={cache} />
        <LinkPanel stream={stream} />
        <AgePanel ages={ages} />
        <TablePanel
          id="topics-title"
          title="Bundles"
          head={[
            ["Topic", "Topic"],
            ["Changed, ago", "Changed, ago"],
            ["Size", "Size"],
          ]}
          rows={topicRows(desk, fetchedAt)}
          isNarrow
          none={desk ? "No topics yet." : "Unknown."}
        />
        {desk?.machines && <MachinePanel machines={desk.machines} fetchedAt={fetchedAt} />}
        <WatchPanels watch={watch} problem={watchProblem ?? (failed && "could not load the desk’s figures.")} />
        <TablePanel
          id="beats-title"
          title="Heartbeats"
          note="each on its own schedule"
          head={[
            ["Bot"],
            ["State"],
            ["Market data as of", "Market data as of"],
            ["Wrote, ago", "Wrote, ago"],
            ["Next", "Next write"],
          ]}
          rows={beats}
          none="No bots yet."
        />
        <DeskPanel desk={desk} fetchedAt={fetchedAt} failed={Boolean(failed)} />
        <TablePanel
          id="routes-title"
          title="Response times"
          note="last 256 responses of each route"
          head={[
            ["Route"],
            ["Responses", "Responses"],
            ["Unchanged (304)", "Unchanged (304)"],
            ["Errors", "Errors"],
            ["Mean", "Mean"],
            ["p50", "p50"],
            ["p95", "p95"],
            ["p99", "p99"],
          ]}
          rows={routeRows(desk?.routes)}
          none={desk ? "No requests yet." : "Unknown."}
        />
      </div>
    </>
  );
}
