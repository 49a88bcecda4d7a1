/** One line of the log, of a fixed height: what does not fit is in the pane that it opens. */

import type { LogEntry } from "../../api/schema";
import { bytes } from "../../lib/size";
import { clockSeconds, dayName, instant, isoDay, shownName, stamp } from "../../lib/time";

/** Fields of a line behind its event, as one text. */
function moreText(entry: LogEntry): string {
  return Object.entries(entry.more ?? {})
    .map(([name, value]) => `${name}=${value}`)
    .join(" ");
}

interface Props {
  entry: LogEntry;
  /** Place among all lines, from 0, and how many there are: only those in sight are drawn. */
  index: number;
  total: number;
  top: number;
  isChosen: boolean;
  onChoose: (index: number) => void;
}

export function Line({ entry, index, total, top, isChosen, onChoose }: Props) {
  const at = instant(entry.ts);
  const market = instant(entry.market_time);
  const level = entry.level ?? "info";
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the list takes the arrow keys and Enter for all its lines
    <div
      id={`line-${index}`}
      role="option"
      tabIndex={-1}
      aria-selected={isChosen}
      aria-posinset={index + 1}
      aria-setsize={total}
      className={`log-line ${level}`}
      style={{ transform: `translateY(${top}px)` }}
      onClick={() => onChoose(index)}
    >
      <time dateTime={entry.ts}>
        {at !== undefined && (
          <>
            <i>{dayName(isoDay(at), at)}</i> {clockSeconds(at)}
          </>
        )}
      </time>
      <span className="level">{level}</span>
      <span className="process">{entry.process ?? entry.file}</span>
      <span className="text">
        {entry.size !== undefined && <small>cut, {bytes(entry.size)} </small>}
        {entry.bot && <b>{entry.bot} </b>}
        {entry.event}
        {market !== undefined && <small> market {clockSeconds(market)}</small>}
        <small> {moreText(entry)}</small>
        {entry.unfinished && <small> incomplete</small>}
      </span>
    </div>
  );
}

/** Everything of one line. */
export function LinePane({ entry, onClose }: { entry: LogEntry; onClose: () => void }) {
  const at = instant(entry.ts);
  const market = instant(entry.market_time);
  const rows: [string, string | undefined][] = [
    ["time", at === undefined ? undefined : `${stamp(at, undefined)}, ${entry.ts}`],
    ["market time", market === undefined ? undefined : stamp(market, undefined)],
    ["level", entry.level],
    ["process", entry.process],
    ["bot", entry.bot],
    ["cycle", entry.cycle_id],
    [
      "cut",
      entry.size === undefined
        ? undefined
        : `Only the start is shown: the line is ${bytes(entry.size)} long. Download the file under Files.`,
    ],
    ["event", entry.event],
    ...Object.entries(entry.more ?? {}),
    ["unfinished", entry.unfinished ? "The file ends here without a newline." : undefined],
    ["file", `${entry.file}.jsonl, byte ${entry.offset}`],
  ];
  return (
    <section
      className="panel line-pane"
      aria-label={`The line of ${at === undefined ? entry.file : `${clockSeconds(at)} ${shownName(at)}`}`}
    >
      <button type="button" className="quiet" onClick={onClose}>
        Close
      </button>
      <dl>
        {rows.map(
          ([name, value]) =>
            value !== undefined && (
              <div key={name}>
                <dt>{name}</dt>
                <dd>{value}</dd>
              </div>
            ),
        )}
      </dl>
    </section>
  );
}
