"""Draw line charts over optimiser steps as inline SVG that reads without colour, without script and on paper."""

import itertools
import math
from collections.abc import Sequence

from msgspec import Struct

from shared.core.jobs import TrainingMetrics
from shared.core.markup import Markup, element, join

# In user units; the page scales the drawing to its width.
WIDTH, HEIGHT = 480, 280
LEFT, RIGHT, TOP, BOTTOM = 46, 434, 58, 232
LABEL_GAP = 16
# Differences below this are noise of the arithmetic.
SMALLEST_TICK = 1e-9

type Point = tuple[int, float]


class Series(Struct, frozen=True, kw_only=True):
    """One line of a chart: its name, its class in the style sheet, and its points by ascending step."""

    name: str
    kind: str
    points: list[Point]


class _Scale(Struct, frozen=True, kw_only=True):
    steps: list[int]
    ticks: list[float]

    def x(self, step: float) -> float:
        low, high = self.steps[0], self.steps[-1]
        return round(LEFT + (RIGHT - LEFT) * ((step - low) / (high - low) if high > low else 0.5), 1)

    def y(self, value: float) -> float:
        low, high = self.ticks[0], self.ticks[-1]
        return round(BOTTOM - (BOTTOM - TOP) * (value - low) / (high - low), 1)


def loss_chart(points: Sequence[TrainingMetrics]) -> Markup:
    """Return a drawing of training and validation loss over steps; empty where no loss was measured."""
    training = [(p.step, p.train_loss) for p in points if p.train_loss is not None]
    validation = [(p.step, p.valid_loss) for p in points if p.valid_loss is not None]
    return line_chart(
        "Loss over steps",
        [
            Series(name="Training loss", kind="training", points=training),
            Series(name="Validation loss", kind="validation", points=validation),
        ],
        key="loss",
    )


def accuracy_chart(points: Sequence[TrainingMetrics]) -> Markup:
    """Return a drawing of mean token accuracy over steps; empty where none was measured."""
    training = [(p.step, p.train_mean_token_accuracy) for p in points if p.train_mean_token_accuracy is not None]
    validation = [(p.step, p.valid_mean_token_accuracy) for p in points if p.valid_mean_token_accuracy is not None]
    return line_chart(
        "Mean token accuracy over steps",
        [
            Series(name="Training accuracy", kind="training", points=training),
            Series(name="Validation accuracy", kind="validation", points=validation),
        ],
        key="accuracy",
    )


def line_chart(title: str, series: Sequence[Series], *, key: str) -> Markup:
    """Return an SVG of the series that have points, "" when none has; `key` makes its ids unique in a page."""
    drawn = [line for line in series if line.points]
    if not drawn:
        return Markup()
    steps = sorted({step for line in drawn for step, _ in line.points})
    scale = _Scale(steps=_step_ticks(steps[0], steps[-1]), ticks=_value_ticks(drawn))
    return element(
        "svg",
        element("title", title, id=f"{key}-title"),
        element("desc", " ".join(_sentence(line) for line in drawn), id=f"{key}-desc"),
        _axes(scale),
        *(_line(line, scale) for line in drawn),
        _end_labels(drawn, scale),
        *(_legend(line, 18 + 18 * row) for row, line in enumerate(drawn)),
        class_="chart",
        viewBox=f"0 0 {WIDTH} {HEIGHT}",
        role="img",
        aria_labelledby=f"{key}-title {key}-desc",
    )


def number(value: float) -> str:
    """Return a measured value as people read it: three significant digits, no exponent for usual sizes."""
    size = abs(value)
    if size == 0 or 0.0001 <= size < 100:
        return f"{value:.3g}"
    return f"{value:.1f}" if 100 <= size < 100_000 else f"{value:.2e}"


def _sentence(line: Series) -> str:
    (first_step, first), (last_step, last) = line.points[0], line.points[-1]
    if len(line.points) == 1:
        return f"{line.name}: {number(first)} at step {first_step}."
    lowest = min(value for _, value in line.points)
    return (
        f"{line.name}: {number(first)} at step {first_step}, {number(last)} at step {last_step}, "
        f"lowest {number(lowest)}."
    )


def _legend(line: Series, y: float) -> Markup:
    return element(
        "g",
        element("line", x1=LEFT, x2=LEFT + 34, y1=y - 4, y2=y - 4, class_=f"line {line.kind}"),
        element("text", _legend_text(line), x=LEFT + 42, y=y, class_="legend"),
        aria_hidden="true",
    )


def _legend_text(line: Series) -> str:
    first, last = line.points[0][1], line.points[-1][1]
    change = number(last) if len(line.points) == 1 else f"{number(first)} → {number(last)}"
    return f"{line.name} {change}"


def _axes(scale: _Scale) -> Markup:
    rows = [
        join(
            (
                element("line", x1=LEFT, x2=RIGHT, y1=scale.y(tick), y2=scale.y(tick), class_="grid"),
                element("text", _tick_text(tick), x=LEFT - 6, y=scale.y(tick) + 4, class_="tick value"),
            )
        )
        for tick in scale.ticks
    ]
    columns = [element("text", f"{step:,}", x=scale.x(step), y=BOTTOM + 18, class_="tick step") for step in scale.steps]
    baseline = element("line", x1=LEFT, x2=RIGHT, y1=BOTTOM, y2=BOTTOM, class_="axis")
    name = element("text", "step", x=(LEFT + RIGHT) / 2, y=BOTTOM + 38, class_="tick step")
    return element("g", *rows, *columns, baseline, name, aria_hidden="true")


def _line(line: Series, scale: _Scale) -> Markup:
    path = " ".join(f"{scale.x(step)},{scale.y(value)}" for step, value in line.points)
    step, value = line.points[-1]
    dot = element("circle", cx=scale.x(step), cy=scale.y(value), r=3.5, class_=f"dot {line.kind}")
    return join((element("polyline", points=path, class_=f"line {line.kind}"), dot))


def _end_labels(lines: Sequence[Series], scale: _Scale) -> Markup:
    """Return the last value of each line beside its end, apart enough to be read."""
    ends = sorted((scale.y(line.points[-1][1]), scale.x(line.points[-1][0]), line.points[-1][1]) for line in lines)
    labels: list[Markup] = []
    previous = -math.inf
    for y, x, value in ends:
        previous = max(y, previous + LABEL_GAP)
        labels.append(element("text", number(value), x=x + 7, y=previous + 4, class_="end"))
    return element("g", *labels, aria_hidden="true")


def _value_ticks(lines: Sequence[Series]) -> list[float]:
    """Return three to seven round values that enclose all points; zero is among them unless far away."""
    values = [value for line in lines for _, value in line.points]
    low, high = min(values), max(values)
    if 0 < low < high / 2 or low == high > 0:
        low = 0.0
    if low == high:
        low, high = low - 1, high + 1
    size = _round_up(max((high - low) / 5, SMALLEST_TICK))
    first, last = math.floor(low / size + 1e-9), math.ceil(high / size - 1e-9)
    return [round(size * count, 12) for count in range(first, max(last, first + 1) + 1)]


def _step_ticks(low: int, high: int) -> list[int]:
    """Return the first and the last step, and round steps between them that leave room for their labels."""
    size = max(1, int(_round_up((high - low) / 5))) if high > low else 1
    between = [
        step
        for step in range(math.ceil(low / size) * size, high, size)
        if step - low >= 0.6 * size and high - step >= 0.6 * size
    ]
    return [step for step, _ in itertools.groupby([low, *between, high])]


def _round_up(size: float) -> float:
    """Return the smallest of 1, 2, 5 times a power of ten that is not below `size`."""
    power = 10.0 ** math.floor(math.log10(size))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= size * (1 - 1e-9))


def _tick_text(value: float) -> str:
    return f"{value:.4g}"
