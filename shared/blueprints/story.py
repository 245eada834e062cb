"""The means of an orchestrator: call an activity, wait for a slow resource, tell the world where the run stands."""

from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from typing import Any

from durabletask import task

from shared import codec
from shared.blueprints.names import WAIT_FOR_CHECK
from shared.core import transitions
from shared.core.failures import Failure, failure, failure_of_task
from shared.core.polling import CheckResult, Wait
from shared.core.runs import Pace, RunRequest, RunState, StageName
from shared.core.views import fit_status
from shared.errors import PayloadError

# What a replay yields and receives; only the SDK's tasks are ever yielded.
type Steps[T] = Generator[task.Task[Any], Any, T]

# With the default pace: 15 s, 30 s, 1, 2, 4, 8 and 10 minutes. Role assignments take ten minutes to act.
ATTEMPTS = 8


class RunEnded(Exception):
    """The run cannot go on, for a reason that trying again would not change."""

    def __init__(self, failure: Failure) -> None:
        self.failure = failure
        super().__init__(failure.code)


class Story:
    """One turn of a run's orchestration: its context, its request and all that is known of it."""

    def __init__(self, context: task.OrchestrationContext, request: RunRequest) -> None:
        self.context, self.request = context, request
        self.state = RunState(
            run_id=request.run_id,
            dataset=request.path,
            etag=request.etag,
            source=request.source,
            requested_at=request.requested_at,
        )

    @property
    def now(self) -> datetime:
        """The orchestration's own time, the same in every replay."""
        return now_of(self.context)

    def enter(self, stage: StageName, waiting_for: str) -> None:
        """Begin a stage and say so."""
        transitions.enter_stage(self.state, stage, self.now, waiting_for=waiting_for)
        self.tell()

    def leave(self) -> None:
        """End the current stage well."""
        transitions.leave_stage(self.state, self.now)

    def tell(self) -> None:
        """Publish what is known as the instance's custom status."""
        self.context.set_custom_status(codec.encode(fit_status(self.state)))

    def call[T](self, activity: str, payload: object, kind: type[T]) -> Steps[T]:
        """Call an activity until it answers.

        Raises:
            RunEnded: when it still fails after all its retries, or when its answer carries a failure.
        """
        called = self.context.call_activity(
            activity, input=codec.encode(payload), retry_policy=_retries(self.request.pace)
        )
        result = _decoded((yield from self.outcome(called)), kind)
        ended = getattr(result, "failure", None)
        if ended is not None:
            raise RunEnded(ended)
        return result

    def wait(self, name: str, wait: Wait) -> Steps[CheckResult]:
        """Wait for a slow resource in a sub-orchestration of its own, and return what its last check found.

        Raises:
            RunEnded: when the resource failed or the deadline passed.
        """
        answer = yield from self.outcome(self.waiting_task(name, wait))
        return self.learn(answer)

    def outcome[T](self, awaited: task.Task[T]) -> Steps[T]:
        """Yield a task and return its result; a task that failed for good ends the run."""
        try:
            return (yield awaited)
        except task.TaskFailedError as error:
            raise RunEnded(failure_of_task(error.details.error_type, error.details.message)) from error

    def waiting_task(self, name: str, wait: Wait) -> task.Task[Any]:
        """Return the sub-orchestration that waits, and say what for."""
        self.state.waiting_for, self.state.waiting_instance = wait.waiting_for, f"{self.state.run_id}:{name}"
        self.tell()
        return self.context.call_sub_orchestrator(
            WAIT_FOR_CHECK, input=codec.encode(wait), instance_id=self.state.waiting_instance
        )

    def learn(self, answer: object) -> CheckResult:
        """Keep what a wait's last check found, and return it; a failure ends the run."""
        result = _decoded(answer, CheckResult)
        self.state.job = result.job or self.state.job
        self.state.deployment = result.deployment or self.state.deployment
        self.state.verification = result.verification or self.state.verification
        if result.failure is not None:
            raise RunEnded(result.failure)
        return result

    def wait_for(
        self, activity: str, target: object, waiting_for: str, deadline_seconds: float, *, code: str = "timed-out"
    ) -> Wait:
        """Return a wait that begins now; `code` is that of the failure when its deadline passes."""
        return Wait(
            activity=activity,
            target=codec.encode(target),
            waiting_for=waiting_for,
            started_at=self.now,
            deadline_seconds=deadline_seconds,
            pace=self.request.pace,
            deadline_code=code,
        )


def now_of(context: task.OrchestrationContext) -> datetime:
    """Return an orchestration's own time as aware UTC (the SDK's is naive)."""
    return context.current_utc_datetime.replace(tzinfo=UTC)


def _decoded[T](answer: object, kind: type[T]) -> T:
    try:
        return codec.decode(answer, kind)
    except PayloadError as error:
        raise RunEnded(failure("unexpected-error", "An answer has not the shape that its reader expects.")) from error


def _retries(pace: Pace) -> task.RetryPolicy:
    # Never a retry_timeout: the SDK compares it with the wall clock, and a replay would decide otherwise.
    return task.RetryPolicy(
        first_retry_interval=timedelta(seconds=pace.min_poll_seconds),
        max_number_of_attempts=ATTEMPTS,
        backoff_coefficient=2,
        max_retry_interval=timedelta(seconds=pace.max_poll_seconds),
    )
