"""The places for running jobs: how many there are, who takes one, and when the last was given back."""

from datetime import datetime

from emulators.azure_openai.state.account import Account
from emulators.azure_openai.state.records import JOB_ENDED, JobRecord, JobRequest


def pool_of(request: JobRequest) -> str:
    """Return which running jobs a job competes with: developer jobs have places of their own."""
    return "developer" if request.training_type == "developerTier" else "standard"


def has_free_slot(account: Account, pool: str) -> bool:
    """Return whether one more job of a pool may run."""
    limits = account.config.limits
    most = limits.running_developer_jobs if pool == "developer" else limits.running_jobs
    return sum(1 for job in account.jobs.values() if _takes_slot(job) and pool_of(job.request) == pool) < most


def release_slot(account: Account, job: JobRecord, at: datetime) -> None:
    """Remember when a job gave its place back, so that the next one starts then and not when someone looks."""
    if _takes_slot(job):
        account.slot_released_at[pool_of(job.request)] = at


def _takes_slot(job: JobRecord) -> bool:
    return job.status not in JOB_ENDED and job.status != "paused" and job.phase != "queue"
