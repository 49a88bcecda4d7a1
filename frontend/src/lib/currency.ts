/**
 * Decimals of money by currency: the minor units of ISO 4217 (list one, SIX, 2026-01-01), and 8 for what is none of
 * them, as coins have. A test compares the codes with those of `aion/currency.py`.
 */

const DECIMALS: Record<string, string> = {
  0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
  2: "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XAD XCD XCG YER ZAR ZMW ZWG",
  3: "BHD IQD JOD KWD LYD OMR TND",
  4: "CLF UYW",
};

/** Decimals of what is no currency of ISO 4217. */
export const COIN_DECIMALS = 8;

/** What money is of: an account or a total. Decimals are those of its currency unless it says others. */
export interface Unit {
  currency: string;
  decimals?: number | undefined;
}

/** Decimals in which amounts of `unit` are shown. */
export function decimalsOf({ currency, decimals: own }: Unit): number {
  if (own !== undefined) return own;
  for (const decimals in DECIMALS) if (DECIMALS[decimals]?.includes(currency)) return Number(decimals);
  return COIN_DECIMALS;
}
