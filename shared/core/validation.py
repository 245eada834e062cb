"""What the validation of a dataset found: issues, token statistics and what training would cost."""

from datetime import date
from decimal import Decimal
from typing import Literal

from msgspec import Struct, json
from msgspec.structs import replace

Severity = Literal["error", "warning"]
SplitName = Literal["training", "validation"]

# Of the issues, this many cross the durable boundary, fewer if they are long; all of them lie in the run's validation
# blob. The bound on the summary leaves room for the rest of a run's state in a status of 16 KB.
ISSUES_IN_SUMMARY = 20
MAX_SUMMARY_BYTES = 6_000


class Issue(Struct, frozen=True, kw_only=True):
    """One finding in a dataset; `line` counts from 1, 0 means the file as a whole. Never holds the text itself."""

    code: str
    severity: Severity
    split: SplitName
    line: int
    message: str
    remedy: str


# The histogram's first column counts values under 64, each further one those from its bound to under the next.
HISTOGRAM_BOUNDS = (0, 64, 128, 256, 512, 1_024, 2_048, 4_096, 8_192, 16_384, 32_768, 65_536)


class Distribution(Struct, frozen=True, kw_only=True):
    """A count per example: its extremes, mean, median and percentiles (linear interpolation, as numpy).

    `histogram` has a number of examples for each of HISTOGRAM_BOUNDS, and none in payloads of older releases, which
    also lack the percentiles that may be None.
    """

    minimum: int
    maximum: int
    mean: float
    median: float
    p5: float
    p95: float
    p25: float | None = None
    p75: float | None = None
    p99: float | None = None
    histogram: list[int] = []


class SplitStatistics(Struct, frozen=True, kw_only=True):
    """Counts of one split; tokens by the formula of the OpenAI cookbook, in the encoding of the base model.

    `examples` are the lines that are not blank; all that counts tokens leaves out examples with errors.
    `trained_tokens` are the assistant's without those of weight 0 (None in payloads of older releases).
    """

    examples: int
    size_bytes: int
    total_tokens: int
    assistant_tokens: int
    over_limit: int
    tokens_per_example: Distribution
    assistant_tokens_per_example: Distribution
    trained_tokens: int | None = None
    image_examples: int = 0
    email_addresses: int = 0
    phone_numbers: int = 0


class ValidationSummary(Struct, frozen=True, kw_only=True):
    """What validation found, small enough for a status: all counts, the first issues."""

    valid: bool
    encoding: str
    limit_tokens: int
    training: SplitStatistics | None = None
    validation: SplitStatistics | None = None
    error_count: int = 0
    warning_count: int = 0
    count_by_code: dict[str, int] = {}
    issues: list[Issue] = []


def with_issues(summary: ValidationSummary, issues: list[Issue]) -> ValidationSummary:
    """Return the summary with as many of the first issues as fit in its bounds."""
    for kept in range(min(len(issues), ISSUES_IN_SUMMARY), 0, -1):
        filled = replace(summary, issues=issues[:kept])
        if len(json.encode(filled)) <= MAX_SUMMARY_BYTES:
            return filled
    return replace(summary, issues=[])


class ValidationDetail(Struct, frozen=True, kw_only=True):
    """The summary with every issue found (up to a bound); lies in the run's validation blob."""

    summary: ValidationSummary
    issues: list[Issue] = []


class CostEstimate(Struct, frozen=True, kw_only=True):
    """What training is expected to cost, and what the estimate does not know."""

    n_epochs: int
    n_epochs_source: Literal["options", "cookbook rule"]
    training_tokens: int
    training_usd: Decimal
    hosting_usd_per_hour: Decimal
    prices_of: date
    assumptions: list[str] = []
