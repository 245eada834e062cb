"""What `python -m shared.check` prints of one dataset, as plain text."""

from itertools import groupby

from shared.core.validation import Distribution, Issue, SplitStatistics, ValidationDetail

LINES_SHOWN = 5


def report_of(name: str, detail: ValidationDetail) -> str:
    """Return the verdict, the statistics of both parts, and the issues by code with their first lines and remedy."""
    summary = detail.summary
    verdict = "valid" if summary.valid else "REJECTED"
    lines = [f"{name}: {verdict}, {summary.error_count:,} errors, {summary.warning_count:,} warnings"]
    for part, statistics in (("training", summary.training), ("validation", summary.validation)):
        if statistics:
            lines += _statistics(part, statistics, summary.encoding)
    by_code = sorted(detail.issues, key=lambda issue: (issue.severity, issue.code))
    for code, issues in groupby(by_code, key=lambda issue: issue.code):
        lines += _issue(list(issues), summary.count_by_code.get(code, 0))
    return "\n".join(lines) + "\n"


def _statistics(part: str, statistics: SplitStatistics, encoding: str) -> list[str]:
    return [
        f"  {part}: {statistics.examples:,} examples, {statistics.size_bytes:,} bytes",
        f"    {statistics.total_tokens:,} tokens of {encoding}, the assistant's {statistics.assistant_tokens:,}",
        f"    tokens an example: {_distribution(statistics.tokens_per_example)}",
        f"    the assistant's:   {_distribution(statistics.assistant_tokens_per_example)}",
        f"    longer than the model trains on: {statistics.over_limit:,}",
    ]


def _distribution(values: Distribution) -> str:
    middle = f"mean {values.mean:,.1f}, median {values.median:,.1f}, p5 {values.p5:,.1f}, p95 {values.p95:,.1f}"
    return f"{values.minimum:,} to {values.maximum:,}, {middle}"


def _issue(issues: list[Issue], times: int) -> list[str]:
    first = issues[0]
    places = ", ".join(_place(issue) for issue in issues[:LINES_SHOWN])
    more = f" and {times - LINES_SHOWN:,} more" if times > LINES_SHOWN else ""
    return [
        f"  {first.severity} {first.code} ({times:,}): {first.message}",
        f"    at {places}{more}",
        f"    {first.remedy}",
    ]


def _place(issue: Issue) -> str:
    return f"{issue.split} line {issue.line:,}" if issue.line else f"the {issue.split} file"
