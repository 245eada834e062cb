"""Validation: every example of both splits checked, compared and counted, in bounded memory."""

from collections.abc import Callable

from shared.core.comparison import Known
from shared.core.dataset_check import Rules, check_split
from shared.core.epochs import default_epochs
from shared.core.issues import Finding, IssueLog
from shared.core.models import FALLBACK_ENCODING, facts_for
from shared.core.plans import Blob, Plan
from shared.core.service_limits import MAX_ALL_FILES_BYTES, MAX_FILE_BYTES, MAX_TRAINED_TOKENS
from shared.core.validation import SplitName, SplitStatistics, ValidationDetail, ValidationSummary, with_issues
from shared.ports import BlobStore, TokenCounter


def validate_dataset(blobs: BlobStore, counter_for: Callable[[str], TokenCounter], plan: Plan) -> ValidationDetail:
    """Check the pinned versions of a plan's splits; `counter_for` gives the counter of an encoding.

    Raises:
        BlobChanged: a split was replaced since it was pinned.
    """
    log, known, model = IssueLog(), Known(), facts_for(plan.base_model)
    if model is None:
        log.add(Finding("unknown-model"), "training", 0)
    encoding = model.encoding if model else FALLBACK_ENCODING
    limit_tokens = model.example_tokens if model else 0
    counter = counter_for(encoding)
    noted = _note_of(counter)
    rules = Rules(method=plan.method, limit_tokens=limit_tokens, count=counter.count)

    def check(blob: Blob, split: SplitName) -> SplitStatistics | None:
        if blob.size > MAX_FILE_BYTES:
            log.add(Finding("file-too-large"), split, 0)
            return None
        return check_split(blobs.stream(blob), split, rules, log, known)

    training = check(plan.training, "training")
    validation = check(plan.validation, "validation") if plan.validation else None
    if model and not model.has_vision and any(split and split.image_examples for split in (training, validation)):
        log.add(Finding("model-without-vision"), "training", 0)
    _check_sums(plan, training, log)
    if _note_of(counter) != noted:
        log.add(Finding("counter-replaced", _note_of(counter)), "training", 0)
    return _detail(log, encoding, limit_tokens, training, validation)


def _note_of(counter: TokenCounter) -> str:
    """Return what a counter says of its own counts; most have nothing to say and no such attribute."""
    return getattr(counter, "note", "")


def _check_sums(plan: Plan, training: SplitStatistics | None, log: IssueLog) -> None:
    """Check the limits of what the service holds and trains on as a whole."""
    if plan.validation and plan.training.size + plan.validation.size > MAX_ALL_FILES_BYTES:
        log.add(Finding("files-too-large"), "training", 0)
    if training:
        epochs = plan.hyperparameters.n_epochs or default_epochs(training.examples)
        if training.total_tokens * epochs > MAX_TRAINED_TOKENS:
            log.add(Finding("too-many-tokens", f"{epochs} epochs"), "training", 0)


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
    )
    return ValidationDetail(summary=with_issues(summary, issues), issues=issues)
