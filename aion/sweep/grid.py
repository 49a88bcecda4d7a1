"""The grid of a sweep: which parameters take which values, and every combination of them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import product
from math import prod
from typing import Literal

from aion.backtest.plan import Parameter, parse_values
from aion.errors import ConfigError

MOST_COMBINATIONS = 10_000
MOST_VALUES = 1_000  # of one parameter

Target = Literal["param", "rule"]


@dataclass(frozen=True, slots=True)
class Axis:
    """A parameter of the strategy or a rule of the bot, and the values that it takes."""

    target: Target
    name: str
    values: tuple[Parameter, ...]

    @property
    def is_varied(self) -> bool:
        """True when it has more than one value."""
        return len(self.values) > 1


@dataclass(frozen=True, slots=True)
class Grid:
    """All axes of a sweep, in the order in which they were given."""

    axes: tuple[Axis, ...]

    @property
    def varied(self) -> tuple[Axis, ...]:
        """The axes with more than one value."""
        return tuple(axis for axis in self.axes if axis.is_varied)

    def __len__(self) -> int:
        return prod(len(axis.values) for axis in self.axes)

    def combinations(self) -> Iterator[tuple[Parameter, ...]]:
        """Yield one value an axis, the last axis the fastest."""
        return product(*(axis.values for axis in self.axes))


def parse_grid(parameters: Iterable[str], rules: Iterable[str]) -> Grid:
    """Return the grid that the options `--param` and `--rule` name.

    Args:
        parameters: `name=5,10,20`, `name=5:50:5` (first, last and step; the last is included) or `name=5`.
        rules: the same, of the bot.

    Raises:
        ConfigError: a value that cannot be read, a name that comes twice, nothing that varies, or too much.
    """
    axes = [*_axes("param", parameters), *_axes("rule", rules)]
    names = [(axis.target, axis.name) for axis in axes]
    for target, name in names:
        if names.count((target, name)) > 1:
            raise ConfigError(f"--{target} {name} is given twice: give all its values at once, {name}=5,10,20")
    grid = Grid(tuple(axes))
    if not grid.varied:
        raise ConfigError("nothing varies: give a parameter several values, such as --param look_back=5:50:5")
    if len(grid) > MOST_COMBINATIONS:
        raise ConfigError(
            f"{len(grid):,} combinations are more than {MOST_COMBINATIONS:,}: use fewer values or a larger step"
        )
    return grid


def _axes(target: Target, pairs: Iterable[str]) -> Iterator[Axis]:
    for pair in pairs:
        name, equals, text = pair.partition("=")
        name, option = name.strip(), f"--{target}"
        if not equals or not name:
            raise ConfigError(f"{option} {pair!r} is not name=values")
        texts = list(_texts(option, pair, text))
        values = [value for each in texts for value in parse_values([f"{name}={each}"], option).values()]
        if len(set(map(repr, values))) < len(values):
            raise ConfigError(f"{option} {pair!r} has a value twice")
        yield Axis(target, name, tuple(values))


def _texts(option: str, pair: str, text: str) -> Iterator[str]:
    """Yield each value as text: those between commas, and those of a range."""
    for piece in text.split(","):
        piece = piece.strip()
        if not piece:
            raise ConfigError(f"{option} {pair!r} has an empty value")
        if ":" in piece:
            yield from _range(option, pair, piece)
        else:
            yield piece


def _range(option: str, pair: str, piece: str) -> Iterator[str]:
    bounds = piece.split(":")
    try:
        first, last, step = (Decimal(each.strip()) for each in (*bounds, "1")[: max(3, len(bounds))])
        steps = (last - first) / step if step else Decimal(-1)
    except (ArithmeticError, ValueError):
        raise _no_range(option, pair, piece) from None
    if not steps.is_finite():
        raise _no_range(option, pair, piece)
    if step <= 0 or first > last:
        raise ConfigError(
            f"{option} {pair!r}: {piece!r} has no value: put the smaller number first, the step above 0"
        )
    if steps >= MOST_VALUES:
        raise ConfigError(f"{option} {pair!r}: {piece!r} has more than {MOST_VALUES:,} values: use a larger step")
    for number in range(int(steps) + 1):
        yield f"{first + number * step:f}"


def _no_range(option: str, pair: str, piece: str) -> ConfigError:
    return ConfigError(f"{option} {pair!r}: {piece!r} is not first:last or first:last:step, all numbers")
