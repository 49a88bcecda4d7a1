"""Charts of the report as inline SVG that stretches to the page: lines here, words and ticks as HTML beside them.

Both axes are in per mille of the plot, x from the first mark to the last with closed hours left out, y from the top.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

SIZE = 1000.0
MOST_TICKS = 5
LOG_FROM = 4.0  # highest over lowest value from which a linear axis hides the early years


@dataclass(frozen=True, slots=True)
class Scale:
    """From a value to its height."""

    low: float
    high: float
    is_log: bool = False

    def y(self, value: float) -> float:
        """Return the distance from the top, 0..1000."""
        low, high = self._at(self.low), self._at(self.high)
        return SIZE * (high - self._at(value)) / (high - low)

    def _at(self, value: float) -> float:
        return math.log(max(value, 1e-9)) if self.is_log else value


def scale_of(values: Sequence[float], *, may_be_log: bool = False) -> Scale:
    """Return a scale that holds `values` with a little air; logarithmic when they span more than `LOG_FROM`."""
    low, high = min(values), max(values)
    if may_be_log and low > 0 and high / low > LOG_FROM:
        return Scale(low / 1.08, high * 1.08, is_log=True)
    air = (high - low) * 0.06 or max(abs(high) * 0.01, 1e-6)
    return Scale(low - air, high + air)


def ticks(scale: Scale) -> list[float]:
    """Return two to five round values inside a linear scale: multiples of 1, 2, 2.5 or 5 x 10^n."""
    span = scale.high - scale.low
    power = 10.0 ** math.floor(math.log10(span / MOST_TICKS))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10, 20) if span / (factor * power) <= MOST_TICKS)
    first = math.ceil(scale.low / step)
    return [round(number * step, 12) for number in range(first, math.floor(scale.high / step) + 1)]


def growth_ticks(scale: Scale) -> list[float]:
    """Return round factors inside a logarithmic scale: 1, 2, 5, 10 ..."""
    found = [
        factor * 10.0**power
        for power in range(-4, 7)
        for factor in (1, 2, 5)
        if scale.low <= factor * 10.0**power <= scale.high
    ]
    return found if len(found) <= MOST_TICKS + 1 else [each for each in found if f"{each:e}"[0] == "1"]


def x_of(index: int, count: int) -> float:
    """Return where the mark `index` of `count` stands, 0..1000."""
    return SIZE * index / max(1, count - 1)


def line(points: Sequence[tuple[float, float]], kind: str) -> str:
    """Return a path through `points` with the class `kind`."""
    return f'<path class="{kind}" d="M{_joined(points)}"/>'


def area(points: Sequence[tuple[float, float]], base: float, kind: str) -> str:
    """Return the area between `points` and the height `base`."""
    closed = [(points[0][0], base), *points, (points[-1][0], base)]
    return f'<path class="{kind}" d="M{_joined(closed)}Z"/>'


def column(x: float, width: float, y: float, base: float, kind: str) -> str:
    """Return a bar from the height `base` to `y`, with a little air at its right, of the class `kind`."""
    return f'<path class="{kind}" d="M{x:.2f} {base:.1f}V{y:.1f}H{x + width * 0.8:.2f}V{base:.1f}Z"/>'


def between(upper: Sequence[tuple[float, float]], lower: Sequence[tuple[float, float]]) -> str:
    """Return the space between two lines over the same x: class `ahead` where the first is higher, else `behind`."""
    shapes: list[str] = []
    run: list[tuple[float, float, float]] = []
    is_ahead: bool | None = None

    def close() -> None:
        if len(run) > 1:
            path = [(x, one) for x, one, _ in run] + [(x, other) for x, _, other in reversed(run)]
            shapes.append(f'<path class="{"ahead" if is_ahead else "behind"}" d="M{_joined(path)}Z"/>')

    last: tuple[float, float, float] | None = None
    for (x, one), (_, other) in zip(upper, lower, strict=True):
        point = (x, one, other)
        ahead = one < other if one != other else is_ahead
        if last is not None and ahead != is_ahead and is_ahead is not None:
            cross = _crossing(last, point)
            run.append(cross)
            close()
            run = [cross]
        run.append(point)
        is_ahead, last = ahead, point
    close()
    return "".join(shapes)


def _crossing(a: tuple[float, float, float], b: tuple[float, float, float]) -> tuple[float, float, float]:
    before, after = a[1] - a[2], b[1] - b[2]
    part = before / (before - after) if before != after else 0.0
    x, y = a[0] + (b[0] - a[0]) * part, a[1] + (b[1] - a[1]) * part
    return (x, y, y)


def _joined(points: Sequence[tuple[float, float]]) -> str:
    return "L".join(f"{x:.1f} {y:.1f}" for x, y in points)


def frame(
    body: str,
    y_ticks: Sequence[tuple[float, str, bool]],
    x_ticks: Sequence[tuple[float, str]],
    *,
    height: int,
    label: str,
    name: str,
) -> str:
    """Return a chart: plot, grid, labels outside.

    Args:
        body: paths of the plot.
        y_ticks: height, word, and whether it is the stronger line.
        x_ticks: place and word.
        height: of the plot, pixels.
        label: what the chart says, for those who do not see it.
        name: by which the script finds its data.
    """
    grid = "".join(
        f'<line class="{"zero" if strong else "grid"}" x1="0" x2="1000" y1="{y:.1f}" y2="{y:.1f}"/>'
        for y, _, strong in y_ticks
    )
    rows = "".join(f'<span style="top:{y / 10:.2f}%">{escape(word)}</span>' for y, word, _ in y_ticks)
    columns = "".join(f'<span style="left:{x / 10:.2f}%">{escape(word)}</span>' for x, word in x_ticks)
    return (
        f'<figure class="chart" data-chart="{escape(name)}"><div class="plot" style="height:{height}px" tabindex="0" '
        f'role="img" aria-label="{escape(label)}">'
        f'<svg viewBox="0 0 1000 1000" preserveAspectRatio="none" aria-hidden="true">{grid}{body}</svg>'
        f'<div class="cursor" hidden></div></div><div class="yticks" aria-hidden="true">{rows}</div>'
        f'<div class="xticks" aria-hidden="true">{columns}</div></figure>'
    )
