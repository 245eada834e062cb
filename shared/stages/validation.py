"""Validation: every example of both splits checked and counted, in constant memory."""

from collections.abc import Callable

from shared.core.dataset_check import Rules, check_split
from shared.core.issues import Finding, IssueLog
from shared.core.models import FALLBACK_ENCODING, facts_for
from shared.core.plans import Plan
from shared.core.validation import ISSUES_IN_SUMMARY, SplitStatistics, ValidationDetail, ValidationSummary
from shared.ports import BlobStore, TokenCounter


def validate_dataset(blobs: BlobStore, counter_for: Callable[[str], TokenCounter], plan: Plan) -> ValidationDetail:
    """Check the pinned versions of a plan's splits; `counter_for` gives the counter of an encoding.

    Raises:
        BlobChanged: a split was replaced since it was pinned.
    """
    log, model = IssueLog(), facts_for(plan.base_model)
    if model is None:
        log.add(Finding("unknown-model"), "training", 0)
    encoding = model.encoding if model else FALLBACK_ENCODING
    limit_tokens = model.example_tokens if model else 0
    rules = Rules(method=plan.method, limit_tokens=limit_tokens, count=counter_for(encoding).count)
    training = check_split(blobs.stream(plan.training), "training", rules, log)
    validation = check_split(blobs.stream(plan.validation), "validation", rules, log) if plan.validation else None
    return _detail(log, encoding, limit_tokens, training, validation)


def _detail(
    log: IssueLog,
    encoding: str,
    limit_tokens: int,
    training: SplitStatistics | None,
    validation: SplitStatistics | None,
) -> ValidationDetail:
    issues = log.issues()
    summary = ValidationSummary(
        valid=log.count("error") == 0,
        encoding=encoding,
        limit_tokens=limit_tokens,
        training=training,
        validation=validation,
        error_count=log.count("error"),
        warning_count=log.count("warning"),
        count_by_code=dict(log.by_code),
        issues=issues[:ISSUES_IN_SUMMARY],
    )
    return ValidationDetail(summary=summary, issues=issues)
