import type { Session } from "../api/schema";
import { useTicking } from "../lib/ticker";
import { useDesk } from "../ui/frame/desk";
import { tone } from "./chip";
import { stateLine } from "./sentence";
import type { CardState } from "./state";
import "./state-line.css";
import type { Bot } from "../lib/bot";

/** A sentence on how a bot does, which ticks. */
export function StateLine({ bot, state, session }: { bot: Bot; state: CardState; session: Session | undefined }) {
  const desk = useDesk();
  const text = useTicking((now) => {
    const line = stateLine(bot, state, { ...desk, session }, now);
    return `${line.strong ?? ""}\n${line.rest}`;
  });
  const [strong, rest] = text.split("\n");
  return (
    <p className={`state-line ${tone(state)}`}>
      {strong && <b>{strong} </b>}
      {rest}
    </p>
  );
}
