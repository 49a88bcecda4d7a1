/** The foot of a card: as of when, what comes next, in market time and wall time. */

import { age, coarse } from "../lib/age";
import { wallText } from "../lib/market";
import { memo } from "../lib/memo";
import { count, plural } from "../lib/money";
import { useTicking } from "../lib/ticker";
import { instant, stamp } from "../lib/time";
import { Ago, Due } from "../ui/age";
import { useDesk } from "../ui/frame/desk";
import { Term } from "../ui/term";
import { type CardState, dueAt } from "./state";
import "./foot.css";
import type { Bot } from "../lib/bot";

/** `in 5 h 28 min (5 min 28 s at x60)`: market time first, the wall time after it. */
export function Ahead({ at, wallAt }: { at: number; wallAt: number | undefined }) {
  const { clock, market, sessions } = useDesk();
  const wall = useTicking((now) =>
    wallAt === undefined || wallAt <= now ? "" : `${age(Math.floor((wallAt - now) / 1000) * 1000)} from now`,
  );
  if (market === undefined) return null;
  if (at <= market) return <>{coarse(market - at)} ago</>;
  const scaled = wallText(at, clock, Object.values(sessions));
  const beside = scaled || (clock?.real_time ? "" : wall);
  return (
    <>
      in {coarse(at - market)} {beside && `(${beside})`}
    </>
  );
}

export const Foot = memo(function Foot({ bot, state }: { bot: Bot; state: CardState }) {
  const { market, clock } = useDesk();
  const asOf = instant(bot.as_of);
  const written = instant(bot.written_at);
  const due = dueAt(bot, clock);
  const mark = instant(bot.next_mark_at);
  const rebalance = instant(bot.next_rebalance_at);
  const flat = instant(bot.flat_by);
  const moving = state.kind !== "finished" && state.kind !== "closed";
  return (
    <footer className={state.attention ? "attention-text" : undefined}>
      <dl>
        <div>
          <dt>
            <Term name="As of" />
          </dt>
          <dd>
            <span>{asOf === undefined ? bot.as_of : stamp(asOf, market)}</span>
            <small>
              {written !== undefined && (
                <>
                  written <Ago at={written} />
                </>
              )}
            </small>
          </dd>
        </div>
        {mark !== undefined && (
          <div>
            <dt>
              <Term name="Next mark" />
            </dt>
            <dd>
              <span>{stamp(mark, market)}</span>
              <small>
                {state.kind === "late" && state.since !== undefined ? (
                  <Due at={state.since} />
                ) : (
                  <Ahead at={mark} wallAt={instant(bot.next_mark_wall_at)} />
                )}
              </small>
            </dd>
          </div>
        )}
        {mark === undefined && due !== undefined && moving && (
          <div>
            <dt>
              <Term name={bot.kind === "swing" ? "Next mark" : "Next cycle"} />
            </dt>
            <dd>
              <span>due</span>
              <small>
                <Due at={due} />
              </small>
            </dd>
          </div>
        )}
        {rebalance !== undefined && (
          <div>
            <dt>
              <Term name="Rebalance" />
            </dt>
            <dd>
              <span>{stamp(rebalance, market)}</span>
              <small>
                <Ahead at={rebalance} wallAt={instant(bot.next_rebalance_wall_at)} />
              </small>
            </dd>
          </div>
        )}
        {flat !== undefined && moving && (
          <div>
            <dt>
              <Term name="Flat by" />
            </dt>
            <dd>
              <span>{stamp(flat, market)}</span>
              <small>
                <Ahead at={flat} wallAt={undefined} />
              </small>
            </dd>
          </div>
        )}
        {!moving && (bot.bars_seen ?? 0) > 0 && (
          <div>
            <dt>
              <Term name="Bars" />
            </dt>
            <dd>
              <span>{count(bot.bars_seen)}</span>
              <small>
                {(bot.dropped_bars ?? 0) > 0 && `${plural(bot.dropped_bars ?? 0, "bar")} without a trade, dropped`}
              </small>
            </dd>
          </div>
        )}
      </dl>
    </footer>
  );
});
