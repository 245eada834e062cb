"""What others see of a run: a status within Durable's limit, live progress merged in, a row of the list."""

import json
from datetime import datetime

import msgspec
from msgspec.structs import replace

from shared.core.runs import LiveProgress, RunState, RunStatus, StageName

# Durable's Azure Storage backend keeps 16 KB of UTF-16: two bytes for each character. The worker library writes JSON
# with spaces and with every character beyond ASCII escaped.
MAX_STATUS_CHARACTERS = 8_000


class RunRow(msgspec.Struct, frozen=True, kw_only=True):
    """One run in a list."""

    run_id: str
    dataset: str
    status: RunStatus
    stage: StageName
    since: datetime | None
    requested_at: datetime
    finished_at: datetime | None
    base_model: str
    failure_code: str


def fit_status(state: RunState) -> RunState:
    """Return the state with as much left out as its limit demands, least needed first; the report holds it all."""
    while state.validation and state.validation.issues and _is_too_long(state):
        kept = state.validation.issues[: len(state.validation.issues) // 2]
        state = replace(state, validation=replace(state.validation, issues=kept))
    for leave_out in (_assumptions, _words_of_services, _paths, _findings):
        if _is_too_long(state):
            state = leave_out(state)
    return state


def with_live(state: RunState, live: LiveProgress) -> RunState:
    """Return the state with what a waiting sub-orchestration has learned since."""
    return replace(
        state,
        waiting_for=live.waiting_for,
        next_check_at=live.next_check_at,
        job=live.job or state.job,
        deployment=live.deployment or state.deployment,
    )


def row_for(state: RunState) -> RunRow:
    """Return a run's row in the list."""
    return RunRow(
        run_id=state.run_id,
        dataset=state.dataset,
        status=state.status,
        stage=state.stage,
        since=state.since,
        requested_at=state.requested_at,
        finished_at=state.finished_at,
        base_model=state.plan.base_model if state.plan else "",
        failure_code=state.failure.code if state.failure else "",
    )


def _assumptions(state: RunState) -> RunState:
    return replace(state, estimate=state.estimate and replace(state.estimate, assumptions=[]))


def _words_of_services(state: RunState) -> RunState:
    """Leave out what services said: up to 500 characters each, and quotes of a dataset may be in any script."""
    job = state.job and replace(state.job, error_message="", last_event="")
    return replace(state, job=job, failure=state.failure and replace(state.failure, detail=""))


def _paths(state: RunState) -> RunState:
    """Leave out plan and report: a path may have a thousand characters, and stands in each of them more than once."""
    return replace(state, plan=None, report=None)


def _findings(state: RunState) -> RunState:
    return replace(state, validation=None, verification=None, estimate=None, job=None, cleaned_up=[])


def _is_too_long(state: RunState) -> bool:
    return len(json.dumps(msgspec.to_builtins(state))) > MAX_STATUS_CHARACTERS
