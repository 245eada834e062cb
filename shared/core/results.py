"""Read a job's results.csv into the points of its loss curve."""

import base64
import binascii
import csv
import io
import itertools
from collections.abc import Callable, Iterator

from msgspec import Struct

from shared.core.jobs import TrainingMetrics

# A chart of a few hundred pixels shows no more than this.
MAX_CHART_POINTS = 300

# A loss that has blown up to this, to an infinity or to NaN is no number to draw or to write as JSON.
_LARGEST = 1e12

# Azure's events and its documentation do not spell this column alike.
_COLUMNS: dict[str, tuple[str, ...]] = {
    "train_loss": ("train_loss",),
    "train_mean_token_accuracy": ("train_mean_token_accuracy",),
    "valid_loss": ("valid_loss", "validation_loss"),
    "valid_mean_token_accuracy": ("valid_mean_token_accuracy", "validation_mean_token_accuracy"),
}

type Measure = Callable[[TrainingMetrics], float | None]


class TrainingResults(Struct, frozen=True, kw_only=True):
    """The points of a results.csv by ascending step, and how many of its rows could not be read."""

    points: list[TrainingMetrics] = []
    skipped_rows: int = 0


def parse_results(data: bytes) -> TrainingResults:
    """Return what a results.csv holds, by its column names; unreadable rows are counted, never an error."""
    reader = csv.reader(io.StringIO(_text_of(data), newline=""))
    rows = _rows(reader)
    header = [name.strip().lower() for name in next(rows, None) or []]
    points: list[TrainingMetrics] = []
    skipped = 0
    for row in rows:
        if row == []:  # a blank line is no row
            continue
        point = _point(dict(zip(header, row, strict=False))) if row else None
        if point is None:
            skipped += 1
        else:
            points.append(point)
    return TrainingResults(points=sorted(points, key=lambda point: point.step), skipped_rows=skipped)


def thin(points: list[TrainingMetrics], limit: int = MAX_CHART_POINTS) -> list[TrainingMetrics]:
    """Return at most `limit` (6 or more) points: the first, the last, and the extremes of both losses along the way."""
    if len(points) <= limit:
        return points
    kept = {0, len(points) - 1}
    measures: list[Measure] = [lambda point: point.train_loss, lambda point: point.valid_loss]
    buckets = (limit - len(kept)) // (2 * len(measures))
    for measure in measures:
        values = [(value, index) for index, point in enumerate(points) if (value := measure(point)) is not None]
        for bucket in _split(values, buckets):
            kept |= {min(bucket)[1], max(bucket)[1]}
    return [points[index] for index in sorted(kept)]


def _text_of(data: bytes) -> str:
    text = data.decode("utf-8-sig", errors="replace")
    if _has_header(text):
        return text
    # OpenAI's own service is said to encode this file; Azure's does not.
    try:
        decoded = base64.b64decode(data, validate=False).decode("utf-8-sig", errors="replace")
    except (binascii.Error, ValueError):
        return text
    return decoded if _has_header(decoded) else text


def _has_header(text: str) -> bool:
    first_line = text.lstrip().split("\n", 1)[0]
    return "step" in (name.strip(' \r"').lower() for name in first_line.split(","))


def _rows(reader: Iterator[list[str]]) -> Iterator[list[str] | None]:
    """Yield the rows, None for one that the CSV reader refuses."""
    while True:
        try:
            yield next(reader)
        except StopIteration:
            return
        except csv.Error:
            yield None


def _point(cells: dict[str, str]) -> TrainingMetrics | None:
    try:
        step = _number(cells.get("step", ""))
        values = {field: _cell(cells, names) for field, names in _COLUMNS.items()}
    except ValueError:
        return None
    if step is None or step < 0 or not step.is_integer():
        return None
    return TrainingMetrics(step=int(step), **values)


def _cell(cells: dict[str, str], names: tuple[str, ...]) -> float | None:
    return next((value for name in names if (value := _number(cells.get(name, ""))) is not None), None)


def _number(text: str) -> float | None:
    """Return the number in a cell, None for an empty one or one out of all bounds; a ValueError for anything else."""
    if not text.strip():
        return None
    value = float(text)
    return value if abs(value) < _LARGEST else None


def _split(values: list[tuple[float, int]], buckets: int) -> list[list[tuple[float, int]]]:
    """Return the values in so many consecutive buckets of about the same size, without empty ones."""
    bounds = [len(values) * part // buckets for part in range(buckets + 1)]
    return [values[low:high] for low, high in itertools.pairwise(bounds) if low < high]
