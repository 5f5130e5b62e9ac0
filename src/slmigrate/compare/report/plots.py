"""Pictures as SVG: what is kept with its interval, and quality against cost. Shapes tell models apart, not colour.

Every text goes through `escape`; figures are drawn as they are given, nothing is computed of them but places.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

from slmigrate.compare.figures import seconds, size

Scale = Callable[[float], float]
_SHAPES = ("square", "circle", "diamond", "triangle", "cross")
WIDTH, HEIGHT = 640, 360
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 24, 34, 46
_STRIP = 190
"""Width of the place for models of which the cost is not known."""
_CHAR, _LINE = 8.0, 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A model in the plot of quality against cost."""

    name: str
    cost: float | None
    quality: float
    low: float | None = None
    """Ends of the interval of what is kept, in the unit of quality; None for the old model."""
    high: float | None = None


def kept_bar(estimate: float, low: float, high: float, *, asked: float, most: float, label: str) -> str:
    """One line: the interval, its estimate, and what was asked as a dashed line.

    Args:
        most: right end of the scale, which begins at 0.
        label: said to who cannot see it.
    """
    width, height = 240, 22
    x = [round(4 + (width - 8) * min(max(value, 0.0), most) / most, 1) for value in (low, estimate, high, asked)]
    return (
        f'<svg class="bar" viewBox="0 0 {width} {height}" role="img" aria-label="{escape(label)}">'
        f'<line x1="4" y1="11" x2="{width - 4}" y2="11" class="axis"/>'
        f'<line x1="{x[3]}" y1="1" x2="{x[3]}" y2="21" class="asked"/>'
        f'<line x1="{x[0]}" y1="11" x2="{x[2]}" y2="11" class="range"/>'
        f'<line x1="{x[0]}" y1="6" x2="{x[0]}" y2="16" class="range"/>'
        f'<line x1="{x[2]}" y1="6" x2="{x[2]}" y2="16" class="range"/>'
        f'<circle cx="{x[1]}" cy="11" r="4.5" class="dot"/></svg>'
    )


def quality_against_cost(points: Sequence[Point], *, quality: str, cost: str) -> str:
    """A scatter: quality upwards, cost to the right on a logarithmic scale; unknown costs in a strip of their own.

    Args:
        points: the old model first.
        quality: what the upward axis shows.
        cost: `latency` (seconds) or `memory` (bytes).
    """
    known = [point.cost for point in points if point.cost]
    strip = _STRIP if len(known) < len(points) else 0
    right = WIDTH - _RIGHT - strip
    top = _nice(max([point.high or point.quality for point in points] + [point.quality for point in points]))
    low, high = _decades(known)

    def x(value: float | None) -> float:
        if not value:
            return WIDTH - _RIGHT - _STRIP / 2
        return _LEFT + (right - _LEFT) * (math.log10(value) - low) / (high - low)

    def y(value: float) -> float:
        return HEIGHT - _BOTTOM - (HEIGHT - _BOTTOM - _TOP) * value / top

    parts = [_frame(right, top, y, strip)]
    for power in range(low, high + 1) if known else ():
        at = _LEFT + (right - _LEFT) * (power - low) / (high - low)
        parts.append(f'<line x1="{at:.1f}" y1="{_TOP}" x2="{at:.1f}" y2="{HEIGHT - _BOTTOM}" class="grid"/>')
        text = seconds(10.0**power) if cost == "latency" else size(10.0**power)
        anchor = "end" if power == high else "middle"
        parts.append(
            f'<text x="{at:.1f}" y="{HEIGHT - _BOTTOM + 16}" text-anchor="{anchor}" class="soft">{text}</text>'
        )
    if known:
        what = "median seconds for an answer" if cost == "latency" else "peak memory"
        middle = (_LEFT + right) / 2
        parts.append(f'<text x="{middle:.1f}" y="{HEIGHT - 8}" text-anchor="middle" class="soft">{what}</text>')
    taken: list[tuple[float, float, float, float]] = []
    for number, point in enumerate(points):
        parts.append(_marked(_SHAPES[number % len(_SHAPES)], x(point.cost), y(point.quality), point, y))
        taken.append((x(point.cost) - 8, y(point.quality) - 8, x(point.cost) + 8, y(point.quality) + 8))
    for point in points:
        side = (2.0, right + 4.0) if point.cost else (right + 12.0, WIDTH - 2.0)
        parts.append(_label(point, x(point.cost), y(point.quality), taken, side))
    label = "; ".join(f"{point.name}: {point.quality:.1f}" for point in points)
    return (
        f'<svg class="plot" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(quality)} against cost. '
        f'{escape(label)}">{"".join(parts)}<text x="4" y="14" class="soft">{escape(quality)}</text></svg>'
    )


def _frame(right: float, top: float, y: Scale, strip: int) -> str:
    lines = []
    for step in range(5):
        value = top * step / 4
        lines.append(f'<line x1="{_LEFT}" y1="{y(value):.1f}" x2="{right}" y2="{y(value):.1f}" class="grid"/>')
        lines.append(f'<text x="{_LEFT - 6}" y="{y(value) + 4:.1f}" text-anchor="end" class="soft">{value:g}</text>')
    if strip:
        lines.append(f'<line x1="{right + 8}" y1="{_TOP}" x2="{right + 8}" y2="{HEIGHT - _BOTTOM}" class="asked"/>')
        lines.append(
            f'<text x="{WIDTH - _RIGHT - strip / 2}" y="{HEIGHT - 8}" text-anchor="middle" class="soft">'
            "cost not known</text>"
        )
    return "".join(lines)


def _marked(shape: str, x: float, y: float, point: Point, scale: Scale) -> str:
    line = ""
    if point.low is not None and point.high is not None:
        ends = f'y1="{scale(point.low):.1f}" x2="{x:.1f}" y2="{scale(point.high):.1f}"'
        line = f'<line x1="{x:.1f}" {ends} class="range"/>'
    return line + _shape(shape, x, y)


def _shape(shape: str, x: float, y: float) -> str:
    r = 6.0
    corners = {
        "diamond": [(x, y - r - 1), (x + r + 1, y), (x, y + r + 1), (x - r - 1, y)],
        "triangle": [(x, y - r), (x + r, y + r), (x - r, y + r)],
    }
    if shape in corners:
        return f'<polygon points="{" ".join(f"{a:.1f},{b:.1f}" for a, b in corners[shape])}" class="dot"/>'
    if shape == "circle":
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{r}" class="dot"/>'
    if shape == "square":
        return f'<rect x="{x - r:.1f}" y="{y - r:.1f}" width="{2 * r}" height="{2 * r}" class="old"/>'
    return (
        f'<path d="M{x - r:.1f} {y - r:.1f}L{x + r:.1f} {y + r:.1f}M{x + r:.1f} {y - r:.1f}L{x - r:.1f} {y + r:.1f}" '
        'class="range"/>'
    )


def _label(
    point: Point, x: float, y: float, taken: list[tuple[float, float, float, float]], side: tuple[float, float]
) -> str:
    """The name beside its point, where it meets nothing that is drawn already and stays within `side`."""
    name = point.name if len(point.name) <= 24 else f"{point.name[:11]}…{point.name[-12:]}"
    width = _CHAR * len(name)
    places = [(x + 11, y - 8), (x - 11 - width, y - 8), (x - width / 2, y - 26), (x - width / 2, y + 11)]
    places += [(x - width / 2, y + sign * step) for step in range(26, HEIGHT, 16) for sign in (1, -1)]
    inside = [
        (max(min(left, side[1] - width), side[0]), min(max(up, _TOP - 12.0), HEIGHT - _BOTTOM - 14.0))
        for left, up in places
    ]
    free = (spot for spot in inside if not any(_meet((*spot, spot[0] + width, spot[1] + _LINE), box) for box in taken))
    left, up = next(free, inside[0])
    taken.append((left, up, left + width, up + _LINE))
    return f'<text x="{left:.1f}" y="{up + 12:.1f}">{escape(name)}</text>'


def _meet(one: tuple[float, float, float, float], other: tuple[float, float, float, float]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _nice(value: float) -> float:
    """A round number at or above a score, for the end of an axis."""
    return next((end for end in (4, 8, 20, 40, 60, 80) if value <= end), 100.0)


def _decades(values: Sequence[float]) -> tuple[int, int]:
    """Powers of ten around all values, at least one apart."""
    if not values:
        return 0, 1
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    return (low, high) if high > low else (low, low + 1)
