/** What people want to be told: alert rules, when alerts are sent, and what was sent. */

import { useEffect, useState } from "preact/hooks";
import type { AlertRule, AlertsAnswer, SentAlert } from "../../api/schema";
import { type AskError, send } from "../../lib/ask";
import { useMayAsk } from "../../lib/role";
import type { Roster } from "../../lib/roster";
import { instant } from "../../lib/time";
import { useFetched } from "../../lib/use-fetched";
import { wear } from "../../lib/wear";
import { Ago } from "../../ui/age";
import { Icon } from "../../ui/icon";
import { FetchState, Panel } from "../../ui/panel";
import { Skeleton } from "../../ui/skeleton";
import { type Column, TableBox } from "../../ui/table";
import { PlanPanel } from "./plan";
import { RulesPanel } from "./rules";
import css from "./screen.css?inline";
import { BECAME, KINDS } from "./words";

wear(css);

const PATH = "/api/alerts";
/** Milliseconds between two looks at what was sent; nothing pushes it. */
const LOOK_MS = 3000;

interface Props {
  /** Undefined until the bots are known. */
  roster: Roster | undefined;
}

export default function AlertsScreen({ roster }: Props) {
  const [round, setRound] = useState(0);
  const [answered, setAnswered] = useState<AlertsAnswer>();
  const fetched = useFetched<AlertsAnswer>(roster && PATH, `${round}`);
  useEffect(() => {
    const timer = setInterval(() => {
      if (document.visibilityState === "visible") setRound((before) => before + 1);
    }, LOOK_MS);
    return () => clearInterval(timer);
  }, []);
  if (!roster) return <Skeleton />;
  // an answer to a save is newer than a fetch that began before it
  const found = (answered?.version ?? -1) > (fetched.data?.version ?? -1) ? answered : fetched.data;

  const save = async (change: { rules?: Record<string, AlertRule>; plan?: object }): Promise<void> => {
    if (!found) return;
    const body = { version: found.version, rules: found.rules, plan: found.plan, ...change };
    try {
      setAnswered(await send<AlertsAnswer>("PUT", PATH, body));
    } catch (error) {
      if ((error as AskError).status === 409) fetched.again();
      throw error;
    }
  };
  return (
    <div className="alerts-page">
      <h1 className="spoken">Alerts</h1>
      <FetchState fetched={fetched} what="alerts" />
      {found && (
        <>
          <Notices found={found} />
          <RulesPanel found={found} roster={roster} save={(rules) => save({ rules })} />
          <PlanPanel found={found} save={(plan) => save({ plan })} />
          <SentPanel found={found} />
        </>
      )}
    </div>
  );
}

/** Why nothing would be sent, or not by the newest rules. */
function Notices({ found }: { found: AlertsAnswer }) {
  const isBehind = found.is_watched && found.in_force < found.version && !found.watch_error;
  return (
    <>
      {!found.is_watched && (
        <p className="notice">
          <Icon name="crossed" />
          <span>
            <b>No watchdog runs, so nothing is sent. </b>Start the desk with aion up, or aion watch beside it.
          </span>
        </p>
      )}
      {found.is_watched && found.services === 0 && (
        <p className="notice">
          <Icon name="broken" />
          <span>
            <b>No service is set, so alerts stand only below. </b>Name one in urls of [alerts] in aion.toml, or in
            AION_ALERT_URLS.
          </span>
        </p>
      )}
      {found.watch_error && (
        <p className="notice">
          <Icon name="broken" />
          <span>
            <b>The newest rules are not in force. </b>
            {found.watch_error}
          </span>
        </p>
      )}
      {isBehind && (
        <p className="soft pad" role="status">
          Saved as version {found.version}; the watchdog goes by version {found.in_force} until its next look.
        </p>
      )}
    </>
  );
}

type Row = [id: string, sent: SentAlert];

const COLUMNS: Column<Row>[] = [
  { name: "Found", cell: ([, { at }]) => <Ago at={instant(at) ?? 0} /> },
  { name: "Rule", className: "left", cell: ([, { kind }]) => nameOf(kind) },
  { name: "Alert", className: "left text", cell: ([, { text }]) => text },
  {
    name: "Sent",
    className: "left text",
    cell: ([, { became, detail }]) => (
      <span className={became === "not_sent" || became === "over_limit" ? "attention-text" : undefined}>
        {BECAME[became]}
        {detail && <small className="block">{detail}</small>}
      </span>
    ),
  },
];

function nameOf(kind: SentAlert["kind"]): string {
  if (kind === "summary") return "Summary";
  return kind === "test" ? "Test" : KINDS[kind].name;
}

function SentPanel({ found }: { found: AlertsAnswer }) {
  const mayAsk = useMayAsk();
  const [said, setSaid] = useState<{ isBad: boolean; text: string }>();
  const rows = Object.entries(found.sent);
  const test = async (): Promise<void> => {
    try {
      await send<AlertsAnswer>("POST", `${PATH}/test`);
      setSaid({ isBad: false, text: "Asked for. What became of it stands below within seconds." });
    } catch (error) {
      setSaid({ isBad: true, text: (error as AskError).message });
    }
  };
  return (
    <Panel
      title="What was sent"
      className="alerts"
      tools={
        mayAsk && (
          <button type="button" className="button" onClick={() => void test()}>
            Send a test
          </button>
        )
      }
    >
      {said && (
        <p className={said.isBad ? "pad attention-text" : "pad soft"} role={said.isBad ? "alert" : "status"}>
          {said.text}
        </p>
      )}
      {rows.length > 0 ? (
        <TableBox
          box="table-box"
          name="What was sent, table"
          className="rows"
          columns={COLUMNS}
          rows={rows}
          keyOf={([id]) => id}
        />
      ) : (
        <p className="note">Nothing yet.</p>
      )}
    </Panel>
  );
}
