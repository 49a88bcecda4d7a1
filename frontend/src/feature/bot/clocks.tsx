/** The three clocks of a bot: how old its market data is, when it wrote and writes again, and the link to the desk. */

import type { BotView, Session } from "../../api/schema";
import { type CardState, dueAt } from "../../bot/state";
import { age, brief } from "../../lib/age";
import { onDesk, useTicking } from "../../lib/ticker";
import { instant, stamp } from "../../lib/time";
import { verifiedWithin } from "../../lib/verified";
import { useLink } from "../../live";
import { useDesk } from "../../ui/frame/desk";
import { Icon, type IconName } from "../../ui/icon";
import { Term } from "../../ui/term";

type Tone = "well" | "calm" | "attention";

const KEPT = { tone: "calm", icon: "ring", more: "kept data, checking" } as const;

interface Line {
  tone: Tone;
  icon: IconName;
  text: string;
  more: string;
}

/** How old the newest bar behind the bot's values is, on the bots' own clock. */
export function marketLine(
  bot: BotView,
  market: number | undefined,
  session: Session | undefined,
  isSilent: boolean,
): Line {
  const at = instant(bot.as_of);
  if (at === undefined) return { tone: "attention", icon: "clock", text: "no time", more: "" };
  const behind = market === undefined ? 0 : market - at;
  const text = stamp(at, market);
  // the bots' own clock is as old as what they wrote last: it vouches for nothing while they are silent
  if (isSilent) return { tone: "attention", icon: "clock", text, more: "no newer data" };
  if (bot.foreign) return { tone: "calm", icon: "ring", text, more: "on its own clock" };
  if (bot.kind === "swing") return { tone: "calm", icon: "ring", text, more: "last closing prices used" };
  if (session && session.state !== "open") return { tone: "calm", icon: "ring", text, more: `market ${session.state}` };
  if (behind > 120_000) return { tone: "attention", icon: "clock", text, more: `${brief(behind)} behind the market` };
  return { tone: "well", icon: "dot", text, more: `last bar ${Math.floor(Math.max(0, behind) / 60_000)} min old` };
}

function heartLine(bot: BotView, state: CardState, due: number | undefined, now: number): Line {
  const written = instant(bot.written_at);
  const text = written === undefined ? "unknown" : `wrote ${age(now - written)} ago`;
  if (state.kind === "cached") return { ...KEPT, text };
  if (state.kind === "unreadable" || state.kind === "incomplete")
    return { tone: "attention", icon: "broken", text, more: state.word };
  if (due === undefined) return { tone: "calm", icon: "ring", text, more: "no schedule" };
  if (now > due) return { tone: "attention", icon: "clock", text, more: `overdue ${age(now - due)}` };
  return { tone: "well", icon: "dot", text, more: `next in ${age(due - now)}` };
}

interface Props {
  bot: BotView;
  state: CardState;
  session: Session | undefined;
}

/** A line of text that ticks; its fields are joined, so that nothing is drawn while none of them changes. */
function useLine(line: (now: number) => Line): Line {
  const [tone, icon, text, more] = useTicking((now) => {
    const found = line(now);
    return [found.tone, found.icon, found.text, found.more].join("\n");
  }).split("\n");
  return { tone: tone as Tone, icon: icon as IconName, text: text ?? "", more: more ?? "" };
}

export function Clocks({ bot, state, session }: Props) {
  const { market, clock, keptAt } = useDesk();
  const link = useLink();
  const data = useLine((now) => {
    const heart = heartLine(bot, state, dueAt(bot, clock), now);
    if (keptAt !== undefined) return { ...marketLine(bot, market, session, false), ...KEPT };
    return marketLine(bot, market, session, heart.tone === "attention");
  });
  const heart = useLine((now) => heartLine(bot, state, dueAt(bot, clock), now));
  const wire = useLine((now) => {
    const { verifiedAt } = link;
    const old = verifiedAt === undefined ? undefined : now - onDesk(verifiedAt);
    const isGood = old !== undefined && old <= verifiedWithin(link);
    if (state.kind === "held" && bot.machine) {
      const more = state.since === undefined ? "no word yet" : `no word for ${age(now - state.since)}`;
      return { tone: "attention", icon: "crossed", text: `${bot.machine} HELD`, more };
    }
    return {
      tone: isGood ? "well" : "attention",
      icon: isGood ? "dot" : "crossed",
      text: link.state.toUpperCase(),
      more: old === undefined ? "not verified yet" : `verified ${age(old)} ago`,
    };
  });
  return (
    <dl className="bot-clocks">
      <Clock name="Market data" line={data} />
      <Clock name="Heartbeat" line={heart} />
      <Clock name="Link" line={wire} />
    </dl>
  );
}

function Clock({ name, line }: { name: "Market data" | "Heartbeat" | "Link"; line: Line }) {
  return (
    <div className={line.tone === "attention" ? "attention-text" : undefined}>
      <dt>
        <Term name={name} />
      </dt>
      <dd>
        <span className={`state-icon ${line.tone}`}>
          <Icon name={line.icon} />
        </span>
        {line.text} <small>{line.more}</small>
      </dd>
    </div>
  );
}
