/** What a position or fill of a future, an option or a coin says beside quantity and price. Pure; absent is left out. */

import type { Fill, Position } from "../api/schema";
import { money, moneyChange, price, type Unit } from "../lib/money";
import { plain } from "../lib/plain";

/** `5×`, `100 units`, `margin 500.00`, `liquidation 21,000.00`, `funding −1.20`, `stake 480.00`, its account. */
export function termsOf(held: Position, unit: Unit, decimals?: number): string {
  const { leverage, multiplier, margin, liquidation_price, funding, stake, account } = held;
  return [
    leverage !== undefined && `${plain(leverage)}×`,
    multiplier !== undefined && multiplier !== 1 && `${plain(multiplier)} units`,
    margin !== undefined && `margin ${money(margin, unit)}`,
    liquidation_price !== undefined && `liquidation ${price(liquidation_price, decimals)}`,
    funding !== undefined && `funding ${moneyChange(funding, unit)}`,
    stake !== undefined && `stake ${money(stake, unit)}`,
    account,
  ]
    .filter(Boolean)
    .join(" · ");
}

/** `fee 1.00`, `rebate 0.01` where it was paid to the account, `fee 0.0021 BNB` where it is in another currency. */
export function feeText({ fee = 0, fee_currency, fee_value }: Fill, unit: Unit): string {
  const size = Math.abs(fee);
  const isOther = fee_currency !== undefined && fee_currency !== unit.currency;
  const worth = isOther && fee_value !== undefined ? ` (${money(Math.abs(fee_value), unit)})` : "";
  return `${fee < 0 ? "rebate" : "fee"} ${isOther ? `${plain(size)} ${fee_currency}${worth}` : money(size, unit)}`;
}

/** The fee in the account's currency, below zero for a rebate; NaN where the file does not say it in that. */
export function feeValue({ fee = 0, fee_currency, fee_value }: Fill, currency: string): number {
  return fee_value ?? (fee && fee_currency !== undefined && fee_currency !== currency ? Number.NaN : fee);
}
