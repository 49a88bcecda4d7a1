/** A swing bot's targets against what it holds, when it rebalances next, and what it would do now. */

import type { BotView } from "../../api/schema";
import { Ahead } from "../../bot/foot";
import { ended } from "../../bot/sentence";
import type { CardState } from "../../bot/state";
import { decimal, money, plural, price, quantity, sharedDecimals } from "../../lib/money";
import { percent, points } from "../../lib/percent";
import { instant, stamp } from "../../lib/time";
import { useDesk } from "../../ui/frame/desk";
import { Value } from "../../ui/number";
import { CsvButton, Panel } from "../../ui/panel";
import { TableBox } from "../../ui/table";
import { Term } from "../../ui/term";
import { targetRows } from "./targets";
import { Waiting } from "./waiting";

const HEAD = [
  "symbol", "rank", "score", "target_weight", "held_weight", "gap", "order_side", "order_quantity", "mark", "order_value", "order_cost", "reason",
]; // biome-ignore format: one row of names

/** Both weights on one scale, short as long: the bar is what is held, the notch what was asked for. */
function Weights({ wanted, held, most }: { wanted: number; held: number | undefined; most: number }) {
  const x = (value: number): number => (Math.abs(value) / (most || 1)) * 100;
  return (
    <svg className="weights" viewBox="0 0 100 12" preserveAspectRatio="none" aria-hidden="true">
      <rect className="track" y="3" width="100" height="6" />
      {held !== undefined && <rect className="fill" y="3" width={x(held)} height="6" />}
      {wanted !== 0 && <rect className="notch" x={Math.min(99, x(wanted) - 0.5)} width="1" height="12" />}
    </svg>
  );
}

export function Rebalance({ bot, state }: { bot: BotView; state: CardState }) {
  const { market } = useDesk();
  // a part of the targets, or of what is held, cannot be set against the other
  const isCut = bot.more?.targets !== undefined || bot.more?.positions !== undefined;
  const rows = isCut ? [] : targetRows(bot);
  const most = Math.max(0.01, ...rows.map((row) => Math.max(Math.abs(row.wanted), Math.abs(row.held ?? 0))));
  const { preview } = bot;
  const next = instant(bot.next_rebalance_at);
  const last = instant(bot.last_rebalance_at);
  const planned = Object.values(preview?.orders ?? {});
  const decimals = sharedDecimals(
    bot.tick,
    planned.map((order) => order.price),
  );
  return (
    <Panel
      title="Targets and next rebalance"
      asOf={preview?.as_of ?? bot.as_of}
      at={instant(bot.written_at)}
      held={state.held}
      tools={
        rows.length > 0 &&
        !isCut && (
          <CsvButton
            of="targets and preview"
            name={`aion-${bot.bot}-targets.csv`}
            head={HEAD}
            rows={() =>
              rows.map(({ symbol, target, wanted, held, gap, order }) => [
                symbol,
                target?.rank,
                target?.score,
                wanted,
                held,
                gap,
                order?.side,
                order?.quantity,
                order?.price,
                order?.value,
                order?.cost,
                order?.reason ?? target?.reason,
              ])
            }
          />
        )
      }
    >
      <dl className="figures">
        <div>
          <dt>
            <Term name="Next rebalance" />
          </dt>
          <dd>
            {next === undefined ? "unknown" : stamp(next, market)}{" "}
            {next !== undefined && (
              <small>
                <Ahead at={next} wallAt={instant(bot.next_rebalance_wall_at)} />
              </small>
            )}
          </dd>
        </div>
        <div>
          <dt>
            <Term name="Last rebalance">Last</Term>
          </dt>
          <dd>{last === undefined ? "none yet" : stamp(last, market)}</dd>
        </div>
        <div>
          <dt>
            <Term name="Would trade now" />
          </dt>
          <dd>{preview ? plural(planned.length, "order") : "unknown"}</dd>
        </div>
        <div>
          <dt>
            <Term name="Turnover" />
          </dt>
          <dd>{preview ? percent(preview.turnover ?? 0, 1) : ""}</dd>
        </div>
        <div>
          <dt>
            <Term name="Expected cost" />
          </dt>
          <dd>{preview ? `${money(preview.cost ?? 0, bot)} ${bot.currency}` : ""}</dd>
        </div>
      </dl>
      {rows.length === 0 ? (
        <p className="none pad">{isCut ? "Loading the targets." : "No targets yet: the first rebalance sets them."}</p>
      ) : (
        <TableBox
          box="table-box"
          name="Targets and preview, table"
          className="rows targets"
          rows={rows}
          keyOf={({ symbol }) => symbol}
          rowTip={({ order, target }) => order?.reason || target?.reason || undefined}
          columns={[
            {
              name: "Symbol",
              cell: ({ symbol, order, target }) => (
                <>
                  <b>{symbol}</b>
                  {(order?.reason || target?.reason) && (
                    <small className="block">{ended(order?.reason || target?.reason || "")}</small>
                  )}
                </>
              ),
            },
            { name: "Rank", term: "Rank", cell: ({ target }) => <Value>{decimal(target?.rank, 0)}</Value> },
            { name: "Score", term: "Score", cell: ({ target }) => <Value>{decimal(target?.score, 3)}</Value> },
            { name: "Target", term: "Target", cell: ({ wanted }) => (wanted !== 0 ? percent(wanted, 1) : "out") },
            { name: "Held", term: "Held weight", cell: ({ held }) => <Value>{percent(held, 1)}</Value> },
            {
              name: "Weights",
              head: <span className="spoken">Held against target</span>,
              className: "desk-only",
              cellClass: "desk-only weights-cell",
              cell: ({ wanted, held }) => <Weights wanted={wanted} held={held} most={most} />,
            },
            { name: "Off by", term: "Off by", cell: ({ gap }) => <Value>{points(gap)}</Value> },
            {
              name: "Order now",
              term: "Order now",
              cell: ({ order }) =>
                order ? (
                  <>
                    {order.side === "buy" ? "Buy" : "Sell"} {quantity(order.quantity)} @ {price(order.price, decimals)}
                  </>
                ) : (
                  <span className="soft">{preview ? "none" : ""}</span>
                ),
            },
            { name: "Value", term: "Value", cell: ({ order }) => <Value>{money(order?.value, bot)}</Value> },
            {
              name: "Cost",
              term: "Expected cost",
              cell: ({ order }) => <Value>{money(order?.cost, bot)}</Value>,
            },
          ]}
        />
      )}
      <Waiting bot={bot} />
      {!preview && rows.length > 0 && (
        <p className="soft pad">
          {bot.state === "stopped"
            ? "Stopped: no orders are planned."
            : "No preview yet: the bot writes one the next time it values its positions."}
        </p>
      )}
    </Panel>
  );
}
