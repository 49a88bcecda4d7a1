/** Controls of a bot of another program: those that it says it can carry out now, and no other. */

import type { Asked } from "../api/schema";
import { askBot, type BotAction } from "../lib/ask";
import type { Bot } from "../lib/bot";
import { wallNow } from "../lib/ticker";
import { stamp } from "../lib/time";
import { ConfirmButton } from "../ui/confirm";
import { killOf } from "./asked";
import { KillSwitch } from "./controls";
import "./attached-controls.css";

interface Deed {
  action: BotAction;
  label: string;
  /** Question of the dialog, without the bot's name. */
  verb: string;
  promise: string;
}

const DEEDS: readonly Deed[] = [
  {
    action: "pause",
    label: "Pause",
    verb: "Pause",
    promise: "It opens no new positions until you press Resume. Exits and stops of open positions keep working.",
  },
  { action: "resume", label: "Resume", verb: "Resume", promise: "It may open positions again." },
  {
    action: "flatten",
    label: "Flatten",
    verb: "Flatten",
    promise: "It is paused, and an exit order is placed for every open position. Press Resume to let it trade again.",
  },
  {
    action: "stop",
    label: "Stop trader",
    verb: "Stop the trader of",
    promise:
      "It then neither opens nor closes anything: open positions stay without exits, unless a stop rests at the exchange. Press Resume to start it again.",
  },
  {
    action: "reload",
    label: "Reload settings",
    verb: "Reload the settings of",
    promise: "It reads its own settings again and goes on. It does not answer for a few seconds.",
  },
];

const KILL =
  "It is paused and every open position is closed, also after a restart, until you clear the switch. While it cannot be reached, this waits until it answers.";

/** One line with a button: something of the bot that can be ended by itself. */
function Single({
  bot,
  action,
  of,
  label,
  text,
  promise,
}: {
  bot: string;
  action: BotAction;
  of: string;
  label: string;
  text: string;
  promise: string;
}) {
  return (
    <li>
      <span>{text}</span>
      <ConfirmButton
        label={label}
        of={text}
        title={`${label}: ${text}?`}
        confirm={label}
        run={(reason) => askBot(bot, action, reason, false, of)}
      >
        <p>{promise}</p>
      </ConfirmButton>
    </li>
  );
}

interface Props {
  bot: Bot;
  /** What is asked of all bots. */
  all: Asked | undefined;
  /** Action that was asked for and is not done. */
  busy: string;
}

export default function AttachedControls({ bot, all, busy }: Props) {
  const name = bot.bot;
  const can = new Set<string>(bot.actions ?? []);
  const killed = killOf(bot, all);
  const positions = can.has("force_exit") ? Object.entries(bot.positions ?? {}) : [];
  const orders = can.has("cancel_order") ? Object.entries(bot.open_orders ?? {}) : [];
  const locks = Object.entries(bot.locks ?? {});
  return (
    <>
      {can.size === 0 && (
        <p className="soft refusal">
          {name} cannot be reached at present, so only the kill switch is offered: it is carried out once the bot
          answers.
        </p>
      )}
      <div className="controls">
        {DEEDS.filter((deed) => can.has(deed.action)).map((deed) => (
          <ConfirmButton
            key={deed.action}
            label={deed.label}
            of={name}
            title={`${deed.verb} ${name}?`}
            confirm={`${deed.verb} ${name}`}
            disabled={busy === deed.action || (killed !== undefined && deed.action !== "stop")}
            run={(reason) => askBot(name, deed.action, reason)}
          >
            <p>{deed.promise}</p>
          </ConfirmButton>
        ))}
        <KillSwitch bot={bot} all={all} promise={KILL} />
      </div>
      <ul className="singles">
        {positions.map(([key, held]) => (
          <Single
            key={key}
            bot={name}
            action="force_exit"
            of={key}
            label="Exit"
            text={`${held.quantity < 0 ? "short" : "long"} ${held.symbol ?? key}`}
            promise="An exit order is placed for the whole position, at the price that the bot's settings say."
          />
        ))}
        {orders
          .filter(([, order]) => order.type !== "stop")
          .map(([key, order]) => (
            <Single
              key={key}
              bot={name}
              action="cancel_order"
              of={key}
              label="Cancel order"
              text={`${order.side} ${order.quantity ?? ""} ${order.symbol}${order.limit_price ? ` at ${order.limit_price}` : ""}`}
              promise="All resting orders of this trade are cancelled. What is filled stays."
            />
          ))}
        {locks.map(([key, lock]) =>
          can.has("delete_lock") ? (
            <Single
              key={key}
              bot={name}
              action="delete_lock"
              of={key}
              label="Delete lock"
              text={lockText(lock)}
              promise="It may open positions there again."
            />
          ) : (
            <li key={key}>{lockText(lock)}</li>
          ),
        )}
      </ul>
    </>
  );
}

function lockText(lock: NonNullable<Bot["locks"]>[string]): string {
  const what = lock.symbol === "*" ? "all symbols" : lock.symbol;
  const why = lock.reason ? `: ${lock.reason}` : "";
  return `${what}${lock.side ? ` ${lock.side}` : ""} locked until ${stamp(Date.parse(lock.until), wallNow())}${why}`;
}
