"""What others see of a run."""

import json
from datetime import timedelta
from decimal import Decimal

import msgspec
import pytest
from msgspec.structs import replace

from shared import codec
from shared.core.failures import failure
from shared.core.jobs import JobSnapshot
from shared.core.runs import LiveProgress, ReportLinks, UploadedFiles
from shared.core.validation import Distribution, Issue, SplitStatistics, ValidationSummary
from shared.core.verification import VerificationSummary
from shared.core.views import RunRow, fit_status, row_for, with_live
from tests.builders import NOON, a_blob, a_deployment, a_plan, a_state, an_estimate

# Durable's Azure Storage backend: 16 KB of UTF-16.
LIMIT = 8_000


def issues(count, message="A message."):
    """Return a validation summary with that many issues."""
    found = [
        Issue(code="bad-line", severity="error", split="training", line=n, message=message, remedy="Mend it.")
        for n in range(1, count + 1)
    ]
    return ValidationSummary(valid=False, encoding="o200k_base", limit_tokens=65_536, error_count=count, issues=found)


def a_full_state(path="demo/training_set.jsonl", word="word"):
    """Return a state in which every field is filled, each text with a word of the caller's."""
    spread = Distribution(minimum=1, maximum=99_999, mean=1234.56789, median=123.45, p5=1.23, p95=98765.4321)
    split = SplitStatistics(
        examples=10**6,
        size_bytes=5 * 10**8,
        total_tokens=10**9,
        assistant_tokens=10**8,
        over_limit=10**5,
        tokens_per_example=spread,
        assistant_tokens_per_example=spread,
    )
    said = (word * 200)[:500]
    blob = a_blob(path)
    return a_state(
        dataset=path,
        since=NOON,
        waiting_for=f"the job ({word})",
        next_check_at=NOON,
        plan=a_plan(training=blob, validation=blob, options_file=blob),
        validation=replace(issues(20, message=said[:100]), training=split, validation=split),
        estimate=an_estimate(assumptions=["A sentence of about the usual length, which says what was assumed."] * 7),
        files=UploadedFiles(training="file-" + "0" * 32, validation="file-" + "0" * 32),
        job=JobSnapshot(id="ftjob-" + "0" * 32, status="failed", error_message=said, last_event=said),
        deployment=a_deployment(),
        verification=VerificationSummary(asked=20, passed=0, source="options", problems=["answer-empty"] * 20),
        failure=failure("job-failed", "The fine-tuning job failed.", detail=said),
        warnings=["A sentence."] * 3,
        cleaned_up=["cancelled the job ftjob-" + "0" * 32] * 4,
        report=ReportLinks(json=f"reports/{path}/report.json", html=f"reports/{path}/report.html"),
    )


@pytest.mark.parametrize("count", [0, 3, 20])
def test_a_status_that_fits_is_whole(count):
    """Nothing is left out without need."""
    state = a_state(validation=issues(count))
    assert fit_status(state) == state


@pytest.mark.parametrize(
    ("path", "word"),
    [
        ("demo/training_set.jsonl", "word "),
        ("demo/training_set.jsonl", "数据"),
        ("demo/training_set.jsonl", "💡"),
        ("d" * 400 + "/training_set.jsonl", "word "),
        ("d" * 1_000 + "/training_set.jsonl", "word "),
        ("数" * 1_000 + "/training_set.jsonl", "数据"),
    ],
)
def test_a_status_never_exceeds_durables_limit(path, word):
    """However long and foreign its texts, the JSON that the worker library writes stays under 16 KB of UTF-16."""
    fitted = fit_status(a_full_state(path, word))
    assert len(json.dumps(codec.encode(fitted)).encode("utf-16-le")) <= 2 * LIMIT


def test_issues_are_left_out_first_and_counts_stay():
    """The first issues stay as far as there is room, and how many there are is always told."""
    state = a_state(validation=issues(20, message="x" * 1_000))
    fitted = fit_status(state)
    assert fitted.validation is not None
    assert [issue.line for issue in fitted.validation.issues] == [1, 2, 3, 4, 5]
    assert fitted.validation.error_count == 20
    assert state.validation is not None
    assert len(state.validation.issues) == 20


def test_live_progress_goes_before_what_the_parent_knows():
    """While a stage waits, its sub-orchestration knows more."""
    job = JobSnapshot(id="ftjob-1", status="running")
    live = LiveProgress(waiting_for="the job (running)", checks=3, next_check_at=NOON, job=job)
    state = with_live(a_state(waiting_for="the job to end", deployment=a_deployment()), live)
    assert (state.waiting_for, state.next_check_at, state.job) == ("the job (running)", NOON, job)
    assert state.deployment == a_deployment()


def test_live_progress_without_a_snapshot_forgets_nothing():
    """A check that failed leaves what is known of job and deployment."""
    job = JobSnapshot(id="ftjob-1", status="running")
    state = with_live(a_state(job=job), LiveProgress(waiting_for="the job to end", checks=4))
    assert (state.job, state.next_check_at) == (job, None)


def test_a_row_says_what_a_list_needs():
    """One line of the list: which, where, since when, and why it ended."""
    finished = NOON + timedelta(hours=1)
    state = a_state(
        status="failed",
        stage="publication",
        since=NOON,
        finished_at=finished,
        plan=a_plan(),
        failure=failure("job-failed", "…"),
    )
    assert row_for(state) == RunRow(
        run_id="demo-0123456789ab",
        dataset="demo/training_set.jsonl",
        status="failed",
        stage="publication",
        since=NOON,
        requested_at=NOON,
        finished_at=finished,
        base_model="gpt-4o-mini-2024-07-18",
        failure_code="job-failed",
    )


def test_a_row_of_a_young_run_has_empty_fields():
    """All fields are always there."""
    row = row_for(a_state())
    assert (row.base_model, row.failure_code, row.since, row.finished_at) == ("", "", None, None)


def test_every_field_of_a_state_survives_the_durable_boundary():
    """What goes out as JSON comes back the same, dollars and times included."""
    state = a_full_state()
    back = codec.decode(json.loads(json.dumps(codec.encode(state))), type(state))
    assert msgspec.to_builtins(back) == msgspec.to_builtins(state)
    assert back.estimate is not None
    assert back.estimate.training_usd == Decimal("9.0000")
    assert back.requested_at == NOON
