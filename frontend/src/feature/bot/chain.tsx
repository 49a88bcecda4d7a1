/** What stands behind one row: decision -> order -> fills, each with its bar, slippage and fees by name. */

import type { Bar, BotView, Chain as ChainData, Decision, Fill, Order } from "../../api/schema";
import { ended } from "../../bot/sentence";
import { feeText, feeValue } from "../../bot/terms";
import {
  decimal,
  money,
  moneyChange,
  price,
  priceDecimals,
  quantity,
  sharedDecimals,
  type Unit,
} from "../../lib/money";
import { instant, stamp } from "../../lib/time";
import { useFetched } from "../../lib/use-fetched";
import { Net } from "../../ui/number";
import { FetchState } from "../../ui/panel";
import { Term } from "../../ui/term";
import { orderSize } from "./order-size";
import "../../bot/sum-line.css";

interface Props {
  bot: BotView;
  part: string;
  row: string;
  day: string;
}

const when = (iso: string | undefined): string => {
  const ms = instant(iso);
  return ms === undefined ? "" : stamp(ms, undefined);
};

const side = (of: { side: string }): string => (of.side === "buy" ? "Buy" : "Sell");

function DecisionLine({ decision }: { decision: Decision }) {
  return (
    <p>
      <span className="link-kind">Decision</span> {when(decision.ts)}: <b>{decision.action}</b>
      {decision.symbol && ` ${decision.symbol}`}
      {decision.confidence !== undefined && `, strength ${decimal(decision.confidence, 2)}`}
      {decision.reason && `. ${ended(decision.reason)}`}
    </p>
  );
}

function OrderLine({ order, decimals }: { order: Order; decimals: number }) {
  const limits = [
    order.limit_price !== undefined && `limit ${price(order.limit_price, decimals)}`,
    order.stop_price !== undefined && `stop ${price(order.stop_price, decimals)}`,
  ].filter(Boolean);
  const isUnsized = order.quantity === undefined && order.weight !== undefined;
  return (
    <p>
      <span className="link-kind">Order</span> {when(order.ts)}:{" "}
      <b>
        {side(order)}{" "}
        {isUnsized ? `${order.symbol} to ${orderSize(order)}` : `${quantity(order.quantity)} ${order.symbol}`}
      </b>
      , {[order.type, ...limits].join(" ")}, {order.status}
      {!isUnsized && ` ${quantity(order.filled_quantity ?? 0)} of ${quantity(order.quantity)}`}
      {order.reason && `. ${ended(order.reason)}`}
      {order.detail && ` ${ended(order.detail)}`}
    </p>
  );
}

/** The bar that a fill fell in; it may be quoted finer than the tick that orders go by. */
function barText(bar: Bar, decimals: number): string {
  const prices = [bar.open, bar.high, bar.low, bar.close];
  const own = Math.max(decimals, priceDecimals(prices));
  const [open, high, low, close] = prices.map((value) => price(value, own));
  return `${when(bar.ts)} O ${open} H ${high} L ${low} C ${close} vol ${decimal(bar.volume, 0)}`;
}

function FillLine({ fill, decimals, unit }: { fill: Fill; decimals: number; unit: Unit }) {
  const { bar } = fill;
  const fees = Object.entries(fill.fees ?? {}).filter(([, fee]) => fee !== 0);
  return (
    <div className="fill-line">
      <p>
        <span className="link-kind">Fill</span> {when(fill.ts)}:{" "}
        <b>
          {side(fill)} {quantity(fill.quantity)} {fill.symbol} @ {price(fill.price, decimals)}
        </b>
        {fill.price_source && `, from the ${fill.price_source}`}
        {fill.realized_pnl !== undefined && (
          <>
            , realized <Net of={unit} value={fill.realized_pnl} />
          </>
        )}
      </p>
      <dl className="fill-facts">
        <div>
          <dt>
            <Term name="Bar" />
          </dt>
          <dd>{bar ? barText(bar, decimals) : "not in the file"}</dd>
        </div>
        <div>
          <dt>
            <Term name="Slippage" />
          </dt>
          <dd>{money(fill.slippage ?? 0, unit)}</dd>
        </div>
        <div>
          <dt>
            <Term name="Fees">{(fill.fee ?? 0) < 0 ? "Rebate" : "Fees"}</Term>
          </dt>
          <dd>
            {feeText(fill, unit).replace(/^\w+ /, "")}
            {fees.length > 0 &&
              ` = ${fees.map(([name, fee]) => `${name.replaceAll("_", " ")} ${money(fee, unit)}`).join(" + ")}`}
          </dd>
        </div>
      </dl>
    </div>
  );
}

/** Digits of a sum that are not noise of binary fractions. */
const DIGITS = 14;

export interface Sums {
  fees: number;
  slippage: number;
  /** What the exits realized, after their own fees; undefined where nothing was closed. */
  realized?: number;
  /** Fees of the fills that only opened. */
  entryFees: number;
}

/** Sums of a chain's fills: realized by the exits - entry fees = the trade's net. */
export function sumsOf(chain: Pick<ChainData, "fills" | "currency">): Sums {
  const currency = chain.currency ?? "";
  const fills = Object.values(chain.fills ?? {});
  const add = (values: number[]): number => Number(values.reduce((a, b) => a + b, 0).toPrecision(DIGITS));
  const exits = fills.filter((fill) => fill.realized_pnl !== undefined);
  const entries = fills.filter((fill) => fill.realized_pnl === undefined);
  return {
    fees: add(fills.map((fill) => feeValue(fill, currency))),
    slippage: add(fills.map((fill) => fill.slippage ?? 0)),
    entryFees: add(entries.map((fill) => feeValue(fill, currency))),
    ...(exits.length > 0 ? { realized: add(exits.map((fill) => fill.realized_pnl ?? 0)) } : {}),
  };
}

export function Chain({ bot, part, row, day }: Props) {
  const url = `/api/bots/${encodeURIComponent(bot.bot)}/history/${part}/${encodeURIComponent(row)}?day=${day}`;
  const fetched = useFetched<ChainData>(url, "");
  const chain = fetched.data;
  if (!chain) return <FetchState fetched={fetched} what="related orders and fills" />;
  const orders = Object.entries(chain.orders ?? {});
  const decisions = Object.entries(chain.decisions ?? {});
  const fills = Object.entries(chain.fills ?? {});
  const loose = fills.filter(([, fill]) => !fill.order_id || !chain.orders?.[fill.order_id]);
  const sums = sumsOf(chain);
  const decimals = sharedDecimals(
    bot.tick,
    fills.map(([, fill]) => fill.price),
  );
  const [trade] = Object.values(chain.trades ?? {});
  return (
    <div className="chain">
      {trade && (
        <dl className="sum-line">
          <div className="span">
            <dt>
              <Term name="Result" />
            </dt>
            <dd>{trade.symbol}</dd>
          </div>
          <div>
            <dt>
              <Term name="Gross" />
            </dt>
            <dd>{moneyChange(trade.realized_pnl + (trade.fees ?? 0) + (trade.slippage ?? 0), bot)}</dd>
          </div>
          <div>
            <dt>
              <Term name="Fees">− Fees</Term>
            </dt>
            <dd>{money(trade.fees ?? 0, bot)}</dd>
          </div>
          <div>
            <dt>
              <Term name="Slippage">− Slippage</Term>
            </dt>
            <dd>{money(trade.slippage ?? 0, bot)}</dd>
          </div>
          <div className="net">
            <dt>
              <Term name="Net">= Net</Term>
            </dt>
            <dd>
              <Net of={bot} value={trade.realized_pnl} />
            </dd>
          </div>
        </dl>
      )}
      <ol>
        {orders.map(([id, order]) => (
          <li key={id}>
            {decisions
              .filter(([, decision]) => decision.order_id === id)
              .map(([name, decision]) => (
                <DecisionLine key={name} decision={decision} />
              ))}
            <OrderLine order={order} decimals={decimals} />
            {fills
              .filter(([, fill]) => fill.order_id === id)
              .map(([name, fill]) => (
                <FillLine key={name} fill={fill} decimals={decimals} unit={bot} />
              ))}
          </li>
        ))}
        {loose.length > 0 && (
          <li>
            {loose.map(([name, fill]) => (
              <FillLine key={name} fill={fill} decimals={decimals} unit={bot} />
            ))}
          </li>
        )}
        {orders.length === 0 && decisions.length > 0 && (
          <li>
            {decisions.map(([name, decision]) => (
              <DecisionLine key={name} decision={decision} />
            ))}
            <p className="soft">No order followed.</p>
          </li>
        )}
      </ol>
      {fills.length > 1 && (
        <p className="soft">
          {fills.length} fills: fees {money(sums.fees, bot)}, slippage {money(sums.slippage, bot)}
          {sums.realized !== undefined &&
            `; realized by the exits ${moneyChange(sums.realized, bot)} − entry fees ${money(sums.entryFees, bot)} = ${moneyChange(sums.realized - sums.entryFees, bot)}`}
          .
        </p>
      )}
      {(chain.missing ?? []).map((what) => (
        <p key={what} className="attention-text">
          {ended(what)}
        </p>
      ))}
    </div>
  );
}
