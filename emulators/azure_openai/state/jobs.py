"""The rules of fine-tuning jobs: what can be asked for, and which actions each state allows."""

import secrets
from typing import Any

from emulators.azure_openai.errors import not_found, quota_exceeded, unexpected_state
from emulators.azure_openai.state.account import Account
from emulators.azure_openai.state.job_request import check_request
from emulators.azure_openai.state.lifecycle import estimated_finish, log, report_until, trained_until
from emulators.azure_openai.state.records import JOB_ENDED, JobRecord, new_id
from emulators.azure_openai.state.slots import release_slot

_MAX_SEED = 2**31 - 1


def create_job(account: Account, body: dict[str, Any], *, v1: bool) -> JobRecord:
    """Create a job that is `pending`, from a body of the API.

    Raises:
        ServiceError: the body, the files or the account's limits do not allow it.
    """
    request = check_request(account, body, secrets.randbelow(_MAX_SEED), v1=v1)
    _check_limits(account)
    at = account.now()
    job = JobRecord(
        id=new_id("ftjob"),
        request=request,
        created_at=at,
        estimated_finish=estimated_finish(account, request, at),
        since=at,
        outcome=account.outcomes.take("job"),
    )
    log(job, at, "Job enqueued. Waiting for jobs ahead to complete.")
    account.jobs[job.id] = job
    return job


def get_job(account: Account, job_id: str) -> JobRecord:
    """Return a job of the account."""
    job = account.jobs.get(job_id)
    if job is None:
        raise not_found("fine-tuning job", job_id)
    return job


def cancel_job(account: Account, job_id: str) -> JobRecord:
    """End a job that has not ended yet; its finished checkpoints stay."""
    job = get_job(account, job_id)
    if job.status in JOB_ENDED:
        raise unexpected_state("fine-tuning job", job_id, job.status, "cancelled")
    at = account.now()
    report_until(account, job, at)
    release_slot(account, job, at)
    job.status, job.phase, job.finished_at = "cancelled", "ended", at
    job.abandoned.set()
    log(job, at, "Job cancelled.")
    return job


def pause_job(account: Account, job_id: str) -> JobRecord:
    """Ask a running job to pause; it must have done at least one step."""
    job = get_job(account, job_id)
    at = account.now()
    report_until(account, job, at)
    if job.status != "running" or job.phase != "training" or not job.reported:
        raise unexpected_state("fine-tuning job", job_id, job.status, "paused")
    job.trained_for = trained_until(job, at)
    job.status, job.since = "pausing", at
    log(job, at, "Job is being paused.")
    return job


def resume_job(account: Account, job_id: str) -> JobRecord:
    """Ask a paused job to go on."""
    job = get_job(account, job_id)
    if job.status != "paused":
        raise unexpected_state("fine-tuning job", job_id, job.status, "resumed")
    job.status, job.since = "resuming", account.now()
    log(job, account.now(), "Job is being resumed.")
    return job


def delete_job(account: Account, job_id: str) -> None:
    """Forget a job that has ended; its model stays."""
    job = get_job(account, job_id)
    if job.status not in JOB_ENDED:
        raise unexpected_state("fine-tuning job", job_id, job.status, "deleted")
    del account.jobs[job_id]


def _check_limits(account: Account) -> None:
    limits = account.config.limits
    if len(account.jobs) >= limits.jobs:
        raise quota_exceeded("fine-tuning jobs", limits.jobs)
    if sum(1 for job in account.jobs.values() if job.status == "pending") >= limits.queued_jobs:
        raise quota_exceeded("queued fine-tuning jobs", limits.queued_jobs)
