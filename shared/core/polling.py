"""How long to wait before asking a service again, and when to stop asking."""

from datetime import datetime, timedelta

from msgspec import Struct

from shared.core.deployments import DeploymentSnapshot
from shared.core.failures import Failure, failure
from shared.core.files import FileSnapshot
from shared.core.jobs import JobSnapshot
from shared.core.runs import Pace
from shared.core.verification import VerificationSummary

# Eight events a check: with eight checks a generation's history stays under 100 events, however long training takes.
CHECKS_PER_GENERATION = 8
# Failed checks in a row that a wait survives: with ten minutes between them, an outage of three hours.
MAX_SILENT_CHECKS = 20


class CheckResult(Struct, frozen=True, kw_only=True):
    """What one look at a slow resource found: finished, failed, or still to be waited for."""

    done: bool = False
    failure: Failure | None = None
    waiting_for: str = ""
    file: FileSnapshot | None = None
    retry_after_seconds: float | None = None
    job: JobSnapshot | None = None
    deployment: DeploymentSnapshot | None = None
    verification: VerificationSummary | None = None


class Wait(Struct, frozen=True, kw_only=True):
    """A wait in progress: which activity looks, at what, since when, how patiently; a sub-orchestrator's input."""

    activity: str
    target: dict[str, object]
    waiting_for: str
    started_at: datetime
    deadline_seconds: float
    pace: Pace
    checks: int = 0
    silent_checks: int = 0
    # Why the last check failed, where it did.
    last_error: Failure | None = None
    # The code of the failure when the deadline passes.
    deadline_code: str = "timed-out"


def poll_delay(age: timedelta, pace: Pace, *, retry_after: timedelta | None = None) -> timedelta:
    """Return how long to wait before asking again for something that has been waited for since `age`.

    5 % of the age: short waits are noticed soon, long ones cost few wake-ups. A longer Retry-After is honoured, up to
    an hour.
    """
    shortest, longest = timedelta(seconds=pace.min_poll_seconds), timedelta(seconds=pace.max_poll_seconds)
    delay = min(max(age / 20, shortest), longest)
    return max(delay, min(retry_after, timedelta(hours=1))) if retry_after else delay


def given_up(wait: Wait, now: datetime) -> Failure | None:
    """Return why a wait ends without a result, or None while it may go on."""
    if wait.silent_checks >= MAX_SILENT_CHECKS:
        message = f"{wait.silent_checks} checks in a row failed while waiting for {wait.waiting_for}."
        code, detail = (wait.last_error.code, wait.last_error.detail) if wait.last_error else ("service-silent", "")
        return failure(code, message, detail=detail)
    if (now - wait.started_at).total_seconds() >= wait.deadline_seconds:
        return failure(wait.deadline_code, f"Waited {wait.deadline_seconds:,.0f} seconds for {wait.waiting_for}.")
    return None
