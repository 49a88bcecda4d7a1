/** What the Logs page is asked: level, bot, file, words, time range; and the whole files. */

import { useEffect, useState } from "preact/hooks";
import type { LogFileList } from "../../api/schema";
import { at } from "../../lib/base";
import { bytes } from "../../lib/size";
import { wallNow } from "../../lib/ticker";
import { fromField, instant, shortStamp, shownName, stamp, toField } from "../../lib/time";
import { Popover } from "../../ui/popover";
import { get, of, reason } from "./ask";
import { type Filter, LEVELS, type Level } from "./filter";

interface ChoiceProps {
  name: string;
  value: string;
  none: string;
  choices: readonly string[];
  onChange: (value: string) => void;
}

function Choice({ name, value, none, choices, onChange }: ChoiceProps) {
  const all = value && !choices.includes(value) ? [...choices, value] : choices;
  return (
    <label>
      <span className="spoken">{name}</span>
      <select className="button" value={value} onChange={(event) => onChange(event.currentTarget.value)}>
        <option value="">{none}</option>
        {all.map((each) => (
          <option key={each}>{each}</option>
        ))}
      </select>
    </label>
  );
}

export function LevelChoice({ level, onChange }: { level: Level; onChange: (level: Level) => void }) {
  return (
    <label>
      <span className="spoken">Minimum level</span>
      <select className="button" value={level} onChange={(event) => onChange(event.currentTarget.value as Level)}>
        {LEVELS.map((each) => (
          <option key={each} value={each}>
            {each}
            {each === "critical" ? "" : " and up"}
          </option>
        ))}
      </select>
    </label>
  );
}

export function BotChoice(props: Omit<ChoiceProps, "name" | "none">) {
  return <Choice {...props} name="Bot" none="all bots" />;
}

export function MachineChoice(props: Omit<ChoiceProps, "name" | "none">) {
  return <Choice {...props} name="Machine" none="this desk" />;
}

export function FileChoice(props: Omit<ChoiceProps, "name" | "none">) {
  return <Choice {...props} name="File" none="all files" />;
}

const LAST: [string, number][] = [
  ["15 min", 15 * 60_000],
  ["1 h", 3_600_000],
  ["24 h", 86_400_000],
];

function rangeText({ since, until }: Filter): string {
  const from = instant(since);
  const to = instant(until);
  const now = wallNow();
  if (from !== undefined && to !== undefined) return `${shortStamp(from, now)} to ${shortStamp(to, now)}`;
  if (from !== undefined) return `since ${shortStamp(from, now)}`;
  return to === undefined ? "All times" : `until ${shortStamp(to, now)}`;
}

/** From when to when, in the zone that is shown. */
export function RangeChoice({ filter, onChange }: { filter: Filter; onChange: (range: Partial<Filter>) => void }) {
  const field = (iso: string): string => {
    const at = instant(iso);
    return at === undefined ? "" : toField(at);
  };
  const take = (name: "since" | "until", text: string): void => {
    const at = fromField(text);
    onChange({ [name]: at === undefined ? "" : new Date(at).toISOString() });
  };
  return (
    <Popover label={rangeText(filter)} name="Time range">
      {(close) => (
        <>
          <h2>From when to when, {shownName(wallNow())}</h2>
          <div className="range-fields">
            {(["since", "until"] as const).map((name) => (
              <label key={name}>
                <span>{name === "since" ? "From" : "Before"}</span>
                <input
                  type="datetime-local"
                  value={field(filter[name])}
                  onInput={(event) => take(name, event.currentTarget.value)}
                />
              </label>
            ))}
          </div>
          <div className="segments">
            {LAST.map(([name, ms]) => (
              <button
                key={name}
                type="button"
                className="button"
                onClick={() => {
                  onChange({ since: new Date(wallNow() - ms).toISOString(), until: "" });
                  close();
                }}
              >
                Last {name}
              </button>
            ))}
            <button
              type="button"
              className="button"
              onClick={() => {
                onChange({ since: "", until: "" });
                close();
              }}
            >
              All times
            </button>
          </div>
        </>
      )}
    </Popover>
  );
}

/** All log files, each to be had whole. */
function Files({ machine }: { machine: string }) {
  const [found, setFound] = useState<LogFileList | string>();
  useEffect(() => {
    let isOver = false;
    get<LogFileList>(of("/api/logs/files", machine)).then(
      (list) => !isOver && setFound(list),
      (error: unknown) => !isOver && setFound(reason(error)),
    );
    return () => {
      isOver = true;
    };
  }, [machine]);
  if (found === undefined) return <p className="soft soon">Loading.</p>;
  if (typeof found === "string") return <p className="attention-text">{found}</p>;
  const files = Object.entries(found.files ?? {});
  if (files.length === 0) return <p className="soft">No log files yet.</p>;
  return (
    <ul className="file-list">
      {files.map(([name, file]) => (
        <li key={name}>
          <a href={at(of(`/api/logs/files/${encodeURIComponent(name)}`, machine))} download={`${name}.jsonl`}>
            {name}.jsonl
          </a>
          <span>{bytes(file.size)}</span>
          <small>written {stamp(instant(file.changed_at) ?? 0, wallNow())}</small>
        </li>
      ))}
    </ul>
  );
}

export function WholeFiles({ machine }: { machine: string }) {
  return (
    <Popover label="Files" name="Log files">
      {() => (
        <>
          <h2>Download log files</h2>
          <Files machine={machine} />
        </>
      )}
    </Popover>
  );
}
