"""Training: one fine-tuning job for the run's files, created once and followed to its end."""

from shared.core.failures import failure, refusal
from shared.core.jobs import JobSnapshot, job_outcome
from shared.core.plans import Plan
from shared.core.polling import CheckResult
from shared.core.runs import UploadedFiles
from shared.errors import RequestRefused
from shared.ports import FineTuning


def create_fine_tuning_job(tuning: FineTuning, plan: Plan, files: UploadedFiles) -> CheckResult:
    """Create the run's job, or adopt the one that an earlier try has created: the training file belongs to this run."""
    jobs = tuning.find_jobs(files.training)
    if jobs:
        return CheckResult(done=True, job=jobs[0])
    try:
        job = tuning.create_job(plan, training_file=files.training, validation_file=files.validation)
    except RequestRefused as error:
        return CheckResult(failure=refusal("job-refused", "The fine-tuning job", error))
    return CheckResult(done=True, job=job)


def check_fine_tuning_job(tuning: FineTuning, job_id: str) -> CheckResult:
    """Tell how the job stands."""
    job = tuning.check_job(job_id)
    outcome = job_outcome(job.status)
    if outcome == "succeeded":
        return _succeeded(job)
    if outcome == "failed":
        detail = f"{job.error_code}: {job.error_message}".strip(": ")
        return CheckResult(job=job, failure=failure("job-failed", "The fine-tuning job failed.", detail=detail))
    if outcome == "cancelled":
        return CheckResult(job=job, failure=failure("job-cancelled", "The fine-tuning job was cancelled."))
    return CheckResult(job=job, waiting_for=f"the fine-tuning job ({job.status})")


def _succeeded(job: JobSnapshot) -> CheckResult:
    # The model's name can appear a moment after the status does.
    if not job.fine_tuned_model:
        return CheckResult(job=job, waiting_for="the name of the fine-tuned model")
    return CheckResult(done=True, job=job)
