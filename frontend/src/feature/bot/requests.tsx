/** What was asked of the bot and what became of each request. */

import type { AuditLine, AuditList, BotView, ControlAnswer, ControlState } from "../../api/schema";
import { whoText } from "../../bot/asked";
import { ended } from "../../bot/sentence";
import { ALL_BOTS } from "../../lib/ask";
import { plural } from "../../lib/money";
import { useMayAsk } from "../../lib/role";
import { useTicking } from "../../lib/ticker";
import { instant } from "../../lib/time";
import { useFetched } from "../../lib/use-fetched";
import { Ago, Due } from "../../ui/age";
import { Icon, type IconName } from "../../ui/icon";
import { FetchState, Panel } from "../../ui/panel";

const SHOWN = 8;

const SHOW: Record<ControlAnswer["state"], { word: string; icon: IconName; tone: string }> = {
  accepted: { word: "accepted, in progress", icon: "ring", tone: "calm" },
  superseded: { word: "superseded", icon: "crossed", tone: "calm" },
  requested: { word: "requested", icon: "ring", tone: "calm" },
  done: { word: "done", icon: "dot", tone: "well" },
  refused: { word: "refused", icon: "crossed", tone: "attention" },
  not_answered: { word: "no response", icon: "clock", tone: "attention" },
};

export function Requests({ bot }: { bot: BotView }) {
  const asked = bot.asked?.request;
  const version = [asked?.id, asked?.state, asked?.detail, bot.control_id, bot.asked?.kill?.killed_at, bot.state].join(
    " ",
  );
  const fetched = useFetched<ControlState>(`/api/bots/${encodeURIComponent(bot.bot)}/control`, version);
  const lines = Object.values(fetched.data?.requests ?? {});
  return (
    <Panel title="Commands" at={fetched.at} isOwn verb="read" held={fetched.error !== ""}>
      <FetchState fetched={fetched} what="commands" />
      {fetched.data && lines.length === 0 && (
        <p className="none pad">
          {fetched.data.answers
            ? "No commands yet. Pause, Flatten and the kill switch are at the top of the page."
            : "This bot cannot be controlled from here."}
        </p>
      )}
      {lines.length > 0 && (
        <ul className="requests">
          {lines.slice(0, SHOWN).map((line) => (
            <Line key={line.id} line={line} />
          ))}
        </ul>
      )}
      {lines.length > SHOWN && <p className="soft pad">{plural(lines.length - SHOWN, "older command")} not shown.</p>}
      {Object.entries(fetched.data?.left_aside ?? {}).map(([file, why]) => (
        <p key={file} className="soft pad">
          Left aside: <b>{file}</b> {ended(why)}
        </p>
      ))}
      <Audit bot={bot.bot} version={`${version} ${bot.asked?.saved?.version ?? ""}`} />
    </Panel>
  );
}

/** Lines of the audit that name `bot`, but for the requests above. */
export function auditOf(found: AuditList | undefined, bot: string): AuditLine[] {
  const words = [`kill switch of ${bot} `, `kill switch of ${ALL_BOTS} `, `rules of ${bot} `];
  return (found?.lines ?? []).filter((line) => words.some((word) => line.what.startsWith(word)));
}

/** `stop_loss 0.01 → 0.02`, or the reason of a kill switch. */
export function auditDetail(line: AuditLine): string {
  if (line.what.startsWith("rules")) {
    return Object.entries(line.after ?? {})
      .map(([name, value]) => `${name} ${line.before?.[name] ?? "not set"} → ${value}`)
      .join(", ");
  }
  return String(line.after?.reason ?? "");
}

/** Kill switches and rules in the desk's audit; an admin alone may read it. */
function Audit({ bot, version }: { bot: string; version: string }) {
  const mayAsk = useMayAsk();
  const fetched = useFetched<AuditList>(mayAsk ? "/api/audit?limit=500" : undefined, version);
  const lines = auditOf(fetched.data, bot).slice(0, SHOWN);
  if (lines.length === 0) return null;
  return (
    <>
      <h3>Kill switch and rule changes (audit log)</h3>
      <ul className="requests">
        {lines.map((line) => {
          const at = instant(line.at);
          const detail = auditDetail(line);
          return (
            <li key={`${line.at} ${line.what}`}>
              {line.what.replace(` of ${bot}`, "").replace(` of ${ALL_BOTS}`, " of all bots")}
              <small>
                {line.who === "local"
                  ? " by you (this machine)"
                  : ` by ${line.who} from ${line.address || "the command line"}`}
                {at !== undefined && (
                  <>
                    {" "}
                    <Ago at={at} />
                  </>
                )}
                {detail && `: ${detail}`}
              </small>
            </li>
          );
        })}
      </ul>
    </>
  );
}

/** One request; being overdue is a matter of time, not of data. */
function Line({ line }: { line: ControlAnswer }) {
  const at = instant(line.requested_at);
  const due = instant(line.due_at);
  const state = useTicking((now) =>
    line.state === "requested" && due !== undefined && now > due ? "not_answered" : line.state,
  ) as ControlAnswer["state"];
  const { word, icon, tone } = SHOW[state];
  return (
    <li>
      <span className={`state-icon ${tone}`}>
        <Icon name={icon} />
      </span>{" "}
      <b>{line.action === "clear" ? "keep exits" : line.action}</b> {word}
      <small>
        {line.requested_by && ` by ${whoText(line.requested_by)}`}
        {at !== undefined && (
          <>
            {" "}
            <Ago at={at} />
          </>
        )}
        {line.reason && `: ${line.reason}`}
        {state === "requested" && due !== undefined && (
          <>
            , answer due <Due at={due} />
          </>
        )}
        {line.detail && `. ${ended(line.detail)}`}
      </small>
    </li>
  );
}
