"""Exact statistics of token counts, in memory that grows with the distinct counts and not with the examples."""

import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable
from itertools import accumulate

from shared.core.tokens import ExampleTokens
from shared.core.validation import HISTOGRAM_BOUNDS, Distribution, SplitStatistics


class SplitTally:
    """The running statistics of one split; `limit_tokens` is the longest example of the model, 0 for none known."""

    def __init__(self, *, limit_tokens: int) -> None:
        self._limit = limit_tokens
        self._totals: Counter[int] = Counter()
        self._assistants: Counter[int] = Counter()
        self._trained = 0
        self.over_limit = 0

    def add(self, tokens: ExampleTokens, trained: int | None = None) -> bool:
        """Count an example in; tell whether it is longer than the limit.

        `trained` are the tokens that are learned, None for all of the assistant's.
        """
        self._trained += tokens.assistant if trained is None else trained
        self._totals[tokens.total] += 1
        self._assistants[tokens.assistant] += 1
        too_long = 0 < self._limit < tokens.total
        self.over_limit += too_long
        return too_long

    def statistics(self, *, examples: int, size_bytes: int) -> SplitStatistics | None:
        """Return the statistics of what was counted, or None when nothing was."""
        if not self._totals:
            return None
        return SplitStatistics(
            examples=examples,
            size_bytes=size_bytes,
            total_tokens=_sum_of(self._totals),
            assistant_tokens=_sum_of(self._assistants),
            over_limit=self.over_limit,
            tokens_per_example=distribution_of(self._totals),
            assistant_tokens_per_example=distribution_of(self._assistants),
            trained_tokens=self._trained,
        )


def distribution_of(counts: Counter[int]) -> Distribution:
    """Return the distribution of values by how often each occurs (at least one does), bit for bit as numpy's.

    The percentiles are numpy.quantile's in its default method, linear interpolation.
    """
    n = counts.total()
    at = _order_statistic(counts)
    return Distribution(
        minimum=at(0),
        maximum=at(n - 1),
        mean=_sum_of(counts) / n,
        median=(at((n - 1) // 2) + at(n // 2)) / 2,
        p5=_quantile(at, n, 0.05),
        p95=_quantile(at, n, 0.95),
        p25=_quantile(at, n, 0.25),
        p75=_quantile(at, n, 0.75),
        p99=_quantile(at, n, 0.99),
        histogram=_histogram(counts),
    )


def _histogram(counts: Counter[int]) -> list[int]:
    columns = [0] * len(HISTOGRAM_BOUNDS)
    for value, times in counts.items():
        columns[bisect_right(HISTOGRAM_BOUNDS, value) - 1] += times
    return columns


def _quantile(at: Callable[[int], int], n: int, q: float) -> float:
    position = q * (n - 1)
    below = math.floor(position)
    t = position - below
    low, high = at(below), at(min(below + 1, n - 1))
    # numpy interpolates from the nearer end, and the last bit depends on it.
    return high - (high - low) * (1 - t) if t >= 0.5 else low + (high - low) * t


def _order_statistic(counts: Counter[int]) -> Callable[[int], int]:
    """Return the function from a rank, counted from 0, to the value that has it when all values are sorted."""
    values = sorted(counts)
    ends = list(accumulate(counts[value] for value in values))
    return lambda rank: values[bisect_right(ends, rank)]


def _sum_of(counts: Counter[int]) -> int:
    return sum(value * times for value, times in counts.items())
