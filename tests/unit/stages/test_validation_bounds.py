"""What validation keeps small: memory, issues, and the summary that crosses the durable boundary."""

import json
import tracemalloc
from collections.abc import Iterator

from shared import codec
from shared.core.comparison import Known
from shared.core.dataset_check import Rules, check_split
from shared.core.issues import MEANINGS, IssueLog
from shared.core.validation import Distribution, SplitStatistics, ValidationSummary, with_issues
from tests.unit.stages.validation_world import GOODS, validate


def test_a_summary_of_everything_fits_the_durable_boundary() -> None:
    """With every code there is and long numbers, the summary has at most 6,000 bytes and still some issues."""
    issues = validate(b"\n".join([*GOODS, *[b'{"messages": [{}]}'] * 20])).issues
    numbers = dict.fromkeys(("minimum", "maximum"), 10**9)
    numbers |= dict.fromkeys(("mean", "median", "p5", "p25", "p75", "p95", "p99"), 10**9 / 7)
    spread = Distribution(**numbers, histogram=[10**6] * 12)
    statistics = SplitStatistics(
        examples=10**7,
        size_bytes=512_000_000,
        total_tokens=10**12,
        assistant_tokens=10**12,
        over_limit=10**7,
        tokens_per_example=spread,
        assistant_tokens_per_example=spread,
        trained_tokens=10**12,
    )
    summary = ValidationSummary(
        valid=False,
        encoding="o200k_base",
        limit_tokens=65_536,
        training=statistics,
        validation=statistics,
        count_by_code=dict.fromkeys(MEANINGS, 10**6),
    )
    filled = with_issues(summary, issues)
    assert len(json.dumps(codec.encode(filled), separators=(",", ":"))) <= 6_000
    assert len(filled.issues) >= 1


def test_statistics_of_an_older_release_are_read() -> None:
    """A payload without the numbers that came later still decodes."""
    spread = {"minimum": 1, "maximum": 1, "mean": 1.0, "median": 1.0, "p5": 1.0, "p95": 1.0}
    old = {
        "examples": 1,
        "size_bytes": 1,
        "total_tokens": 1,
        "assistant_tokens": 1,
        "over_limit": 0,
        "tokens_per_example": spread,
        "assistant_tokens_per_example": spread,
    }
    statistics = codec.decode(old, SplitStatistics)
    assert (statistics.trained_tokens, statistics.tokens_per_example.histogram) == (None, [])


def test_a_flood_of_issues_is_counted_and_bounded() -> None:
    """All are counted, a thousand kept, twenty in the summary."""
    detail = validate(b"{\n" * 1_500)
    assert (detail.summary.error_count, len(detail.issues), len(detail.summary.issues)) == (1_500, 1_000, 20)
    assert detail.issues[999].line == 1_000


def test_a_line_with_a_million_faults_is_left_after_a_hundred() -> None:
    """One hostile line costs no more than a hundred findings, and the next line is read."""
    hostile = b'{"messages": [' + b",".join([b"{}"] * 10_000) + b"]}"
    summary = validate(b"\n".join([hostile, b"{", *GOODS[1:]])).summary
    assert summary.count_by_code == {"unknown-role": 50, "missing-content": 50, "invalid-json": 1}


def test_memory_stays_flat_however_long_the_file() -> None:
    """Lines of 4 MB that differ in their counts take under 400 kB."""

    def chunks(examples: int) -> Iterator[bytes]:
        for number in range(examples):
            content = "a" * (number % 500)
            yield b'{"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "%s"}]}\n' % (
                content.encode()
            )

    def peak_bytes(known: Known | None) -> int:
        rules = Rules(method="supervised", limit_tokens=0, count=len)
        tracemalloc.start()
        try:
            statistics = check_split(chunks(12_000), "training", rules, IssueLog(), known)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert statistics is not None
        assert statistics.examples == 12_000
        return peak

    assert peak_bytes(None) < 400_000
    # Two tables that stay at 2,048 places of 32 bytes; what is beyond them is not kept. A thousand issues are.
    assert peak_bytes(Known(max_slots=2_048)) < 1_500_000
