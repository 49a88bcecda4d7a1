/** Orders of a swing bot that are given and wait for the next open, beside the targets that they are to reach. */

import type { BotView, Order } from "../../api/schema";
import { Ahead } from "../../bot/foot";
import { ended } from "../../bot/sentence";
import { plural, quantity } from "../../lib/money";
import { byName } from "../../lib/order";
import { instant, stamp } from "../../lib/time";
import { useDesk } from "../../ui/frame/desk";
import { NoData } from "../../ui/number";
import { CsvButton } from "../../ui/panel";
import { TableBox } from "../../ui/table";
import { orderSize } from "./order-size";

/**
 * Orders that are not done, in order of decision: those at the market, since stops and targets of Aion's bots rest with
 * their position; of a bot of another program all of them.
 */
export function waitingOrders(bot: BotView): [string, Order][] {
  return Object.entries(bot.open_orders ?? {})
    .filter(([, order]) => bot.foreign || (order.type ?? "market") === "market")
    .sort(([a, left], [b, right]) => (instant(left.ts) ?? 0) - (instant(right.ts) ?? 0) || byName(a, b));
}

/** `fills at the open of 19 May 13:30 UTC`, and in how long that is; booked once the bar of that day is known. */
function Until({ bot }: { bot: BotView }) {
  const { market } = useDesk();
  const opens = instant(bot.next_open_at);
  const mark = instant(bot.next_mark_at);
  if (opens === undefined) return <>fills at the next open</>;
  if (market !== undefined && market >= opens) {
    return (
      <>
        fills at the open of {stamp(opens, market)}
        {mark !== undefined && <>, booked with the mark at {stamp(mark, market)}</>}
      </>
    );
  }
  return (
    <>
      fills at the next open, {stamp(opens, market)} <Ahead at={opens} wallAt={undefined} />
    </>
  );
}

const HEAD = [
  "id",
  "symbol",
  "side",
  "quantity",
  "filled_quantity",
  "weight",
  "type",
  "status",
  "decided_at",
  "fills_at",
  "reason",
];

export function Waiting({ bot }: { bot: BotView }) {
  const { market } = useDesk();
  const orders = waitingOrders(bot);
  if (orders.length === 0) return null;
  return (
    <section className="waiting" aria-label="Orders waiting for the next open">
      <header>
        <h3>Waiting orders</h3>
        <small>
          {plural(orders.length, "order")}
          {!bot.foreign && (
            <>
              : <Until bot={bot} />
            </>
          )}
        </small>
        <div className="tools">
          <CsvButton
            of="the waiting orders"
            name={`aion-${bot.bot}-waiting.csv`}
            head={HEAD}
            rows={() =>
              orders.map(([id, order]) => [
                id,
                order.symbol,
                order.side,
                order.quantity,
                order.filled_quantity,
                order.weight,
                order.type,
                order.status,
                order.ts,
                bot.next_open_at,
                order.reason,
              ])
            }
          />
        </div>
      </header>
      <TableBox
        box="table-box"
        name="Waiting orders, table"
        className="rows"
        rows={orders}
        keyOf={([id]) => id}
        columns={[
          { name: "Symbol", cell: ([, order]) => <b>{order.symbol}</b> },
          {
            name: "Side",
            className: "left",
            cell: ([, order]) => (
              <>
                {order.side === "buy" ? "Buy" : "Sell"}
                {bot.foreign && (
                  <small className="block">
                    {[order.type ?? "market", order.status].join(", ").replaceAll("_", " ")}
                  </small>
                )}
              </>
            ),
          },
          {
            name: "Quantity",
            term: "Quantity",
            cell: ([, order]) => (
              <>
                {orderSize(order)}
                {(order.filled_quantity ?? 0) > 0 && (
                  <small className="block">{quantity(order.filled_quantity)} filled</small>
                )}
              </>
            ),
          },
          {
            name: "Decided",
            term: "Decided",
            cell: ([, order]) => {
              const at = instant(order.ts);
              return at === undefined ? <NoData /> : stamp(at, market);
            },
          },
          {
            name: "Reason",
            className: "left",
            cellClass: "left reason",
            cell: ([, order]) => order.reason && ended(order.reason),
          },
        ]}
      />
    </section>
  );
}
