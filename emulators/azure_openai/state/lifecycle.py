"""What happens to a job as time goes by: it starts, reports its steps, ends, and leaves a model behind."""

import logging
import math
from concurrent.futures import CancelledError
from datetime import datetime, timedelta

from emulators.azure_openai.model.encodings import encoding_name_for
from emulators.azure_openai.model.examples import InvalidExampleError
from emulators.azure_openai.model.results import results_csv
from emulators.azure_openai.model.training import (
    Metrics,
    TrainingRequest,
    TrainingResult,
    automatic_epochs,
    train,
)
from emulators.azure_openai.state.account import Account
from emulators.azure_openai.state.failures import FAILURES
from emulators.azure_openai.state.files import add_result
from emulators.azure_openai.state.records import (
    Checkpoint,
    Event,
    JobRecord,
    JobRequest,
    TunedModelRecord,
    new_id,
)
from emulators.azure_openai.state.slots import release_slot

LOG = logging.getLogger(__name__)
_KEPT_CHECKPOINTS = 3


def log(job: JobRecord, at: datetime, message: str, level: str = "info", metrics: Metrics | None = None) -> None:
    """Add an event to a job."""
    job.events.append(Event(new_id("ftevent"), at, message, level, metrics))


def training_time(account: Account, request: JobRequest) -> timedelta:
    """Return how long the training of a job takes at the account's pace."""
    pace = account.config.pace
    if pace.mode != "timed":
        return timedelta(0)
    file = account.files.get(request.training_file)
    examples = file.examples if file else 0
    epochs = request.hyperparameters.n_epochs or (automatic_epochs(examples) if examples else 1)
    return pace.training + pace.training_per_example * examples * epochs


def estimated_finish(account: Account, request: JobRequest, created_at: datetime) -> datetime:
    """Return when a job would be over if it found a free slot at once."""
    pace = account.config.pace
    if pace.mode != "timed":
        return created_at
    return created_at + pace.queue + training_time(account, request) + pace.postprocessing


def start(account: Account, job: JobRecord, at: datetime) -> None:
    """Begin the training; the computation runs in a thread of the account."""
    job.since = at
    outcome = job.outcome["result"] if job.outcome else None
    if outcome == "unknown_status":
        job.status, job.phase = str((job.outcome or {}).get("status", "evaluating")), "unknown"
        return
    job.status = "running"
    log(job, at, "Job started.")
    training, validation = (
        account.files.get(file) for file in (job.request.training_file, job.request.validation_file or "")
    )
    if training is None or (job.request.validation_file and validation is None):
        fail(account, job, at, "invalidPayload", "A file of the job was deleted before it started.")
        return
    too_big = training.origin == "upload" and training.bytes > account.config.limits.plain_upload_bytes
    if outcome in ("fail_data_check", "fail_invalid_data", "fail_internal") or too_big:
        job.phase = "refused" if not too_big else "refused_too_big"
        return
    job.phase = "training"
    parent = account.models.get(job.request.model)
    chosen = job.request.hyperparameters
    request = TrainingRequest(
        training_file=training.path,
        n_examples=training.examples,
        validation_file=validation.path if validation else None,
        n_validation_examples=validation.examples if validation else 0,
        method=job.request.method_type,
        encoding=encoding_name_for(job.request.base.full_name),
        tokens_per_example=job.request.base.tokens_per_example,
        n_epochs=chosen.n_epochs,
        batch_size=chosen.batch_size,
        learning_rate_multiplier=chosen.learning_rate_multiplier or job.request.base.learning_rate_multiplier,
        seed=job.request.seed,
        parent=parent.model if parent else None,
        abandoned=job.abandoned,
    )
    job.training = account.workers.submit(train, request)


def refuse(account: Account, job: JobRecord, at: datetime) -> None:
    """Fail a job that the service gives up soon after its start."""
    outcome = dict(job.outcome or {})
    result = "fail_internal" if job.phase == "refused_too_big" else outcome.get("result", "fail_internal")
    code, message = FAILURES[result]
    fail(account, job, at, outcome.get("code", code), outcome.get("message", message))


def fail(account: Account, job: JobRecord, at: datetime, code: str, message: str) -> None:
    """End a job without a model."""
    job.error = {"code": code, "message": message, "param": None}
    log(job, at, f"Job failed. {message}", "error")
    _end(account, job, at, "failed")


def finish_training(account: Account, job: JobRecord, at: datetime) -> None:
    """Go on from training to postprocessing, or fail if the data could not be learned from."""
    error = _training_error(job)
    if isinstance(error, InvalidExampleError):
        fail(account, job, at, "jsonlValidationFailed", f"Validation of jsonl file failed: {error}")
    elif error is not None:
        LOG.error("training of %s failed", job.id, exc_info=error)
        fail(account, job, at, *FAILURES["fail_internal"])
    else:
        report_until(account, job, at, everything=True)
        job.phase, job.since = "postprocessing", at
        log(job, at, "Postprocessing started.")


def finish(account: Account, job: JobRecord, at: datetime) -> None:
    """End a job that was trained: with a model that can be deployed, or refused by the evaluation."""
    outcome = dict(job.outcome or {})
    if outcome.get("result") == "fail_model_evaluation":
        code, message = FAILURES["fail_model_evaluation"]
        for checkpoint in job.checkpoints:
            _withdraw(account, checkpoint)
        fail(account, job, at, outcome.get("code", code), outcome.get("message", message))
        return
    result = result_of(job)
    job.fine_tuned_model, job.trained_tokens = job.model_name, result.trained_tokens
    _publish(account, job, job.checkpoints[-1])
    file = add_result(account, "results.csv", results_csv(result.metrics))
    file.created_at = at
    job.result_files = [file.id]
    log(job, at, "Job succeeded.")
    log(job, at, "Model Evaluation Passed.")
    log(job, at, f"Completed results file: {file.id}")
    log(job, at, f"Training tokens billed: {result.trained_tokens}")
    _end(account, job, at, "succeeded")


def settle_pause(account: Account, job: JobRecord, at: datetime) -> None:
    """Let a pausing job stand still, with a checkpoint that can be deployed; or a resuming one go on."""
    if job.status == "resuming":
        job.status, job.since = "running", at
        log(job, at, "Job resumed.")
        return
    release_slot(account, job, at)
    job.status, job.since = "paused", at
    metrics = result_of(job).metrics[job.reported - 1]
    _keep_checkpoint(account, job, at, metrics)
    log(job, at, "Job paused.")


def trained_until(job: JobRecord, at: datetime) -> timedelta:
    """Return how long a job has been training in all."""
    running = job.status == "running" and job.since is not None
    return job.trained_for + (at - job.since if running and job.since else timedelta(0))


def report_until(account: Account, job: JobRecord, at: datetime, *, everything: bool = False) -> None:
    """Turn the steps that are done by now into events and checkpoints, each at its own time."""
    if job.phase != "training" or job.status != "running" or job.since is None:
        return
    if job.training is None or not job.training.done() or _training_error(job) is not None:
        return
    result, whole = result_of(job), training_time(account, job.request)
    share = 1.0 if everything or not whole else min(1.0, trained_until(job, at) / whole)
    reached = (
        math.floor(share * result.course.steps + 1e-9) if account.config.pace.mode != "manual" or everything else 1
    )
    for metrics in result.metrics[job.reported :]:
        if metrics.step > reached:
            break
        reported_at = min(at, job.since + whole * (metrics.step / result.course.steps) - job.trained_for)
        log(job, reported_at, f"Step {metrics.step}: training loss={metrics.train.loss}", metrics=metrics)
        if metrics.step % result.course.steps_per_epoch == 0:
            _keep_checkpoint(account, job, reported_at, metrics)
        job.reported += 1


def result_of(job: JobRecord) -> TrainingResult:
    """Return what the training of a job gave; only for jobs whose computation is done."""
    if job.training is None:
        raise RuntimeError(f"{job.id} has not been trained.")
    return job.training.result(timeout=0)


def _training_error(job: JobRecord) -> BaseException | None:
    try:
        return job.training.exception(timeout=0) if job.training else RuntimeError("The training never began.")
    except CancelledError as error:
        return error


def _keep_checkpoint(account: Account, job: JobRecord, at: datetime, metrics: Metrics) -> None:
    result = result_of(job)
    last = metrics.step == result.course.steps
    name = job.model_name if last else f"{job.model_name}:ckpt-step-{metrics.step}"
    if any(kept.step == metrics.step for kept in job.checkpoints):
        return
    checkpoint = Checkpoint(new_id("ftchkpt"), at, name, metrics.step, metrics)
    job.checkpoints.append(checkpoint)
    if not last:  # the finished model is there to be deployed only when the job has succeeded
        _publish(account, job, checkpoint)
    for dropped in job.checkpoints[:-_KEPT_CHECKPOINTS]:
        _withdraw(account, dropped)
    del job.checkpoints[:-_KEPT_CHECKPOINTS]


def _publish(account: Account, job: JobRecord, checkpoint: Checkpoint) -> None:
    tuned = result_of(job).model_after(checkpoint.step)
    model = TunedModelRecord(checkpoint.model_name, job.request.base, tuned, checkpoint.created_at, job.id)
    account.models[checkpoint.model_name] = account.models[checkpoint.id] = model


def _withdraw(account: Account, checkpoint: Checkpoint) -> None:
    for name in (checkpoint.model_name, checkpoint.id):
        account.models.pop(name, None)


def _end(account: Account, job: JobRecord, at: datetime, status: str) -> None:
    release_slot(account, job, at)
    job.status, job.phase, job.finished_at = status, "ended", at
