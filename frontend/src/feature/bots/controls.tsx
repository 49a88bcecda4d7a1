/** Pause, resume, flatten and the kill switch of one bot, or of all; nothing here pretends to be done. */

import type { Asked, BotView } from "../../api/schema";
import { ALL_BOTS, askBot, clearKill, throwKill } from "../../lib/ask";
import { unshown } from "../../lib/left-out";
import { useMayAsk } from "../../lib/role";
import { useTicking } from "../../lib/ticker";
import { ConfirmButton } from "../../ui/confirm";
import { answersRequests, killOf, pendingOf } from "./asked";

/** Why a bot cannot be asked for anything; empty when it can. */
export function refusal(bot: BotView, mayAsk: boolean): string {
  if (!answersRequests(bot))
    return `${bot.bot} is not one of Aion’s own bots and does not say that it reads requests (no control_id in its state). Stop it where it runs.`;
  return mayAsk ? "" : "You are logged in as a viewer: only an admin may ask a bot for anything.";
}

interface Props {
  bot: BotView;
  /** What is asked of all bots. */
  all: Asked | undefined;
}

/** The buttons; each opens a dialog, whose second button asks. */
export function Controls({ bot, all }: Props) {
  const mayAsk = useMayAsk();
  const name = bot.bot;
  const busy = useTicking((now) => pendingOf(bot, all, now)?.what ?? "");
  const killed = killOf(bot, all);
  const why = refusal(bot, mayAsk);
  if (why) return <p className="soft refusal">{why}</p>;
  const shown = Object.values(bot.positions ?? {});
  const positions = shown.filter((held) => held.quantity !== 0).length + unshown(bot);
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
          run={(reason) => askBot(name, "resume", reason)}
        >
          <p>It may open positions again from its next cycle on.</p>
        </ConfirmButton>
      ) : (
        <ConfirmButton
          label="Pause"
          of={name}
          title={`Pause ${name}?`}
          confirm={`Pause ${name}`}
          disabled={busy === "pause" || bot.state === "stopped"}
          run={(reason) => askBot(name, "pause", reason)}
        >
          <p>It opens nothing new until it is resumed. What it holds keeps its stops and exits.</p>
        </ConfirmButton>
      )}
      <ConfirmButton
        label="Flatten"
        of={name}
        title={`Flatten ${name}?`}
        confirm={`Flatten ${name}`}
        disabled={busy === "flatten" || bot.state === "stopped"}
        run={(reason) => askBot(name, "flatten", reason)}
      >
        <p>
          It sells what it is long and buys back what it is short at the next bar
          {positions > 0 ? `: ${positions} open now` : "; nothing is open now"}. It goes on afterwards: pause it to keep
          it flat.
        </p>
      </ConfirmButton>
      {killed && !killed.ofAll ? (
        <ConfirmButton
          label="Clear kill switch"
          of={name}
          title={`Clear the kill switch of ${name}?`}
          confirm="Clear the kill switch"
          withReason={false}
          run={() => clearKill(name)}
        >
          <p>It trades again from its next cycle on.</p>
        </ConfirmButton>
      ) : (
        <ConfirmButton
          label="Kill switch"
          of={name}
          title={`Throw the kill switch of ${name}?`}
          confirm={`Stop ${name}`}
          disabled={killed !== undefined}
          run={(reason) => throwKill(name, reason)}
        >
          <p>It flattens, enters nothing and stays stopped, over restarts too, until somebody clears the switch.</p>
        </ConfirmButton>
      )}
    </div>
  );
}

/** The same for all bots at once. */
export function AllControls({ asked }: { asked: Asked | undefined }) {
  return (
    <div className="controls">
      <ConfirmButton
        label="Pause all"
        title="Pause all bots?"
        confirm="Pause all bots"
        run={(reason) => askBot(ALL_BOTS, "pause", reason)}
      >
        <p>No bot opens anything new until it is resumed. What they hold keeps its stops and exits.</p>
      </ConfirmButton>
      <ConfirmButton
        label="Resume all"
        title="Resume all bots?"
        confirm="Resume all bots"
        run={(reason) => askBot(ALL_BOTS, "resume", reason)}
      >
        <p>All paused bots may open positions again.</p>
      </ConfirmButton>
      <ConfirmButton
        label="Flatten all"
        title="Flatten all bots?"
        confirm="Flatten all bots"
        run={(reason) => askBot(ALL_BOTS, "flatten", reason)}
      >
        <p>Every bot closes what it holds at its next bar, and goes on afterwards.</p>
      </ConfirmButton>
      {asked?.kill ? (
        <ClearAll />
      ) : (
        <ConfirmButton
          label="Kill switch"
          of="of all bots"
          title="Throw the kill switch of all bots?"
          confirm="Stop all bots"
          run={(reason) => throwKill(ALL_BOTS, reason)}
        >
          <p>
            Every bot flattens, enters nothing and stays stopped, over restarts too, until somebody clears the switch.
          </p>
        </ConfirmButton>
      )}
    </div>
  );
}

/** Clears the switch of all bots; a bot with a switch of its own stays stopped. */
export function ClearAll() {
  if (!useMayAsk()) return null;
  return (
    <ConfirmButton
      label="Clear kill switch"
      of="of all bots"
      title="Clear the kill switch of all bots?"
      confirm="Clear the kill switch"
      withReason={false}
      run={() => clearKill(ALL_BOTS)}
    >
      <p>All bots trade again, but those with a kill switch of their own.</p>
    </ConfirmButton>
  );
}
