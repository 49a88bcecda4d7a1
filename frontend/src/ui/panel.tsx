/** A panel of a page: a heading, what it is as of, tools, and one of its designed states. */

import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { type Cell, download, toCsv } from "../lib/csv";
import { instant, stamp } from "../lib/time";
import type { Fetched } from "../lib/use-fetched";
import { useId } from "../lib/use-id";
import { Ago } from "./age";
import { useDesk } from "./frame/desk";
import { Icon } from "./icon";

interface Props {
  title: string;
  /** Market time that the content is of. */
  asOf?: string;
  /** Wall time at which it was written, ms. */
  at?: number;
  /** True when `at` is this page's time at which it read that. */
  isOwn?: boolean;
  /** Word before that time: `written`, `read`. */
  verb?: string;
  /** True when the content is held from an older cycle, mark or fetch. */
  held?: boolean;
  tools?: ComponentChildren;
  className?: string;
  children: ComponentChildren;
}

export function Panel({
  title,
  asOf,
  at,
  isOwn,
  verb = "written",
  held = false,
  tools,
  className = "",
  children,
}: Props) {
  const id = useId();
  return (
    <section className={`panel bot-panel ${className}`} aria-labelledby={id}>
      <header>
        <h2 id={id}>{title}</h2>
        <AsOf asOf={asOf} at={at} isOwn={isOwn} verb={verb} held={held} />
        {tools && <div className="tools">{tools}</div>}
      </header>
      {children}
    </section>
  );
}

type AsOfProps = Pick<Props, "asOf" | "at" | "isOwn"> & { verb: string; held: boolean };

/** `as of 14:32 UTC · written 0.4 s ago`; amber and dotted when held. */
function AsOf({ asOf, at, isOwn, verb, held }: AsOfProps) {
  const { market } = useDesk();
  const ms = instant(asOf);
  if (ms === undefined && at === undefined) return null;
  return (
    <small className={held ? "as-of attention-text" : "as-of"}>
      {held && <Icon name="clock" />}
      {ms !== undefined && <>as of {stamp(ms, market)}</>}
      {ms !== undefined && at !== undefined && " · "}
      {at !== undefined && (
        <>
          {verb} <Ago at={at} isOwn={isOwn} />
        </>
      )}
    </small>
  );
}

/** What stands in place of fetched data that is not there (yet); null when there is data. */
export function FetchState({ fetched, what }: { fetched: Fetched<unknown>; what: string }) {
  if (fetched.error) {
    return (
      <p className="fetch-state attention-text" role="status">
        {fetched.data
          ? `Not updated: ${fetched.error}. You see the previous data.`
          : `Could not load the ${what}: ${fetched.error}.`}{" "}
        <button type="button" className="quiet" onClick={fetched.again}>
          Try again
        </button>
      </p>
    );
  }
  if (fetched.data) return null;
  return <p className="fetch-state soon">Loading the {what}.</p>;
}

/** The button of a table that can be had as a file. */
export function CsvButton({
  name,
  head,
  rows,
  of,
}: {
  name: string;
  head: readonly string[];
  /** The rows, or a promise of them: some have to be read first. */
  rows: () => Cell[][] | Promise<Cell[][]>;
  of: string;
}) {
  const [state, setState] = useState<"" | "busy" | "failed">("");
  const take = async (): Promise<void> => {
    setState("busy");
    try {
      download(name, toCsv(head, await rows()));
      setState("");
    } catch {
      setState("failed");
    }
  };
  return (
    <button type="button" className="button" disabled={state === "busy"} onClick={() => void take()}>
      {state === "failed" ? "CSV failed, retry" : "CSV"}
      <span className="spoken"> of {of}</span>
    </button>
  );
}
