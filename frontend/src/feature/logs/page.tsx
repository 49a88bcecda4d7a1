/** The Logs page: lines of all processes as they are written, and what whole files hold of what is asked. */

import { useMemo, useState } from "preact/hooks";
import type { LogEntry, LogTail } from "../../api/schema";
import { download, toCsv } from "../../lib/csv";
import { count, plural } from "../../lib/money";
import { bytes } from "../../lib/size";
import { instant, stamp } from "../../lib/time";
import { FilterField } from "../../ui/filter";
import { botsIn, type Filter, filterLines, isAsking } from "./filter";
import { LinePane } from "./line";
import { LineList } from "./list";
import { keyOf } from "./tail";
import { BotChoice, FileChoice, LevelChoice, MachineChoice, RangeChoice, WholeFiles } from "./tools";

/** How far whole files have been searched for what is asked. */
export interface Search {
  isBusy: boolean;
  scanned: number;
  /** Bytes that lie before; undefined before the first answer. */
  left?: number;
  failed?: string;
}

interface Props {
  /** All lines at hand, in order of time. */
  lines: readonly LogEntry[];
  errors?: LogTail["errors"];
  /** Names of all bots that the desk knows; those of the lines come with them. */
  bots?: readonly string[];
  /** Names of all log files. */
  files: readonly string[];
  /** Names of other machines that can be asked. */
  machines?: readonly string[];
  /** Whose logs these are; empty for the desk's. */
  machine?: string;
  filter: Filter;
  onFilter: (change: Partial<Filter>) => void;
  search: Search;
  onOlder: () => void;
  /** Reason why the tail could not be read, if any. */
  failed?: string;
  /** How much of an answer has come. */
  progress?: string;
}

const HEAD = ["ts", "level", "process", "bot", "event", "cycle_id", "market_time", "more", "file", "offset"];

function csv(lines: readonly LogEntry[]): string {
  const more = (line: LogEntry): string | undefined => (line.more ? JSON.stringify(line.more) : undefined);
  return toCsv(
    HEAD,
    lines.map((line) => [
      line.ts,
      line.level,
      line.process,
      line.bot,
      line.event,
      line.cycle_id,
      line.market_time,
      more(line),
      line.file,
      line.offset,
    ]),
  );
}

/** The bar over the list: from when its lines are, and what lies before them. */
function Older({
  lines,
  search,
  onOlder,
  isAsked,
}: Pick<Props, "lines" | "search" | "onOlder"> & { isAsked: boolean }) {
  const first = instant(lines.find((line) => line.ts)?.ts);
  const { left, scanned, isBusy, failed } = search;
  return (
    <div className="older">
      <span>
        {first === undefined ? "" : `Since ${stamp(first, undefined)}. `}
        {failed && <span className="attention-text">{failed} </span>}
        {left === 0
          ? "Start of the log."
          : `${scanned > 0 ? `Searched ${bytes(scanned)}. ` : ""}${left === undefined ? "" : `${bytes(left)} not searched yet.`}`}
      </span>
      {left !== 0 && (
        <button type="button" className="quiet" onClick={onOlder}>
          {isBusy ? "Stop search" : isAsked ? "Search older" : "Older lines"}
        </button>
      )}
    </div>
  );
}

export function LogsPage({
  lines: all,
  errors = {},
  bots: named = [],
  files,
  machines = [],
  machine = "",
  filter,
  onFilter,
  search,
  onOlder,
  failed,
  progress,
}: Props) {
  const [paused, setPaused] = useState<readonly LogEntry[]>();
  const [chosen, setChosen] = useState<string>();
  const held = useMemo(() => new Set(paused?.map(keyOf)), [paused]);
  const oldest = paused?.[0]?.ts ?? "";
  // what a search brings from before is shown while paused too; only what is new waits
  const at = paused ? all.filter((line) => held.has(keyOf(line)) || (line.ts ?? "") < oldest) : all;
  const waiting = all.length - at.length;
  const lines = useMemo(() => filterLines(at, filter), [at, filter]);
  const found = useMemo(() => botsIn(all), [all]);
  const bots = [...new Set([...named, ...found])].sort();
  const index = chosen === undefined ? -1 : lines.findIndex((line) => keyOf(line) === chosen);
  const open = lines[index];
  return (
    <>
      <h1 className="spoken">Logs</h1>
      <div className="head">
        <h2>Logs</h2>
        <small>
          {lines.length === at.length
            ? plural(lines.length, "line")
            : `${count(lines.length)} of ${plural(at.length, "line")} loaded`}
          , newest last
        </small>
        <div className="tools">
          {(machines.length > 0 || machine) && (
            <MachineChoice
              value={machine}
              choices={machines}
              onChange={(next) => onFilter({ machine: next, process: "", bot: "" })}
            />
          )}
          <LevelChoice level={filter.level} onChange={(level) => onFilter({ level })} />
          <BotChoice value={filter.bot} choices={bots} onChange={(bot) => onFilter({ bot })} />
          <FileChoice value={filter.process} choices={files} onChange={(process) => onFilter({ process })} />
          <RangeChoice filter={filter} onChange={onFilter} />
          <FilterField what="lines by text" value={filter.text} onChange={(text) => onFilter({ text })} />
          <button
            type="button"
            className="button pause"
            aria-pressed={paused !== undefined}
            onClick={() => setPaused(paused ? undefined : all)}
          >
            {paused ? `Resume${waiting > 0 ? `, ${count(waiting)} new` : ""}` : "Pause"}
          </button>
          <WholeFiles machine={machine} />
          <button type="button" className="button" onClick={() => download("aion-log.csv", csv(lines))}>
            CSV<span className="spoken"> of the lines shown</span>
          </button>
        </div>
      </div>
      {Object.entries(errors).map(([file, problem]) => (
        <p key={file} className="notice">
          <b>{problem.file}</b> {problem.reason}
        </p>
      ))}
      {failed && (
        <p className="notice">
          <b>Could not load the log.</b> {failed}
        </p>
      )}
      {progress && <p className="soft">{progress}</p>}
      <Older lines={lines} search={search} onOlder={onOlder} isAsked={isAsking(filter)} />
      {lines.length === 0 && failed ? null : lines.length === 0 ? (
        <p className="panel log none pad">
          {all.length === 0 && !isAsking(filter)
            ? "No log lines yet."
            : search.isBusy
              ? "No match in the lines loaded. Searching the files."
              : "No lines match the filter."}
        </p>
      ) : (
        <LineList
          lines={lines}
          chosen={index < 0 ? undefined : index}
          onChoose={(next) => {
            const line = next === undefined ? undefined : lines[next];
            setChosen(line && keyOf(line));
          }}
          follows={!paused}
        />
      )}
      {open && <LinePane entry={open} onClose={() => setChosen(undefined)} />}
    </>
  );
}
