"""What the validation of a dataset found: issues, token statistics and what training would cost."""

from datetime import date
from decimal import Decimal
from typing import Literal

from msgspec import Struct

Severity = Literal["error", "warning"]
SplitName = Literal["training", "validation"]

# Of the issues, this many cross the durable boundary; all of them lie in the run's validation blob.
ISSUES_IN_SUMMARY = 20


class Issue(Struct, frozen=True, kw_only=True):
    """One finding in a dataset; `line` counts from 1, 0 means the file as a whole. Never holds the text itself."""

    code: str
    severity: Severity
    split: SplitName
    line: int
    message: str
    remedy: str


class Distribution(Struct, frozen=True, kw_only=True):
    """A count per example: its extremes, mean, median and 5th and 95th percentile (linear interpolation, as numpy)."""

    minimum: int
    maximum: int
    mean: float
    median: float
    p5: float
    p95: float


class SplitStatistics(Struct, frozen=True, kw_only=True):
    """Counts of one split; tokens by the formula of the OpenAI cookbook, in the encoding of the base model.

    `examples` are the lines that are not blank; all that counts tokens leaves out examples with errors.
    """

    examples: int
    size_bytes: int
    total_tokens: int
    assistant_tokens: int
    over_limit: int
    tokens_per_example: Distribution
    assistant_tokens_per_example: Distribution


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
