"""Training: one job for a run, however often it is tried."""

import pytest
from msgspec.structs import replace

from shared.core.jobs import JobSnapshot, TrainingMetrics
from shared.core.runs import UploadedFiles
from shared.errors import Conflict, RequestRefused, ServiceUnavailable
from shared.stages.training import check_fine_tuning_job, create_fine_tuning_job
from tests.builders import MODEL, a_plan
from tests.fakes_openai import FakeFineTuning

FILES = UploadedFiles(training="file-t", validation="file-v")


def test_a_job_is_created_for_the_runs_files():
    """Training and validation file are the run's own."""
    tuning = FakeFineTuning()
    result = create_fine_tuning_job(tuning, a_plan(), FILES)
    assert result.done
    assert result.job is not None
    assert tuning.training_files == {result.job.id: "file-t"}
    assert tuning.validation_files == {result.job.id: "file-v"}


def test_creating_twice_makes_one_job():
    """The second try adopts the first one's job: it would be paid for as well."""
    tuning = FakeFineTuning()
    first = create_fine_tuning_job(tuning, a_plan(), FILES)
    assert create_fine_tuning_job(tuning, a_plan(), FILES) == first
    assert tuning.trouble.calls.count("create_job") == 1


@pytest.mark.parametrize("status", ["succeeded", "failed", "cancelled", "a status of next year"])
def test_a_job_is_adopted_in_any_state(status):
    """A job of this run's file that has ended is not created anew: the check tells how it ended."""
    tuning = FakeFineTuning()
    made = create_fine_tuning_job(tuning, a_plan(), FILES).job
    assert made is not None
    tuning.jobs[made.id] = replace(made, status=status)
    assert create_fine_tuning_job(tuning, a_plan(), FILES).job == tuning.jobs[made.id]
    assert len(tuning.jobs) == 1


def test_a_job_behind_a_lost_answer_is_adopted():
    """A connection that broke after the effect leads to no second job."""
    tuning = FakeFineTuning()
    tuning.trouble.fail("create_job", ServiceUnavailable("azure-openai", "create_job"))
    with pytest.raises(ServiceUnavailable):
        create_fine_tuning_job(tuning, a_plan(), FILES)
    assert create_fine_tuning_job(tuning, a_plan(), FILES).done
    assert len(tuning.jobs) == 1


def test_another_runs_job_is_never_adopted():
    """A job is ours by its training file, and that is this run's alone."""
    tuning = FakeFineTuning()
    other = create_fine_tuning_job(tuning, a_plan(run_id="other"), UploadedFiles(training="file-x")).job
    mine = create_fine_tuning_job(tuning, a_plan(), FILES).job
    assert mine != other
    assert len(tuning.jobs) == 2


def test_what_the_service_refuses_ends_the_run_in_its_words():
    """Model, region and quota are refused again: returned, not raised."""
    tuning = FakeFineTuning()
    tuning.trouble.fail(
        "create_job",
        RequestRefused("azure-openai", "create_job", status=400, service_code="invalidPayload", said="No such model."),
    )
    failure = create_fine_tuning_job(tuning, a_plan(), FILES).failure
    assert failure is not None
    assert (failure.code, failure.detail) == ("job-refused", "invalidPayload: No such model.")


def test_a_conflict_is_tried_again():
    """What may pass is raised for the engine's retry."""
    tuning = FakeFineTuning()
    tuning.trouble.fail("create_job", Conflict("azure-openai", "create_job", status=409))
    with pytest.raises(Conflict):
        create_fine_tuning_job(tuning, a_plan(), FILES)


@pytest.mark.parametrize(
    ("job", "done", "code", "waiting_for"),
    [
        (JobSnapshot(id="j", status="succeeded", fine_tuned_model=MODEL), True, None, ""),
        (JobSnapshot(id="j", status="succeeded"), False, None, "the name of the fine-tuned model"),
        (JobSnapshot(id="j", status="pending"), False, None, "the fine-tuning job (pending)"),
        (JobSnapshot(id="j", status="paused"), False, None, "the fine-tuning job (paused)"),
        (JobSnapshot(id="j", status="odd"), False, None, "the fine-tuning job (odd)"),
        (JobSnapshot(id="j", status="cancelled"), False, "job-cancelled", ""),
        (JobSnapshot(id="j", status="failed"), False, "job-failed", ""),
    ],
)
def test_a_job_is_followed_to_its_end(job, done, code, waiting_for):
    """Every state is an end or a wait; the snapshot is kept in both."""
    tuning = FakeFineTuning()
    tuning.jobs["j"] = job
    result = check_fine_tuning_job(tuning, "j")
    assert (result.done, result.failure.code if result.failure else None) == (done, code)
    assert (result.waiting_for, result.job) == (waiting_for, job)


@pytest.mark.parametrize(
    ("code", "message", "detail"),
    [("badFile", "Line 3.", "badFile: Line 3."), ("", "Line 3.", "Line 3."), ("", "", "")],
)
def test_a_failed_job_says_why(code, message, detail):
    """The service's words come through, as far as there are any."""
    tuning = FakeFineTuning()
    tuning.jobs["j"] = JobSnapshot(id="j", status="failed", error_code=code, error_message=message)
    failure = check_fine_tuning_job(tuning, "j").failure
    assert failure is not None
    assert failure.detail == detail


def test_progress_is_handed_on():
    """Metrics of a running job reach whoever looks."""
    tuning = FakeFineTuning()
    tuning.jobs["j"] = JobSnapshot(id="j", status="running", metrics=TrainingMetrics(step=10, train_loss=1.5))
    job = check_fine_tuning_job(tuning, "j").job
    assert job is not None
    assert job.metrics == TrainingMetrics(step=10, train_loss=1.5)
