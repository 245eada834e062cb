"""Files, uploads, jobs, events, checkpoints and models as the data plane shows them; what is not known is left out."""

from datetime import datetime
from typing import Any

from emulators.azure_openai.catalogue import MODELS, BaseModel
from emulators.azure_openai.model.results import metric_values
from emulators.azure_openai.state.records import (
    Checkpoint,
    Event,
    FileRecord,
    JobRecord,
    TunedModelRecord,
    UploadRecord,
)

# When the emulated service says that its base models came into being and will leave; fixed, so that answers are stable.
_MODEL_CREATED = 1_744_588_800  # 2025-04-14
_MODEL_RETIRES = 1_870_819_200  # 2029-04-14
_OWNER = "emulator"


def seconds(at: datetime) -> int:
    """Return a time as the service writes it."""
    return int(at.timestamp())


def _known(content: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in content.items() if value is not None}


def file_json(file: FileRecord) -> dict[str, Any]:
    """Return a file."""
    return _known(
        {
            "id": file.id,
            "bytes": file.bytes,
            "created_at": seconds(file.created_at),
            "filename": file.filename,
            "object": "file",
            "purpose": file.purpose,
            "status": file.status,
            "status_details": file.status_details,
            "expires_at": None if file.expires_at is None else seconds(file.expires_at),
        }
    )


def upload_json(upload: UploadRecord) -> dict[str, Any]:
    """Return an upload, with the file it became."""
    return {
        "object": "upload",
        "id": upload.id,
        "created_at": seconds(upload.created_at),
        "bytes": upload.bytes,
        "filename": upload.filename,
        "purpose": upload.purpose,
        "status": upload.status,
        "expires_at": seconds(upload.expires_at),
        "file": None if upload.file is None else file_json(upload.file),
    }


def part_json(part_id: str, upload_id: str, at: datetime) -> dict[str, Any]:
    """Return one part of an upload."""
    return {
        "object": "upload.part",
        "id": part_id,
        "created_at": seconds(at),
        "upload_id": upload_id,
        "azure_block_id": part_id.removeprefix("part-"),
    }


def job_json(job: JobRecord) -> dict[str, Any]:
    """Return a job: -1 stands for what is automatic until the training has fixed it."""
    request = job.request
    return _known(
        {
            "id": job.id,
            "created_at": seconds(job.created_at),
            "fine_tuned_model": job.fine_tuned_model,
            "finished_at": None if job.finished_at is None else seconds(job.finished_at),
            "hyperparameters": _hyperparameters(job),
            "model": request.model,
            "object": "fine_tuning.job",
            "result_files": job.result_files or None,
            "seed": request.seed,
            "status": job.status,
            "trained_tokens": job.trained_tokens,
            "training_file": request.training_file,
            "validation_file": request.validation_file,
            "error": job.error,
            "estimated_finish": seconds(job.estimated_finish),
            "suffix": request.suffix,
            "trainingType": request.echoed_training_type,
            "method": request.method,
            "metadata": request.metadata,
        }
    )


def _hyperparameters(job: JobRecord) -> dict[str, Any]:
    chosen = job.request.hyperparameters
    course = job.training.result().course if job.status == "succeeded" and job.training else None
    rate = chosen.learning_rate_multiplier or job.request.base.learning_rate_multiplier
    return {
        "batch_size": course.batch_size if course else chosen.batch_size or -1,
        "learning_rate_multiplier": rate,
        "n_epochs": course.n_epochs if course else chosen.n_epochs or -1,
    }


def event_json(event: Event) -> dict[str, Any]:
    """Return an event of a job; those of type metrics carry their numbers."""
    return _known(
        {
            "id": event.id,
            "created_at": seconds(event.created_at),
            "level": event.level,
            "message": event.message,
            "object": "fine_tuning.job.event",
            "type": "message" if event.metrics is None else "metrics",
            "data": None if event.metrics is None else metric_values(event.metrics),
        }
    )


def checkpoint_json(checkpoint: Checkpoint, job: JobRecord) -> dict[str, Any]:
    """Return a checkpoint of a job."""
    values = metric_values(checkpoint.metrics)
    return {
        "id": checkpoint.id,
        "created_at": seconds(checkpoint.created_at),
        "fine_tuned_model_checkpoint": checkpoint.model_name,
        "fine_tuning_job_id": job.id,
        "metrics": {**values, "step": float(checkpoint.step)},
        "object": "fine_tuning.job.checkpoint",
        "step_number": checkpoint.step,
    }


def base_model_json(model: BaseModel, *, v1: bool) -> dict[str, Any]:
    """Return a base model, on the dated API with what it can do."""
    if v1:
        return {"id": model.full_name, "created": _MODEL_CREATED, "object": "model", "owned_by": _OWNER}
    return {
        "object": "model",
        "id": model.full_name,
        "created_at": _MODEL_CREATED,
        "status": "succeeded",
        "capabilities": _capabilities(fine_tune=bool(model.methods)),
        "lifecycle_status": "generally-available",
        "deprecation": {"inference": _MODEL_RETIRES},
    }


def tuned_model_json(model: TunedModelRecord, *, v1: bool) -> dict[str, Any]:
    """Return a model that a job made."""
    if v1:
        return {"id": model.name, "created": seconds(model.created_at), "object": "model", "owned_by": _OWNER}
    return {
        "object": "model",
        "id": model.name,
        "created_at": seconds(model.created_at),
        "status": "succeeded",
        "model": model.base.full_name,
        "fine_tune": model.job_id,
        "capabilities": _capabilities(fine_tune=True),
        "lifecycle_status": "generally-available",
        "deprecation": {"inference": _MODEL_RETIRES},
    }


def model_list(tuned: list[TunedModelRecord], *, v1: bool) -> list[dict[str, Any]]:
    """Return all models of the account."""
    return [base_model_json(model, v1=v1) for model in MODELS] + [tuned_model_json(model, v1=v1) for model in tuned]


def _capabilities(*, fine_tune: bool) -> dict[str, bool]:
    return {
        "fine_tune": fine_tune,
        "inference": True,
        "completion": False,
        "chat_completion": True,
        "embeddings": False,
    }
