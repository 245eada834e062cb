"""One thin function per activity: decode, call the stage with its ports, encode."""

import traceback
from collections.abc import Callable
from datetime import UTC, datetime

import azure.durable_functions as df

from shared import codec
from shared.blueprints import names
from shared.blueprints import payloads as p
from shared.core.intake import private_path
from shared.core.options import Defaults
from shared.core.polling import CheckResult
from shared.core.pricing import estimate_cost
from shared.core.runs import ReportLinks, RunRequest, RunState
from shared.errors import BlobChanged, NotFound, TunedropError
from shared.services import services
from shared.stages import admission, cleanup, deployment, intake, publication, splitting, training, upload, validation
from shared.stages import verification as verifying
from shared.stages.parts import lost_part

bp = df.Blueprint()


class UnexpectedError(TunedropError):
    """A defect: an exception that no stage expected; named by its class alone, since its text may hold prompt text."""

    code = "unexpected-error"


def _register[T](name: str, kind: type[T], body: Callable[[T], object]) -> None:
    """Register `body` as the activity of that name."""

    def activity(payload: dict) -> dict:
        try:
            return codec.encode(body(codec.decode(payload, kind)))
        except TunedropError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, its text must not reach the history
            raise UnexpectedError(f"{name}: {type(error).__name__} in {_place_of(error)}") from None

    activity.__name__ = name
    bp.activity_trigger(input_name="payload")(activity)


def _place_of(error: Exception) -> str:
    """Return where an exception was raised, as function and line."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{frame.name}:{frame.lineno}"


def _find_parts(dataset: p.DatasetPath) -> p.PartsFound:
    return p.PartsFound(complete=intake.find_parts(services().blobs, dataset.container, dataset.path).complete)


def _settle_plan(request: RunRequest) -> intake.Intake:
    settings = services().settings
    defaults = Defaults(
        base_model=settings.default_base_model,
        method=settings.default_method,
        training_type=settings.default_training_type,
        sku=settings.default_sku,
        capacity=settings.default_capacity,
    )
    return intake.settle_plan(services().blobs, settings.state_container, request, defaults, settings.bounds)


def _split_dataset(given: p.ForPlan) -> p.SplitBlobs:
    try:
        parts = splitting.split_dataset(services().blobs, given.plan, services().settings.state_container)
    except (BlobChanged, NotFound):
        return p.SplitBlobs(failure=lost_part(services().blobs, given.plan))
    return p.SplitBlobs(training=parts[0], validation=parts[1])


def _validate_dataset(given: p.ForPlan) -> p.Validated:
    settings, blobs = services().settings, services().blobs
    try:
        detail = validation.validate_dataset(blobs, services().counter_for, given.plan)
    except (BlobChanged, NotFound):
        return p.Validated(failure=lost_part(blobs, given.plan))
    path = private_path(given.plan.run_id, "validation.json")
    blobs.write(settings.state_container, path, codec.to_json(detail))
    statistics = detail.summary.training
    if statistics is None:
        return p.Validated(summary=detail.summary)
    limit = detail.summary.limit_tokens
    estimate = estimate_cost(given.plan, statistics, settings.price_region, limit_tokens=limit)
    return p.Validated(summary=detail.summary, estimate=estimate)


def _admit_run(given: p.Admission) -> CheckResult:
    settings = services().settings
    refused = admission.admit_run(
        services().blobs,
        services().deployments,
        settings.state_container,
        given.plan,
        given.estimate,
        bounds=settings.bounds,
        now=datetime.now(UTC),
    )
    return CheckResult(done=refused is None, failure=refused)


def _verify_deployment(given: p.VerificationInput) -> CheckResult:
    settings = services().settings
    return verifying.verify_deployment(
        services().blobs,
        services().fine_tuning,
        given.plan,
        container=settings.state_container,
        model=given.model,
        base_deployment=settings.base_deployment,
    )


def _release_run(given: p.Release) -> p.Nothing:
    container, now = services().settings.state_container, datetime.now(UTC)
    admission.release_run(services().blobs, container, given.run_id, spent=given.spent, now=now)
    return p.Nothing()


def _publish_report(state: RunState) -> ReportLinks:
    settings = services().settings
    file_id = state.job.result_file if state.job and state.job.status == "succeeded" else ""
    return publication.publish_report(
        services().blobs,
        _results_of(file_id),
        state,
        reports_container=settings.reports_container,
        state_container=settings.state_container,
        now=datetime.now(UTC),
    )


def _results_of(file_id: str) -> bytes | None:
    """Return results.csv; a report without a loss curve is better than none, when the file is gone."""
    try:
        return services().fine_tuning.read_results(file_id) if file_id else None
    except NotFound:
        return None


_register(names.FIND_PARTS, p.DatasetPath, _find_parts)
_register(names.SETTLE_PLAN, RunRequest, _settle_plan)
_register(names.SPLIT_DATASET, p.ForPlan, _split_dataset)
_register(names.VALIDATE_DATASET, p.ForPlan, _validate_dataset)
_register(names.ADMIT_RUN, p.Admission, _admit_run)
_register(
    names.UPLOAD_FILE,
    p.SplitUpload,
    lambda given: upload.upload_file(services().blobs, services().fine_tuning, given.plan, given.split),
)
_register(
    names.CHECK_FILE,
    p.FileCheck,
    lambda given: upload.check_file(services().fine_tuning, given.file_id, given.split),
)
_register(
    names.CREATE_FINE_TUNING_JOB,
    p.JobCreation,
    lambda given: training.create_fine_tuning_job(services().fine_tuning, given.plan, given.files),
)
_register(
    names.CHECK_FINE_TUNING_JOB,
    p.JobCheck,
    lambda given: training.check_fine_tuning_job(services().fine_tuning, given.job_id),
)
_register(
    names.CREATE_DEPLOYMENT,
    p.DeploymentCreation,
    lambda given: deployment.create_deployment(services().deployments, given.plan, given.model),
)
_register(
    names.CHECK_DEPLOYMENT,
    p.DeploymentCheck,
    lambda given: deployment.check_deployment(services().deployments, given.deployment.name),
)
_register(
    names.PROBE_DEPLOYMENT,
    p.DeploymentCheck,
    lambda given: deployment.probe_deployment(services().fine_tuning, given.deployment),
)
_register(names.VERIFY_DEPLOYMENT, p.VerificationInput, _verify_deployment)
_register(
    names.CLEAN_UP,
    p.ForPlan,
    lambda given: cleanup.clean_up(services().fine_tuning, services().deployments, given.plan),
)
_register(
    names.CHECK_CLEAN_UP,
    p.ForPlan,
    lambda given: cleanup.check_clean_up(services().fine_tuning, services().deployments, given.plan),
)
_register(names.RELEASE_RUN, p.Release, _release_run)
_register(names.PUBLISH_REPORT, RunState, _publish_report)
