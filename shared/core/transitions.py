"""How a run moves from stage to stage, and how it ends."""

from datetime import datetime

from msgspec.structs import replace

from shared.core.failures import Failure
from shared.core.runs import RunState, RunStatus, StageName, StageRecord, StageStatus

# Before the upload nothing has been created at Azure OpenAI: a run that ends there was turned away.
_BEFORE_SPENDING: tuple[StageName, ...] = ("intake", "validation")
_NOT_THE_DROPPERS_DOING = (
    "conflict",
    "not-found",
    "permission-denied",
    "service-refused",
    "service-silent",
    "service-unavailable",
    "settings-invalid",
    "timed-out",
    "too-many-requests",
    "unexpected-error",
)


def record_of(state: RunState, stage: StageName) -> StageRecord:
    """Return the record of a stage."""
    return next(record for record in state.stages if record.name == stage)


def enter_stage(state: RunState, stage: StageName, now: datetime, *, waiting_for: str) -> None:
    """Begin a stage."""
    state.stage, state.since, state.waiting_for = stage, now, waiting_for
    state.next_check_at, state.waiting_instance = None, ""
    record = record_of(state, stage)
    record.status, record.started_at = "running", now


def leave_stage(state: RunState, now: datetime, status: StageStatus = "succeeded") -> None:
    """End the current stage."""
    record = record_of(state, state.stage)
    record.status, record.finished_at = status, now


def end_with(state: RunState, failure: Failure, now: datetime) -> None:
    """Settle why a run cannot go on: its failure, its failed stage, the stages that it will not reach."""
    state.failure = failure
    leave_stage(state, now, "failed")
    for record in state.stages:
        if record.status == "pending" and record.name != "publication":
            record.status = "skipped"


def status_for(failure: Failure, stage: StageName) -> RunStatus:
    """Return the status that a failure in a stage gives its run."""
    if failure.code == "dataset-changed":
        return "superseded"
    if stage in _BEFORE_SPENDING and failure.code not in _NOT_THE_DROPPERS_DOING:
        return "rejected"
    return "failed"


def outcome_of(state: RunState) -> RunStatus:
    """Return the status that a run will have once it is over."""
    if state.failure is None:
        return "succeeded"
    failed: list[StageName] = [record.name for record in state.stages if record.status == "failed"]
    return status_for(state.failure, failed[0] if failed else state.stage)


def may_have_spent(state: RunState) -> bool:
    """Tell whether a job may have been created: not if none was tried, nor if the service refused it."""
    tried = record_of(state, "training").started_at is not None
    return state.job is not None or (tried and not (state.failure and state.failure.code == "job-refused"))


def as_reported(state: RunState, now: datetime) -> RunState:
    """Return the run as its report tells it: over, while the report itself is still being written."""
    return replace(state, status=outcome_of(state), finished_at=now, waiting_for="")


def finish(state: RunState, now: datetime) -> None:
    """Close a run: nothing is waited for any more; without a report, its publication has failed."""
    state.status = outcome_of(state)
    leave_stage(state, now, "succeeded" if state.report else "failed")
    state.finished_at, state.waiting_for, state.next_check_at, state.waiting_instance = now, "", None, ""
