"""Write the tables of docs/costs.md from the cost models, so that the document and the money agree.

Run: python tools/cost_table.py (rewrites everything below the marker); the tests compare the two.
"""

import sys
from decimal import Decimal
from pathlib import Path

from aion.trading.cost import COST_MODELS
from aion.trading.fee import CostModel, Fee, Rate

DOCUMENT = Path(__file__).parents[1] / "docs" / "costs.md"
MARKER = "<!-- tables: written by tools/cost_table.py -->"


def plain(value: Decimal) -> str:
    """Return `value` without an exponent and trailing zeros."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def rate_text(rate: Rate) -> str:
    """Return what is due at `rate`, for people."""
    parts = []
    if rate.per_value or not (rate.per_unit or rate.flat):
        parts.append(f"{plain(rate.per_value * 100)} %")
    if rate.per_unit:
        parts.append(f"{plain(rate.per_unit)} per unit")
    if rate.flat:
        parts.append(f"{plain(rate.flat)} per order")
    if rate.above:
        parts.append(f"above {plain(rate.above)}")
    if rate.minimum:
        parts.append(f"at least {plain(rate.minimum)}")
    if rate.maximum is not None:
        parts.append(f"at most {plain(rate.maximum)}")
    if rate.maximum_part is not None:
        parts.append(f"at most {plain(rate.maximum_part * 100)} % of the order")
    return ", ".join(parts)


def fee_rows(fee: Fee) -> list[str]:
    """Return the rows of one fee, newest rate last."""
    side = fee.side.value if fee.side else "both"
    side += f", {fee.liquidity}" if fee.liquidity else ""
    step = "the smallest amount" if fee.step is None else "cent" if fee.step < 1 else "unit"
    rows = []
    for number, rate in enumerate(fee.rates):
        since = "" if rate.valid_from.year == 1970 else rate.valid_from.isoformat()
        source = fee.source if number == 0 else ""
        name = f"`{fee.name}`" if number == 0 else ""
        rows.append(f"| {name} | {side} | {since} | {rate_text(rate)} | {step} | {source} |")
    return rows


def section(model: CostModel) -> str:
    """Return the part of the document about one model."""
    lines = [f"### `{model.name}`", "", f"{model.title}."]
    if model.currency:
        lines[-1] += f" Flat amounts are in {model.currency}."
    if model.valid_from.year != 1970:
        lines[-1] += f" All rates are historical from {model.valid_from.isoformat()} on."
    half = plain(model.slippage.half_spread_bps)
    lines += ["", f"Slippage `{model.slippage.name}`: half spread {half} bp. {model.slippage.source}", ""]
    if model.fee_list:
        lines += ["| fee | side | from | due | rounded up to | source |", "|---|---|---|---|---|---|"]
        for fee in model.fee_list:
            lines += fee_rows(fee)
        lines.append("")
    for each in model.overnights:
        who = " and ".join(name for name, pays in (("long", each.longs), ("short", each.shorts)) if pays)
        lines += [f"Overnight `{each.name}` ({who} positions): {each.source}.", ""]
        if len(each.rates) > 1:
            lines += ["| from | per year |", "|---|---|"]
            lines += [f"| {since.isoformat()} | {plain(rate * 100)} % |" for since, rate in each.rates]
            lines.append("")
    return "\n".join(lines)


def tables() -> str:
    """Return everything below the marker."""
    return "\n".join(section(model) for model in COST_MODELS.values())


def main() -> int:
    """Write the document; 0 when it is done."""
    head, _, _ = DOCUMENT.read_text("utf-8").partition(MARKER)
    DOCUMENT.write_text(f"{head}{MARKER}\n\n{tables()}", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
