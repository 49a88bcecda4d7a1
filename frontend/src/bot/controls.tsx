/** Pause, resume, flatten and the kill switch of one bot, or of all; nothing here pretends to be done. */

import type { Asked } from "../api/schema";
import { ALL_BOTS, askBot, clearKill, throwKill } from "../lib/ask";
import { later } from "../lib/later";
import { useMayAsk } from "../lib/role";
import { useTicking } from "../lib/ticker";
import { ConfirmButton } from "../ui/confirm";
import { useDesk } from "../ui/frame/desk";
import { answersRequests, killOf, pendingOf } from "./asked";
import {
  clearAllPromise,
  clearPromise,
  flattenAllPromise,
  flattenPromise,
  KILL_PROMISE,
  keepAllChoice,
  keepChoice,
  pauseAllPromise,
  pausePromise,
  resumeAllPromise,
  resumePromise,
} from "./promise";
import "./controls.css";
import { type Bot, nameOf } from "../lib/bot";

const AttachedControls = later(
  () => import("./attached-controls"),
  () => null,
);

/** Why a bot cannot be asked for anything; empty when it can. */
export function refusal(bot: Bot, mayAsk: boolean): string {
  if (!answersRequests(bot))
    return `${nameOf(bot)} cannot be controlled from here: it is a bot of another program. Stop it where it runs.`;
  return mayAsk ? "" : "You are logged in as a viewer: only an administrator can control bots.";
}

interface Props {
  bot: Bot;
  /** What is asked of all bots. */
  all: Asked | undefined;
}

/** The buttons; each opens a dialog, whose second button asks. */
export function Controls({ bot, all }: Props) {
  const mayAsk = useMayAsk();
  const { market } = useDesk();
  const name = nameOf(bot);
  const busy = useTicking((now) => pendingOf(bot, all, now)?.what ?? "");
  const why = refusal(bot, mayAsk);
  if (why) return <p className="soft refusal">{why}</p>;
  if (bot.actions) return <AttachedControls bot={bot} all={all} busy={busy} />;
  const isPaused = bot.state === "paused";
  return (
    <div className="controls">
      {isPaused ? (
        <ConfirmButton
          label="Resume"
          of={name}
          title={`Resume ${name}?`}
          confirm={`Resume ${name}`}
          disabled={busy === "resume"}
          choice={keepChoice(bot, market)}
          run={(reason, keep) => askBot(bot.bot, "resume", reason, keep)}
        >
          <p>{resumePromise(bot)}</p>
        </ConfirmButton>
      ) : (
        <ConfirmButton
          label="Pause"
          of={name}
          title={`Pause ${name}?`}
          confirm={`Pause ${name}`}
          disabled={busy === "pause" || bot.state === "stopped"}
          run={(reason) => askBot(bot.bot, "pause", reason)}
        >
          <p>{pausePromise(bot)}</p>
        </ConfirmButton>
      )}
      <ConfirmButton
        label="Flatten"
        of={name}
        title={`Flatten ${name}?`}
        confirm={`Flatten ${name}`}
        disabled={busy === "flatten" || bot.state === "stopped"}
        run={(reason) => askBot(bot.bot, "flatten", reason)}
      >
        <p>{flattenPromise(bot, market)}</p>
      </ConfirmButton>
      <KillSwitch bot={bot} all={all} promise={KILL_PROMISE} />
    </div>
  );
}

/** Throws the kill switch of one bot, or clears it once it is thrown. */
export function KillSwitch({ bot, all, promise }: Props & { promise: string }) {
  const name = nameOf(bot);
  const killed = killOf(bot, all);
  if (killed && !killed.ofAll) return <ClearOwn bot={bot} all={all} />;
  return (
    <ConfirmButton
      label="Kill switch"
      of={name}
      title={`Stop ${name}?`}
      confirm={`Stop ${name}`}
      disabled={killed !== undefined}
      run={(reason) => throwKill(bot.bot, reason)}
    >
      <p>{promise}</p>
    </ConfirmButton>
  );
}

/** The same for all bots at once. */
export function AllControls({ asked, bots }: { asked: Asked | undefined; bots: readonly Bot[] }) {
  return (
    <div className="controls">
      <ConfirmButton
        label="Pause all"
        title="Pause all bots?"
        confirm="Pause all bots"
        run={(reason) => askBot(ALL_BOTS, "pause", reason)}
      >
        <p>{pauseAllPromise(bots)}</p>
      </ConfirmButton>
      <ConfirmButton
        label="Resume all"
        title="Resume all bots?"
        confirm="Resume all bots"
        choice={keepAllChoice(bots.filter((bot) => !bot.foreign && bot.state === "paused"))}
        run={(reason, keep) => askBot(ALL_BOTS, "resume", reason, keep)}
      >
        <p>{resumeAllPromise(bots)}</p>
      </ConfirmButton>
      <ConfirmButton
        label="Flatten all"
        title="Flatten all bots?"
        confirm="Flatten all bots"
        run={(reason) => askBot(ALL_BOTS, "flatten", reason)}
      >
        <p>{flattenAllPromise(bots)}</p>
      </ConfirmButton>
      {asked?.kill ? (
        <ClearAll bots={bots} />
      ) : (
        <ConfirmButton
          label="Kill switch"
          of="of all bots"
          title="Stop all bots?"
          confirm="Stop all bots"
          run={(reason) => throwKill(ALL_BOTS, reason)}
        >
          <p>{KILL_PROMISE}</p>
        </ConfirmButton>
      )}
    </div>
  );
}

/** How a button that clears a switch looks where it does not say so. */
interface Look {
  label?: string;
  className?: string;
}

/** Clears the switch of one bot. */
export function ClearOwn({ bot, all, label = "Clear kill switch", className }: Look & Props) {
  const { market } = useDesk();
  const name = nameOf(bot);
  return (
    <ConfirmButton
      label={label}
      of={name}
      title={`Clear the kill switch of ${name}?`}
      confirm="Clear the kill switch"
      withReason={false}
      className={className}
      choice={all?.kill ? undefined : keepChoice(bot, market)}
      run={(_reason, keep) => clearKill(bot.bot, keep)}
    >
      <p>{clearPromise(bot, all?.kill !== undefined)}</p>
    </ConfirmButton>
  );
}

/** Clears the switch of all bots; a bot with a switch of its own stays stopped. */
export function ClearAll({ bots, label = "Clear kill switch", className }: Look & { bots: readonly Bot[] }) {
  if (!useMayAsk()) return null;
  return (
    <ConfirmButton
      label={label}
      of="of all bots"
      title="Clear the kill switch of all bots?"
      confirm="Clear the kill switch"
      withReason={false}
      className={className}
      choice={keepAllChoice(bots.filter((bot) => bot.asked?.kill === undefined))}
      run={(_reason, keep) => clearKill(ALL_BOTS, keep)}
    >
      <p>{clearAllPromise(bots)}</p>
    </ConfirmButton>
  );
}
