"""The commands `aion import`, `aion declare` and `aion download`."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, cast

import typer

from aion.clock import parse_iso
from aion.command.option import BarFormat, Config, Dividends, Folder, Jumps, Splits, Venue, settings_of
from aion.errors import ConfigError
from aion.terminal import clean, say

if TYPE_CHECKING:
    from aion.market.action import CorporateAction

To = Annotated[Path | None, typer.Option("--to", help="Folder of checked bars. [AION_FOLDER]")]


def add_commands(app: typer.Typer) -> None:
    """Add the commands of this module to `app`."""
    app.command("import")(import_bars)
    app.command("declare")(declare)
    app.command("download")(download_bars)


def import_bars(
    files: Annotated[list[Path], typer.Argument(help="Files of intraday or daily bars: text, Parquet, zip.")],
    exchange: Annotated[
        str, typer.Option("--exchange", help="ISO 10383 code such as XNYS, XLON or XTKS, or 24/7 or 24/5.")
    ],
    to: To = None,
    symbol: Annotated[
        str, typer.Option("--symbol", help="Symbol of files without such a column; default: the file name.")
    ] = "",
    currency: Annotated[str, typer.Option("--currency", help="Default: that of the exchange.")] = "",
    price_basis: Annotated[
        str | None, typer.Option("--price-basis", help="raw or adjusted; without it bots do not hold it overnight.")
    ] = None,
    zone: Annotated[str, typer.Option("--zone", help="IANA zone of times that have none.")] = "",
    stamp: Annotated[str, typer.Option("--stamp", help="open or close: which end of a bar names it.")] = "open",
    interval: Annotated[
        str,
        typer.Option("--interval", help="Length that intraday bars must have, such as 5m or 1h; default: detected."),
    ] = "",
    unit: Annotated[str, typer.Option("--unit", help="Factor for all prices, such as 0.01 for pence.")] = "1",
    date_format: Annotated[
        str,
        typer.Option("--date-format", help="DMY, MDY, YMD or a pattern such as '%d.%m.%Y %H:%M'; default: detected."),
    ] = "",
    columns: Annotated[
        str, typer.Option("--columns", help="Columns by name or number: ts=Datum,close=5; volume=none.")
    ] = "",
    decimal: Annotated[str, typer.Option("--decimal", help="Decimal mark, point or comma; default: detected.")] = "",
    kind: Annotated[
        str,
        typer.Option(
            "--kind", help="share, fund, coin, perpetual, future, option, fx or index; default: by exchange."
        ),
    ] = "",
    tick: Annotated[
        str, typer.Option("--tick", help="Price step; default: 0.01, of coins and currencies found in the prices.")
    ] = "",
    lot: Annotated[str, typer.Option("--lot", help="Quantities are multiples of it; default: the step.")] = "",
    step: Annotated[str, typer.Option("--step", help="Quantity step; default: 1, of coins 0.00000001.")] = "",
    multiplier: Annotated[str, typer.Option("--multiplier", help="Units of one contract; default: 1.")] = "",
    margin: Annotated[
        str, typer.Option("--margin", help="Part of the value that a future or perpetual holds back; default: 1.")
    ] = "",
    settlement: Annotated[
        str, typer.Option("--settlement", help="Currency it is paid in; default: that of its prices.")
    ] = "",
    expiry: Annotated[
        str, typer.Option("--expiry", help="Last day of a future or option, or the time at which it ends.")
    ] = "",
    strike: Annotated[str, typer.Option("--strike", help="Strike of an option.")] = "",
    right: Annotated[str, typer.Option("--right", help="call or put, of an option.")] = "",
    underlying: Annotated[
        str, typer.Option("--underlying", help="Symbol at whose price an option is exercised.")
    ] = "",
    final_price: Annotated[
        str,
        typer.Option(
            "--final-price",
            help="Settlement price of a future, or of the underlying of an option; default: the newest at expiry.",
        ),
    ] = "",
    replace: Annotated[
        bool, typer.Option("--replace", help="Replace the bars already in the folder; default: merge.")
    ] = False,
    split: Splits = None,
    dividend: Dividends = None,
    jump: Jumps = None,
    form: BarFormat = "parquet",
    config: Config = None,
) -> None:
    """Check files of bars, store the valid ones for the folder feed, and report what was left out and why."""
    from aion.clock import SystemClock
    from aion.market.importing.bar_folder import BarFolder, Format
    from aion.market.importing.interval import read_length
    from aion.market.importing.reader import REPORT, Import, import_files
    from aion.market.importing.text.layout import read_columns
    from aion.market.importing.text.number import Decimals
    from aion.market.importing.text.table import Reading
    from aion.market.instrument import Contract
    from aion.model import INSTRUMENT_KINDS, InstrumentKind, PriceBasis

    _one_of("--price-basis", price_basis, ("raw", "adjusted", None))
    _one_of("--kind", kind, (*INSTRUMENT_KINDS, ""))
    _one_of("--right", right, ("call", "put", ""))
    _one_of("--stamp", stamp, ("open", "close"))
    _one_of("--format", form, ("parquet", "csv"))
    _one_of("--decimal", decimal, ("point", "comma", ""))
    _check_format(form)
    settings = settings_of(config, folder=to)
    _take_closures(settings)
    folder = settings.folder
    about = Import(
        exchange=exchange,
        symbol=symbol,
        currency=currency,
        price_basis=cast("PriceBasis | None", price_basis),
        zone=zone,
        is_stamped_at_open=stamp == "open",
        interval=read_length(interval) if interval else None,
        unit=_unit(unit),
        actions=_declared(split, dividend, jump),
        form=cast("Format", form),
        reading=Reading(read_columns(columns), date_format, cast("Decimals", decimal)),
        contract=Contract(
            kind=cast("InstrumentKind | None", kind or None),
            tick=_step("--tick", tick),
            lot=_step("--lot", lot),
            step=_step("--step", step),
            multiplier=_step("--multiplier", multiplier),
            margin=_step("--margin", margin),
            settlement=settlement or None,
            expiry=expiry or None,
            strike=_price("--strike", strike),
            right=cast("Literal['call', 'put'] | None", right or None),
            underlying=underlying or None,
            final_price=_price("--final-price", final_price),
        ),
        is_replaced=replace,
    )
    done = import_files(files, folder, about, SystemClock().now())
    for each in done:
        for line in each.lines():
            say(line, err=bool(each.refused))
    for line in BarFolder(folder).complaints():
        say(line, err=True)
    kept = [each for each in done if not each.refused]
    if kept and price_basis is None:
        say("price basis unknown: add --price-basis raw or adjusted, or bots will not hold these symbols overnight")
    say(f"{len(kept)} of {len(done)} series are in {folder}; the report is {folder / REPORT}")
    if kept:
        say(f"to trade on them: aion up --feed folder --folder {folder} --data DATA_FOLDER")
    if len(kept) < len(done):
        raise typer.Exit(1)


def declare(
    folder: Annotated[Path, typer.Argument(help="Folder of checked bars.")],
    split: Splits = None,
    dividend: Dividends = None,
    jump: Jumps = None,
) -> None:
    """Add splits, dividends and real price jumps to bars already in a folder, such as downloaded ones."""
    from aion.market.importing.reader import declare_actions

    for line in declare_actions(folder, _declared(split, dividend, jump)):
        say(line)


def _declared(
    split: list[str] | None, dividend: list[str] | None, jump: list[str] | None
) -> "tuple[CorporateAction, ...]":
    jumps = _actions([f"{each}:1" for each in jump or []], "jump")
    return tuple(_actions(split or [], "split") + _actions(dividend or [], "dividend") + jumps)


def _take_closures(settings: Any) -> None:
    """Check bars by the user's own closures too."""
    from aion.market.feed import take_closures

    for line in take_closures(settings):
        say(line, err=True)


def _one_of(option: str, value: str | None, known: tuple[str | None, ...]) -> None:
    if value not in known:
        raise ConfigError(f"{option} {value!r} cannot work; known: {', '.join(each for each in known if each)}")


def _check_format(form: str) -> None:
    """Refuse Parquet without pyarrow before the first bar is read, and say what to do instead."""
    from aion.extras import need

    if form != "parquet":
        return
    try:
        need("pyarrow", "parquet")
    except ConfigError as error:
        raise ConfigError(f"{error}, or keep the bars as CSV: --format csv") from None


def _unit(text: str) -> Decimal:
    return _above_zero("--unit", text)


def _step(option: str, text: str) -> Decimal | None:
    return _above_zero(option, text) if text else None


def _price(option: str, text: str) -> Decimal | None:
    try:
        found = Decimal(text) if text else None
    except InvalidOperation:
        found = Decimal("nan")
    if found is not None and not found.is_finite():
        raise ConfigError(f"{option} {text!r} is not a price")
    return found


def _above_zero(option: str, text: str) -> Decimal:
    try:
        found = Decimal(text)
    except InvalidOperation:
        found = Decimal(0)
    if not found.is_finite() or found <= 0:
        raise ConfigError(f"{option} {text!r} is not a number above 0")
    return found


def _actions(texts: list[str], kind: Literal["split", "dividend", "jump"]) -> "list[CorporateAction]":
    from aion.market.action import CorporateAction

    found = []
    for text in texts:
        try:
            symbol, day, amount = text.rsplit(":", 2)
            found.append(CorporateAction(symbol, date.fromisoformat(day), kind, Decimal(amount)))
        except (ValueError, InvalidOperation):
            form = "SYMBOL:YYYY-MM-DD"
            given, form = (text.removesuffix(":1"), form) if kind == "jump" else (text, f"{form}:AMOUNT")
            raise ConfigError(f"--{kind} {given!r} cannot be read: {form}") from None
    return found


def download_bars(
    feed: Annotated[str, typer.Option("--feed", help="ccxt, alpaca or yahoo.")],
    symbols: Annotated[str, typer.Option("--symbols", help="Symbols to download, separated by commas.")],
    start: Annotated[str, typer.Option("--from", help="First day or time, UTC.")],
    until: Annotated[str | None, typer.Option("--to", help="Last day or time, UTC; default now.")] = None,
    kind: Annotated[str, typer.Option("--kind", help="minute or day.")] = "minute",
    folder: Folder = None,
    venue: Venue = None,
    form: BarFormat = "parquet",
    config: Config = None,
) -> None:
    """Download history of an online feed into a folder of checked bars; run it again to continue where it stopped."""
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import Progress, TaskID

    from aion.clock import SystemClock
    from aion.market.feed import open_provider
    from aion.market.importing.bar_folder import BarFolder, Format
    from aion.market.importing.download import download
    from aion.market.provider.protocol import Caller
    from aion.market.series import Kind

    _one_of("--kind", kind, ("minute", "day"))
    _one_of("--format", form, ("parquet", "csv"))
    _check_format(form)
    settings = settings_of(config, folder=folder, symbols=symbols, venue=venue)
    _take_closures(settings)
    now = SystemClock().now()
    span = _time("--from", start), min(now, _time("--to", until, is_end=True) if until else now)
    if span[0] >= span[1]:
        raise ConfigError(f"--from {start} is not before --to {until or 'now'}")
    caller = Caller(open_provider(feed, settings))
    with Progress(console=Console(stderr=True), transient=True) as bar:
        tasks: dict[str, TaskID] = {}

        def show(symbol: str, part: float) -> None:
            if symbol not in tasks:
                tasks[symbol] = bar.add_task(escape(clean(symbol)), total=1.0)
            bar.update(tasks[symbol], completed=part)

        done = download(
            caller, BarFolder(settings.folder), cast("Kind", kind), settings.symbols, span, cast("Format", form), show
        )
    for each in done:
        for line in each.lines():
            say(line)
    say(f"to replay them: aion up --feed folder --folder {settings.folder} --data DATA_FOLDER")


def _time(option: str, text: str, *, is_end: bool = False) -> datetime:
    """Return the UTC time that `text` names; a day alone means its start, or its end if it is an end."""
    try:
        if len(text) <= len("2026-11-24"):
            day = datetime.combine(date.fromisoformat(text), datetime.min.time(), UTC)
            return day + timedelta(days=1) if is_end else day
        return parse_iso(text)
    except ValueError:
        raise ConfigError(f"{option} {text!r} is neither a day, 2026-11-24, nor a time, 2026-11-24T13:30Z") from None
