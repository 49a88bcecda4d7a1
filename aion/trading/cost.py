"""The cost models by name: rates, validity and source of every fee, as docs/costs.md shows them, and one's own."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Literal

from aion.errors import ConfigError
from aion.model import Side
from aion.money import unit_of
from aion.section import CostSettings, FeeSettings
from aion.trading.fee import CostModel, Fee, Overnight, Rate
from aion.trading.slippage import SLIPPAGE_MODELS, SlippageModel

_ALWAYS = date(1970, 1, 1)
_ONE = Decimal(1)


def _bps(value: str) -> Decimal:
    return Decimal(value) / 10_000


def _million(value: str) -> Decimal:
    return Decimal(value) / 1_000_000


def _per_value(*steps: tuple[date, Decimal]) -> tuple[Rate, ...]:
    return tuple(Rate(since, per_value=rate) for since, rate in steps)


_SEC_FEE = Fee(
    "sec_fee",
    "Securities Exchange Act of 1934, section 31; SEC fee rate advisories and orders, on sales",
    _per_value(
        (date(2014, 3, 18), _million("22.10")),
        (date(2015, 2, 14), _million("18.40")),
        (date(2016, 2, 16), _million("21.80")),
        (date(2017, 7, 4), _million("23.10")),
        (date(2018, 5, 22), _million("13.00")),
        (date(2019, 4, 16), _million("20.70")),
        (date(2020, 2, 18), _million("22.10")),
        (date(2021, 2, 25), _million("5.10")),
        (date(2022, 5, 14), _million("22.90")),
        (date(2023, 2, 27), _million("8.00")),
        (date(2024, 5, 22), _million("27.80")),
        (date(2025, 5, 14), _million("0.00")),
        (date(2026, 4, 4), _million("20.60")),
    ),
    Side.SELL,
)

_TAF = Fee(
    "finra_taf",
    "FINRA By-Laws, Schedule A, section 1 (trading activity fee), on sales",
    (
        Rate(date(2012, 7, 1), per_unit=Decimal("0.000119"), maximum=Decimal("5.95")),
        Rate(date(2022, 1, 1), per_unit=Decimal("0.000130"), maximum=Decimal("6.49")),
        Rate(date(2023, 1, 1), per_unit=Decimal("0.000145"), maximum=Decimal("7.27")),
        Rate(date(2024, 1, 1), per_unit=Decimal("0.000166"), maximum=Decimal("8.30")),
        Rate(date(2026, 1, 1), per_unit=Decimal("0.000195"), maximum=Decimal("9.79")),
    ),
    Side.SELL,
)

_US_COMMISSION = Fee(
    "commission",
    "Interactive Brokers, US stocks, fixed pricing: 0.005 USD a share, at least 1 USD, at most 1 % of the order",
    (Rate(_ALWAYS, per_unit=Decimal("0.005"), minimum=_ONE, maximum_part=Decimal("0.01")),),
)

_UK_COMMISSION = Fee(
    "commission",
    "Interactive Brokers, UK stocks, fixed pricing: 0.05 % of the order, at least 3 GBP",
    (Rate(_ALWAYS, per_value=_bps("5"), minimum=Decimal(3)),),
)

_UK_STAMP_DUTY = Fee(
    "stamp_duty",
    "Finance Act 1986, section 87 (stamp duty reserve tax, 0.5 % of a purchase)",
    _per_value((date(1986, 10, 27), _bps("50"))),
    Side.BUY,
)

_PTM_LEVY = Fee(
    "ptm_levy",
    "Panel on Takeovers and Mergers, PTM levy on trades above 10,000 GBP; Panel Statement 2024/19",
    (
        Rate(_ALWAYS, flat=_ONE, above=Decimal(10_000)),
        Rate(date(2024, 12, 2), flat=Decimal("1.50"), above=Decimal(10_000)),
    ),
)

_CFD_COMMISSION = Fee(
    "commission",
    "Interactive Brokers, UK share CFDs: 0.05 % of the order, at least 3 GBP, exchange fees included",
    (Rate(_ALWAYS, per_value=_bps("5"), minimum=Decimal(3)),),
)

_CFD_FINANCING = Overnight(
    "financing",
    "Bank Rate of the Bank of England in place of SONIA, which stays within 0.1 % of it, plus 1.5 % for long CFDs "
    "(Interactive Brokers, CFD financing, first tier); credit on shorts is left out",
    tuple(
        (since, Decimal(rate) / 100 + Decimal("0.015"))
        for since, rate in (
            (date(2020, 3, 19), "0.10"),
            (date(2021, 12, 16), "0.25"),
            (date(2022, 2, 3), "0.50"),
            (date(2022, 3, 17), "0.75"),
            (date(2022, 5, 5), "1.00"),
            (date(2022, 6, 16), "1.25"),
            (date(2022, 8, 4), "1.75"),
            (date(2022, 9, 22), "2.25"),
            (date(2022, 11, 3), "3.00"),
            (date(2022, 12, 15), "3.50"),
            (date(2023, 2, 2), "4.00"),
            (date(2023, 3, 23), "4.25"),
            (date(2023, 5, 11), "4.50"),
            (date(2023, 6, 22), "5.00"),
            (date(2023, 8, 3), "5.25"),
            (date(2024, 8, 1), "5.00"),
            (date(2024, 11, 7), "4.75"),
            (date(2025, 2, 6), "4.50"),
            (date(2025, 5, 8), "4.25"),
            (date(2025, 8, 7), "4.00"),
            (date(2025, 12, 18), "3.75"),
        )
    ),
    longs=True,
    shorts=False,
)

_HK = (
    Fee(
        "commission",
        "Interactive Brokers, Hong Kong stocks, tiered pricing, first tier: 0.05 % of the order, at least 18 HKD",
        (Rate(_ALWAYS, per_value=_bps("5"), minimum=Decimal(18)),),
    ),
    Fee(
        "stamp_duty",
        "Stamp Duty Ordinance (Cap. 117), head 2(1), each side, rounded up to the dollar; Amendment Ordinances 2021 "
        "(0.13 % from 1 August 2021) and 2023 (0.10 % from 17 November 2023)",
        _per_value((_ALWAYS, _bps("10")), (date(2021, 8, 1), _bps("13")), (date(2023, 11, 17), _bps("10"))),
        step=_ONE,
    ),
    Fee(
        "sfc_levy",
        "Securities and Futures (Levy) Order, 0.0027 % each side from 1 November 2014",
        _per_value((date(2014, 11, 1), _bps("0.27"))),
    ),
    Fee(
        "afrc_levy",
        "Accounting and Financial Reporting Council (until October 2022 FRC), 0.00015 % each side from January 2022",
        _per_value((_ALWAYS, Decimal(0)), (date(2022, 1, 1), _bps("0.015"))),
    ),
    Fee(
        "trading_fee",
        "HKEX, trading fee each side: 0.005 %, 0.00565 % from 1 January 2023",
        _per_value((_ALWAYS, _bps("0.5")), (date(2023, 1, 1), _bps("0.565"))),
    ),
    Fee(
        "settlement_fee",
        "HKSCC, stock settlement fee each side: 0.002 %, 2 to 100 HKD; 0.0042 % without bounds from 30 June 2025",
        (
            Rate(_ALWAYS, per_value=_bps("0.2"), minimum=Decimal(2), maximum=Decimal(100)),
            Rate(date(2025, 6, 30), per_value=_bps("0.42")),
        ),
    ),
)


def _borrow(rate: str, who: str) -> Overnight:
    return Overnight(
        "borrow",
        f"Assumption: {who} are easy to borrow; {(Decimal(rate) * 100).normalize()} % a year on the value sold short",
        ((_ALWAYS, Decimal(rate)),),
        longs=False,
        shorts=True,
    )


def _spot(name: str, title: str, since: date, taker: str, maker: str, source: str) -> CostModel:
    """Return the model of an exchange of coins; rates in per cent, of the first tier."""
    fees = tuple(
        Fee(f"{liquidity}_fee", source, _per_value((since, rate / 100)), liquidity=liquidity)
        for liquidity, rate in _both_ways(Decimal(taker), Decimal(maker))
    )
    return CostModel(name, title, "", since, SLIPPAGE_MODELS["crypto"], fees)


def _both_ways(taker: Decimal, maker: Decimal) -> tuple[tuple[Literal["taker", "maker"], Decimal], ...]:
    return ("taker", taker), ("maker", maker)


_MODELS = (
    CostModel(
        "us-equity",
        "US shares, whole, raw prices",
        "USD",
        date(2014, 3, 18),
        SLIPPAGE_MODELS["large-cap"],
        (_US_COMMISSION, _SEC_FEE, _TAF),
        (_borrow("0.0050", "US large caps"),),
    ),
    CostModel(
        "us-equity-bps",
        "US shares, fractional, adjusted prices",
        "",
        _ALWAYS,
        SLIPPAGE_MODELS["adjusted"],
        (
            Fee(
                "commission",
                "Fees a share mean nothing on adjusted prices, so all of them together are 1 bp of the value: "
                "0.005 USD a share is 1 bp at 50 USD, and less above",
                _per_value((_ALWAYS, _bps("1"))),
            ),
        ),
        (_borrow("0.0050", "US large caps"),),
    ),
    CostModel(
        "uk-share",
        "UK shares",
        "GBP",
        date(2014, 1, 1),
        SLIPPAGE_MODELS["large-cap"],
        (_UK_COMMISSION, _UK_STAMP_DUTY, _PTM_LEVY),
        (_borrow("0.0050", "UK large caps"),),
    ),
    CostModel(
        "uk-cfd",
        "UK shares as contracts for difference: no stamp duty (HMRC, Stamp Taxes on Shares Manual STSM013110)",
        "GBP",
        date(2020, 3, 19),
        SLIPPAGE_MODELS["large-cap"],
        (_CFD_COMMISSION,),
        (_CFD_FINANCING, _borrow("0.0050", "UK large caps")),
    ),
    CostModel(
        "hk-share",
        "Hong Kong shares",
        "HKD",
        date(2014, 11, 1),
        SLIPPAGE_MODELS["tick-bound"],
        _HK,
        (_borrow("0.0100", "Hong Kong large caps"),),
    ),
    CostModel(
        "crypto-bps",
        "Spot crypto at a large venue",
        "",
        _ALWAYS,
        SLIPPAGE_MODELS["crypto"],
        (
            Fee(
                "taker_fee",
                "binance.com/en/fee/schedule, regular user, 0.10 % for maker and taker, as the API Commons plans of "
                "api-evangelist/binance had it on 2026-05-05; the rates of ccxt 4.5.64 are the same",
                _per_value((_ALWAYS, _bps("10"))),
            ),
        ),
    ),
    _spot(
        "kraken-spot",
        "Spot crypto at Kraken Pro, first tier (below 10,000 USD in 30 days)",
        date(2026, 5, 30),
        "0.40",
        "0.25",
        "kraken.com/features/fee-schedule#spot, as the API Commons plans of api-evangelist/kraken had it on "
        "2026-05-30",
    ),
    _spot(
        "coinbase-advanced",
        "Spot crypto at Coinbase Advanced, tier Intro 1 (below 1,000 USD in 30 days)",
        date(2026, 5, 5),
        "1.20",
        "0.60",
        "help.coinbase.com, Coinbase Advanced fees, as the API Commons plans of api-evangelist/coinbase had it on "
        "2026-05-05; the rates of ccxt 4.5.64 are the same",
    ),
    _spot(
        "bybit-spot",
        "Spot crypto at Bybit, VIP 0, pairs of coins (pairs with state money ask more)",
        date(2026, 11, 25),
        "0.10",
        "0.10",
        "Bybit help center, Trading Fee Structure, spot, VIP 0, read from a stored copy on 2026-11-25",
    ),
    CostModel(
        "crypto-unknown",
        "Spot crypto at an exchange whose fees are not known here",
        "",
        _ALWAYS,
        SLIPPAGE_MODELS["crypto"],
        (
            Fee(
                "taker_fee",
                "Assumption: what Kraken asks of a taker in its first tier; name the model that fits with `cost`",
                _per_value((_ALWAYS, _bps("40"))),
            ),
        ),
    ),
    CostModel("zero", "No costs: for tests of the accounting alone", "", _ALWAYS, SLIPPAGE_MODELS["none"]),
)
COST_MODELS = {model.name: model.of(unit_of(model.currency)) if model.currency else model for model in _MODELS}
"""By name."""


def cost_model(name: str, own: CostSettings | None = None) -> CostModel:
    """Return the model called `name`.

    Args:
        name: of a model here, or that of `own`.
        own: a table of the settings; None where they have none of that name.

    Raises:
        ConfigError: there is none of that name, or two.
    """
    found = COST_MODELS.get(name)
    if own is not None:
        if found is not None:
            raise ConfigError(f"costs.{name}: {name!r} is a model that Aion has: choose another name")
        return _own_model(name, own)
    if found is None:
        raise ConfigError(
            f"cost model {name!r} is unknown; use one of {', '.join(COST_MODELS)}, or add a table [costs.{name}]"
        )
    return found


def _own_model(name: str, own: CostSettings) -> CostModel:
    model = _flat_model(name, own)
    tiers = []
    for each in own.tiers:
        said = {key: value for key in _TIERED if (value := getattr(each, key)) is not None}
        tiers.append((each.above, _flat_model(name, own.model_copy(update=said))))
    return replace(model, tiers=tuple(tiers), tier_by=own.tier_by, tier_days=own.tier_days)


_TIERED = ("rate", "per_unit", "minimum", "taker", "maker")


def _flat_model(name: str, own: CostSettings) -> CostModel:
    source = f"[costs.{name}] of the settings"
    commission = Rate(
        _ALWAYS, own.rate, own.per_unit, own.per_order,
        minimum=own.minimum, maximum=own.maximum, maximum_part=own.maximum_rate,
    )  # fmt: skip
    fees = [Fee("commission", source, (commission,))]
    fees += [
        Fee(
            f"{liquidity}_{'fee' if rate > 0 else 'rebate'}", source, _per_value((_ALWAYS, rate)), liquidity=liquidity
        )
        for liquidity, rate in _both_ways(own.taker, own.maker)
        if rate
    ]
    fees += [
        Fee("tax", source, _per_value((_ALWAYS, rate)), side)
        for side, rate in ((Side.BUY, own.buy_tax), (Side.SELL, own.sell_tax))
        if rate
    ]
    fees += _further_fees(own.fees, source)
    overnights = [
        Overnight(kind, source, ((_ALWAYS, rate),), longs=kind == "financing", shorts=kind == "borrow")
        for kind, rate in (("borrow", own.borrow), ("financing", own.financing))
        if rate
    ]
    has_spread = own.spread_bps > 0 or own.spread > 0
    slippage = SlippageModel(name, own.spread_bps / 2, has_spread, own.impact, source, own.spread / 2)
    return CostModel(
        name, own.title or name, own.currency, _ALWAYS, slippage, tuple(fees), tuple(overnights), own.currency_symbol
    )


def _further_fees(said: Iterable[FeeSettings], source: str) -> list[Fee]:
    """Return the fees of a table, each with its history."""
    histories: dict[tuple[str, str, Literal["", "taker", "maker"]], list[FeeSettings]] = {}
    for each in said:
        histories.setdefault((each.name, each.side, each.liquidity), []).append(each)
    found = []
    for (name, side, liquidity), history in histories.items():
        history.sort(key=lambda each: each.since or _ALWAYS)
        rates = tuple(
            Rate(
                each.since or _ALWAYS, each.rate, each.per_unit, each.per_order, each.above,
                each.minimum, each.maximum, each.maximum_rate, each.step,
            )
            for each in history
        )  # fmt: skip
        found.append(Fee(name, source, rates, Side(side) if side else None, liquidity=liquidity))
    return found
