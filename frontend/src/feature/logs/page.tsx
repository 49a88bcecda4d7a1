/** The Logs page: lines of all processes as they are written, filtered by level, bot and text. */

import { useLayoutEffect, useMemo, useRef, useState } from "react";
import type { LogEntry } from "../../api/schema";
import { download } from "../../lib/csv";
import { count, plural } from "../../lib/money";
import { clockSeconds, instant, isoDay } from "../../lib/time";
import { FilterField } from "../../ui/filter";
import { botsIn, type Filter, filterLines, keyOf, LEVELS, type Level, lineText, type Tail } from "./tail";

function Line({ entry }: { entry: LogEntry }) {
  const at = instant(entry.ts);
  const market = instant(entry.market_time);
  const level = entry.level ?? "info";
  const more = Object.entries(entry.more ?? {});
  return (
    <li className={`log-line ${level}`}>
      <time dateTime={entry.ts} title={entry.ts}>
        {at === undefined ? "" : clockSeconds(at)}
      </time>
      <span className="level">{level}</span>
      <span className="process">{entry.process ?? entry.file}</span>
      <span className="text">
        {entry.bot && <b>{entry.bot} </b>}
        {entry.event}
        {market !== undefined && <small> market {clockSeconds(market)}</small>}
        {more.length > 0 && <small> {more.map(([name, value]) => `${name}=${value}`).join(" ")}</small>}
      </span>
    </li>
  );
}

interface Props {
  tail: Tail;
  /** Reason why the tail could not be read, if any. */
  failed?: string;
}

const ASK: Filter = { level: "info", bot: "", text: "" };

export function LogsPage({ tail, failed }: Props) {
  const [filter, setFilter] = useState<Filter>(ASK);
  const [paused, setPaused] = useState<Tail>();
  const box = useRef<HTMLElement>(null);
  const sticks = useRef(true);

  const shownTail = paused ?? tail;
  const lines = useMemo(() => filterLines(shownTail.lines, filter), [shownTail, filter]);
  const bots = useMemo(() => botsIn(tail.lines), [tail]);
  const waiting = paused ? tail.lines.filter((line) => (line.ts ?? "") > (paused.lines.at(-1)?.ts ?? "")).length : 0;

  // biome-ignore lint/correctness/useExhaustiveDependencies: the box is scrolled when its lines change
  useLayoutEffect(() => {
    const element = box.current;
    if (element && sticks.current && !paused) element.scrollTop = element.scrollHeight;
  }, [lines, paused]);

  const errors = Object.entries(tail.errors);
  return (
    <>
      <h1 className="spoken">Logs</h1>
      <div className="head">
        <h2>Logs</h2>
        <small>
          {lines.length === shownTail.lines.length
            ? plural(lines.length, "line")
            : `${count(lines.length)} of ${plural(shownTail.lines.length, "line")}`}
          , newest last, times in UTC
        </small>
        <div className="tools">
          <label>
            <span className="spoken">Least level</span>
            <select
              className="button"
              value={filter.level}
              onChange={(event) => setFilter({ ...filter, level: event.target.value as Level })}
            >
              {LEVELS.map((level) => (
                <option key={level} value={level}>
                  {level}
                  {level === "critical" ? "" : " and up"}
                </option>
              ))}
            </select>
          </label>
          <label>
            <span className="spoken">Bot</span>
            <select
              className="button"
              value={filter.bot}
              onChange={(event) => setFilter({ ...filter, bot: event.target.value })}
            >
              <option value="">all bots</option>
              {bots.map((bot) => (
                <option key={bot}>{bot}</option>
              ))}
            </select>
          </label>
          <FilterField what="lines by text" value={filter.text} onChange={(text) => setFilter({ ...filter, text })} />
          <button
            type="button"
            className="button pause"
            aria-pressed={paused !== undefined}
            onClick={() => setPaused(paused ? undefined : tail)}
          >
            {paused ? `Resume${waiting > 0 ? `, ${count(waiting)} new` : ""}` : "Pause"}
          </button>
          <button
            type="button"
            className="button"
            onClick={() =>
              download(
                "aion-log.txt",
                lines.map((line) => `${line.ts ?? ""} ${line.level ?? ""} ${lineText(line)}\n`).join(""),
                "text/plain;charset=utf-8",
              )
            }
          >
            Save<span className="spoken"> the lines shown</span>
          </button>
        </div>
      </div>
      {errors.map(([file, problem]) => (
        <p key={file} className="notice">
          <b>{problem.file}</b> {problem.reason}
        </p>
      ))}
      {failed && (
        <p className="notice">
          <b>The log could not be read.</b> {failed}
        </p>
      )}
      <section
        ref={box}
        className="panel log"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls has to be reachable by keyboard
        tabIndex={0}
        aria-label="Log lines"
        onScroll={(event) => {
          const { scrollTop, scrollHeight, clientHeight } = event.currentTarget;
          sticks.current = scrollHeight - scrollTop - clientHeight < 24;
        }}
      >
        {lines.length === 0 ? (
          <p className="none pad">
            {shownTail.lines.length === 0
              ? "No line yet. Bots and desk write here as they work."
              : "No line passes the filter."}
          </p>
        ) : (
          <ol>
            {lines.map((line, index) => (
              <FirstOfDay key={keyOf(line, shownTail.ends)} entry={line} before={lines[index - 1]} />
            ))}
          </ol>
        )}
      </section>
    </>
  );
}

/** A line, under its date where it is the first of a day. */
function FirstOfDay({ entry, before }: { entry: LogEntry; before: LogEntry | undefined }) {
  const at = instant(entry.ts);
  const earlier = instant(before?.ts);
  const isFirst = at !== undefined && (earlier === undefined || isoDay(at) !== isoDay(earlier));
  return (
    <>
      {isFirst && <li className="log-day">{isoDay(at)}</li>}
      <Line entry={entry} />
    </>
  );
}
