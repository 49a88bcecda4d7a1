"""The commands that bring bars to disk: `aion import` and `aion download`."""

from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated, Literal, cast

import typer

from aion.errors import ConfigError
from aion.model import CorporateAction

To = Annotated[Path | None, typer.Option("--to", help="Folder of checked bars. [AION_FOLDER]")]
Config = Annotated[Path | None, typer.Option("--config", help="Settings file; default aion.toml in this folder.")]
FormName = Annotated[str, typer.Option("--format", help="parquet, or csv where pyarrow is not installed.")]
Declared = Annotated[list[str] | None, typer.Option("--split", help="SYMBOL:YYYY-MM-DD:20 for 20 new for 1 old.")]
Paid = Annotated[list[str] | None, typer.Option("--dividend", help="SYMBOL:YYYY-MM-DD:0.24, money a unit.")]


def add_commands(app: typer.Typer) -> None:
    """Add the commands of this module to `app`."""
    app.command("import")(import_bars)


def import_bars(
    files: Annotated[list[Path], typer.Argument(help="CSV or Parquet files of minute or daily bars.")],
    exchange: Annotated[str, typer.Option("--exchange", help="XNYS, XNAS, XLON, XHKG or 24/7.")],
    to: To = None,
    symbol: Annotated[str, typer.Option("--symbol", help="Of files without such a column; default: file name.")] = "",
    currency: Annotated[str, typer.Option("--currency", help="Default: that of the exchange.")] = "",
    price_basis: Annotated[
        str | None, typer.Option("--price-basis", help="raw or adjusted; unsaid, no bot may hold it overnight.")
    ] = None,
    zone: Annotated[str, typer.Option("--zone", help="IANA zone of times that have none.")] = "",
    stamp: Annotated[str, typer.Option("--stamp", help="open or close: which end of a minute names it.")] = "open",
    unit: Annotated[str, typer.Option("--unit", help="What prices are multiplied by, 0.01 for pence.")] = "1",
    split: Declared = None,
    dividend: Paid = None,
    form: FormName = "parquet",
    config: Config = None,
) -> None:
    """Check files of bars, keep what is sound in a folder for the folder feed, and say what was left out and why."""
    from aion.clock import SystemClock
    from aion.config import load
    from aion.market.feed.barfile import Format
    from aion.market.feed.importer import REPORT, Import, import_files
    from aion.model import PriceBasis

    _one_of("--price-basis", price_basis, ("raw", "adjusted", None))
    _one_of("--stamp", stamp, ("open", "close"))
    _one_of("--format", form, ("parquet", "csv"))
    folder = load(config, flags={"folder": to}).folder
    about = Import(
        exchange=exchange,
        symbol=symbol,
        currency=currency,
        price_basis=cast("PriceBasis | None", price_basis),
        zone=zone,
        is_stamped_at_open=stamp == "open",
        unit=_unit(unit),
        actions=tuple(_actions(split or [], "split") + _actions(dividend or [], "dividend")),
        form=cast("Format", form),
    )
    done = import_files(files, folder, about, SystemClock().now())
    for each in done:
        for line in each.lines():
            typer.echo(line, err=bool(each.refused))
    kept = [each for each in done if not each.refused]
    typer.echo(f"{len(kept)} of {len(done)} series are in {folder}; the report is {folder / REPORT}")
    if kept:
        typer.echo(f"to trade on them: aion up --feed folder --folder {folder} --data DATA_FOLDER")
    if len(kept) < len(done):
        raise typer.Exit(1)


def _one_of(option: str, value: str | None, known: tuple[str | None, ...]) -> None:
    if value not in known:
        raise ConfigError(f"{option} {value!r} cannot work; known: {', '.join(each for each in known if each)}")


def _unit(text: str) -> Decimal:
    try:
        unit = Decimal(text)
    except InvalidOperation:
        unit = Decimal(0)
    if not unit.is_finite() or unit <= 0:
        raise ConfigError(f"--unit {text!r} is not a number above 0")
    return unit


def _actions(texts: list[str], kind: Literal["split", "dividend"]) -> list[CorporateAction]:
    found = []
    for text in texts:
        try:
            symbol, day, amount = text.rsplit(":", 2)
            found.append(CorporateAction(symbol, date.fromisoformat(day), kind, Decimal(amount)))
        except (ValueError, InvalidOperation):
            raise ConfigError(f"--{kind} {text!r} cannot be read: SYMBOL:YYYY-MM-DD:AMOUNT") from None
    return found
