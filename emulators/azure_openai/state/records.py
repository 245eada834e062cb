"""The things an account holds, as plain records."""

import threading
import uuid
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from emulators.azure_openai.catalogue import BaseModel
from emulators.azure_openai.model.answering import TunedModel
from emulators.azure_openai.model.training import Metrics, TrainingResult

JOB_ENDED = frozenset({"succeeded", "failed", "cancelled"})


def new_id(prefix: str) -> str:
    """Return a fresh id of the service's form: a prefix and 32 hexadecimal digits."""
    return f"{prefix}-{uuid.uuid4().hex}"


@dataclass(frozen=True)
class Inspection:
    """What the service found in a file: how many examples it has, or why it is of no use."""

    examples: int
    error: str | None = None


@dataclass
class FileRecord:
    """A file of the account; `origin` says how its content came: upload, parts, import or service."""

    id: str
    filename: str
    purpose: str
    path: Path
    created_at: datetime
    origin: str
    bytes: int = 0
    status: str = "pending"
    since: datetime | None = None
    status_details: str | None = None
    examples: int = 0
    expires_at: datetime | None = None
    inspection: Future[Inspection] | None = None
    outcome: Mapping[str, Any] | None = None


@dataclass
class UploadRecord:
    """A file that arrives in parts."""

    id: str
    filename: str
    purpose: str
    bytes: int
    created_at: datetime
    expires_at: datetime
    status: str = "pending"
    parts: dict[str, Path] = field(default_factory=dict)
    file: FileRecord | None = None


@dataclass(frozen=True)
class Event:
    """Something that happened to a job."""

    id: str
    created_at: datetime
    message: str
    level: str = "info"
    metrics: Metrics | None = None


@dataclass(frozen=True)
class Checkpoint:
    """A model as it was at one step of a job, under the name that deploys it."""

    id: str
    created_at: datetime
    model_name: str
    step: int
    metrics: Metrics


@dataclass(frozen=True)
class Hyperparameters:
    """What the caller chose; None is automatic."""

    n_epochs: int | None = None
    batch_size: int | None = None
    learning_rate_multiplier: float | None = None


@dataclass(frozen=True)
class JobRequest:
    """What a caller asked a job to be, checked and resolved."""

    model: str
    base: BaseModel
    training_file: str
    validation_file: str | None
    hyperparameters: Hyperparameters
    seed: int
    training_type: str
    echoed_training_type: str | None
    suffix: str | None = None
    method: dict[str, Any] | None = None
    metadata: dict[str, str] | None = None

    @property
    def method_type(self) -> str:
        """Return supervised or dpo."""
        return self.method["type"] if self.method else "supervised"


@dataclass
class JobRecord:
    """A fine-tuning job; `phase` tells apart what the service calls `running` (training, postprocessing, refused)."""

    id: str
    request: JobRequest
    created_at: datetime
    estimated_finish: datetime
    status: str = "pending"
    phase: str = "queue"
    since: datetime | None = None
    trained_for: timedelta = timedelta(0)
    reported: int = 0  # how many metrics have become events
    training: Future[TrainingResult] | None = None
    abandoned: threading.Event = field(default_factory=threading.Event)
    fine_tuned_model: str | None = None
    trained_tokens: int | None = None
    finished_at: datetime | None = None
    result_files: list[str] = field(default_factory=list)
    error: dict[str, Any] | None = None
    events: list[Event] = field(default_factory=list)
    checkpoints: list[Checkpoint] = field(default_factory=list)
    outcome: Mapping[str, Any] | None = None

    @property
    def model_name(self) -> str:
        """Return the name that the model has when the job succeeds."""
        suffix = f"-{self.request.suffix}" if self.request.suffix else ""
        return f"{self.request.base.full_name}.ft-{self.id.removeprefix('ftjob-')}{suffix}"


@dataclass(frozen=True)
class TunedModelRecord:
    """A model that a job made, under the name it is deployed by."""

    name: str
    base: BaseModel
    model: TunedModel
    created_at: datetime
    job_id: str


@dataclass
class DeploymentRecord:
    """A deployment of a base model, or of a tuned one."""

    name: str
    model_name: str
    version: str
    base: BaseModel
    tuned: TunedModel | None
    sku: str
    capacity: int
    created_at: datetime
    changed_at: datetime
    last_used_at: datetime
    provisioning_state: str = "Creating"
    serving_from: datetime | None = None
    paused: bool = False
    tags: dict[str, str] | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    etag: str = field(default_factory=lambda: str(uuid.uuid4()))
    operation: str = field(default_factory=lambda: str(uuid.uuid4()))
    outcome: Mapping[str, Any] | None = None
    requests: list[tuple[datetime, int]] = field(default_factory=list)  # when, and how many tokens

    @property
    def usage_name(self) -> str:
        """Return the name of the quota that it uses up."""
        return self.base.usage_name(self.sku, fine_tuned=self.tuned is not None)


@dataclass
class OperationRecord:
    """A change that ARM carries out in its own time."""

    id: str
    started_at: datetime
    status: str = "InProgress"
    ended_at: datetime | None = None
