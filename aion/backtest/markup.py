"""Pieces of HTML that several parts of the report use. What is text must be escaped before."""

from decimal import Decimal
from html import escape


def signed(text: str, amount: float | Decimal) -> str:
    """Return `text` in the colour of the sign of `amount`."""
    kind = "up" if amount > 0 else "dn" if amount < 0 else "n"
    return f'<span class="{kind}">{text}</span>'


def table(name: str, head: str, rows: str, *, kind: str = "") -> str:
    """Return a table that scrolls inside its panel where it does not fit, with the keys too.

    Args:
        name: what it is, for those who do not see it.
        head: cells of the first row.
        rows: the others.
        kind: further classes.
    """
    classes = f"scroll {kind}".strip()
    return (
        f'<div class="{classes}" tabindex="0" role="region" aria-label="{escape(name)}"><table>'
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )
