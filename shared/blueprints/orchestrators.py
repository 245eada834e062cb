"""The story of a run, and the patience that it needs."""

from datetime import timedelta
from typing import Any

import azure.durable_functions as df
from durabletask import task
from msgspec.structs import replace

from shared import codec
from shared.blueprints import stages
from shared.blueprints.story import RunEnded, Steps, Story, now_of
from shared.core.failures import Failure, failure_of_task
from shared.core.polling import CHECKS_PER_GENERATION, CheckResult, Wait, given_up, poll_delay
from shared.core.runs import LiveProgress, RunRequest

bp = df.Blueprint()


@bp.orchestration_trigger(context_name="context")
def run_dataset(context: task.OrchestrationContext, payload: dict[str, Any]) -> Steps[dict[str, Any]]:
    """Take one dataset version from its blob to a verified deployment, or to a clean slate; its report is written."""
    story = Story(context, codec.decode(payload, RunRequest))
    try:
        plan = yield from stages.intake(story)
        yield from stages.validation(story, plan)
        files = yield from stages.upload(story, plan)
        model = yield from stages.training(story, plan, files)
        yield from stages.deployment(story, plan, model)
        yield from stages.verification(story, plan, model)
    except RunEnded as end:
        yield from stages.clean_slate(story, end.failure)
    yield from stages.publication(story)
    return codec.encode(story.state)


@bp.orchestration_trigger(context_name="context")
def wait_for_check(context: task.OrchestrationContext, payload: dict[str, Any]) -> Steps[dict[str, Any] | None]:
    """Look at a slow resource, ever less often, until it is finished or failed or the deadline passes."""
    wait = codec.decode(payload, Wait)
    for _ in range(CHECKS_PER_GENERATION):
        result, error = yield from _check(context, wait)
        if result.done or result.failure:
            return codec.encode(result)
        silent = wait.silent_checks + 1 if error else 0
        wait = replace(wait, checks=wait.checks + 1, silent_checks=silent, last_error=error)
        failure = given_up(wait, now_of(context))
        if failure:
            return codec.encode(replace(result, failure=failure))
        yield context.create_timer(_tell_and_delay(context, wait, result))
    context.continue_as_new(codec.encode(wait), save_events=True)
    return None


def _check(context: task.OrchestrationContext, wait: Wait) -> Steps[tuple[CheckResult, Failure | None]]:
    """Return what one look found, or why the look itself failed: that ends nothing, since the next one may succeed."""
    try:
        return codec.decode((yield context.call_activity(wait.activity, input=wait.target)), CheckResult), None
    except task.TaskFailedError as error:
        return CheckResult(), failure_of_task(error.details.error_type, error.details.message)


def _tell_and_delay(context: task.OrchestrationContext, wait: Wait, result: CheckResult) -> timedelta:
    """Publish what is waited for and until when; return how long."""
    seconds = result.retry_after_seconds
    now = now_of(context)
    delay = poll_delay(now - wait.started_at, wait.pace, retry_after=timedelta(seconds=seconds) if seconds else None)
    live = LiveProgress(
        waiting_for=result.waiting_for or wait.waiting_for,
        checks=wait.checks,
        next_check_at=now + delay,
        job=result.job,
        deployment=result.deployment,
    )
    context.set_custom_status(codec.encode(live))
    return delay
