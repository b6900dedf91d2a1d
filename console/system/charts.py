"""Charts as data for an SVG: the page draws bars from them, and a table behind each says the same."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from orders.overview.reports import DayFigures

WIDTH: Final = 720.0
HEIGHT: Final = 160.0
# The share of a day's place that its bar takes.
FILLED: Final = 0.8
KINDS: Final = ("completed", "cancelled", "expired", "open")


@dataclass(frozen=True)
class Bar:
    """A rectangle, in the units of the drawing, and what it stands for."""

    kind: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Chart:
    """Stacked bars, one stack a day; `most` is the value at the top."""

    bars: tuple[Bar, ...]
    first: date
    last: date
    most: int
    width: float = WIDTH
    height: float = HEIGHT


def draw_days(days: Sequence[DayFigures]) -> Chart | None:
    """Return the chart of the days, or None when there is nothing to draw."""
    most = max((day.submitted for day in days), default=0)
    if not most:
        return None
    place = WIDTH / len(days)
    bars = []
    for number, day in enumerate(days):
        top = HEIGHT
        for kind in KINDS:
            height = HEIGHT * getattr(day, kind) / most
            if height:
                top -= height
                bars.append(
                    Bar(kind, round(number * place, 2), round(top, 2), round(place * FILLED, 2), round(height, 2))
                )
    return Chart(tuple(bars), days[0].day, days[-1].day, most)
