"""Statistics of token counts, against numpy."""

from collections import Counter

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from shared.core.statistics import SplitTally, distribution_of
from shared.core.tokens import ExampleTokens
from shared.core.validation import HISTOGRAM_BOUNDS


@given(st.lists(st.integers(min_value=0, max_value=3_000_000), min_size=1, max_size=300))
@example([7])
@example([1, 2])
@example([46, 47, 48, 48, 48, 49, 50, 51, 52, 59])
def test_a_distribution_is_numpys_to_the_last_bit(values: list[int]) -> None:
    """Mean, median and percentiles equal numpy's exactly, not nearly."""
    d = distribution_of(Counter(values))
    assert (d.minimum, d.maximum) == (min(values), max(values))
    assert (d.mean, d.median) == (np.mean(values), np.median(values))
    assert (d.p5, d.p95) == (np.quantile(values, 0.05), np.quantile(values, 0.95))
    assert (d.p25, d.p75, d.p99) == tuple(np.quantile(values, q) for q in (0.25, 0.75, 0.99))
    assert d.histogram == np.histogram(values, [*HISTOGRAM_BOUNDS, 10**9])[0].tolist()


def test_a_tally_sums_and_compares_with_the_limit() -> None:
    """Exactly the limit is not over it; all sums are exact."""
    tally = SplitTally(limit_tokens=100)
    assert [tally.add(ExampleTokens(total, 10)) for total in (99, 100, 101)] == [False, False, True]
    statistics = tally.statistics(examples=4, size_bytes=1_234)
    assert statistics is not None
    assert (statistics.total_tokens, statistics.assistant_tokens, statistics.over_limit) == (300, 30, 1)
    assert (statistics.examples, statistics.size_bytes) == (4, 1_234)


def test_without_a_limit_nothing_is_over_it() -> None:
    """A model whose limit is not known has no example that is too long."""
    assert not SplitTally(limit_tokens=0).add(ExampleTokens(10**9, 0))


def test_nothing_counted_has_no_statistics() -> None:
    """No numbers are made up for a split without a sound example."""
    assert SplitTally(limit_tokens=0).statistics(examples=3, size_bytes=9) is None
