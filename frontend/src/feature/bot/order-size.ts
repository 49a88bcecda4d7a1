/** How much an order is for: a quantity, or a part of equity that its fill makes a quantity of. */

import type { Order } from "../../api/schema";
import { quantity } from "../../lib/money";
import { percent } from "../../lib/percent";

/** `500`; `10 % of equity`, short below 0, while the quantity is not known. */
export function orderSize(order: Pick<Order, "quantity" | "weight">): string {
  if (order.quantity !== undefined || order.weight === undefined) return quantity(order.quantity);
  const isWhole = Number.isInteger(Number((order.weight * 100).toFixed(6)));
  return `${percent(order.weight, isWhole ? 0 : 2)} of equity`;
}
