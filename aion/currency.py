"""Amounts as text: decimals by currency, prices and quantities by their own digits; never an exponent.

Source of the minor units: ISO 4217, list one, published by SIX on 2026-01-01
(https://www.six-group.com/dam/download/financial-information/data-center/iso-currrency/lists/list-one.xml).
"""

from decimal import ROUND_HALF_UP, Decimal, localcontext

COIN_DECIMALS = 8  # of what is no currency of ISO 4217
MOST_DECIMALS = 18  # that any coin is divided into
DIGITS = 15  # that a binary double holds of any decimal number
_BY_DECIMALS = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    2: "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW "
    "CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR "
    "ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV "
    "MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD "
    "SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XAD XCD XCG YER ZAR ZMW ZWG",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
MINOR_UNITS = {code: decimals for decimals, codes in _BY_DECIMALS.items() for code in codes.split()}


def decimals_of(currency: str) -> int:
    """Return the decimals in which amounts of `currency` are shown."""
    return MINOR_UNITS.get(currency, COIN_DECIMALS)


def money(value: float, currency: str, decimals: int | None = None, *, sign: bool = False) -> str:
    """Return an amount with the decimals of its account and separators; what rounds to zero has no sign.

    Args:
        value: finite.
        currency: its code.
        decimals: of the account; None for those of the currency.
        sign: True to put a plus before what is above zero.
    """
    return fixed(value, decimals_of(currency) if decimals is None else decimals, sign=sign)


def fixed(value: float, decimals: int, *, sign: bool = False) -> str:
    """Return `value` with so many decimals, rounded half up as a browser's `toFixed` does.

    A number of more digits than a double holds is rounded to those: it ends earlier, and no digit is made up.
    """
    with localcontext() as context:
        context.prec = 400  # the largest double has 309 digits before the point
        exact = Decimal(float(value))
        known = max(0, DIGITS - 1 - exact.adjusted()) if exact else decimals
        rounded = exact.quantize(Decimal(1).scaleb(-min(decimals, known)), ROUND_HALF_UP)
        if known < decimals and float(rounded) == value:
            rounded = rounded.quantize(Decimal(1).scaleb(-decimals))
        if rounded.is_zero():
            rounded = abs(rounded)
            sign = False
        return f"{rounded:{'+' if sign else ''},f}"


def plain(value: float) -> str:
    """Return a price or a quantity with its own digits and without separators: `0.00001234`, never `1.234e-05`."""
    with localcontext() as context:
        context.prec = 400
        text = f"{Decimal(f'{value:.{DIGITS}g}'):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
