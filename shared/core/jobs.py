"""Fine-tuning jobs: what we keep of them and what their states mean."""

from datetime import datetime
from typing import Literal

from msgspec import Struct


class TrainingMetrics(Struct, frozen=True, kw_only=True):
    """One point of the loss curve; a value is None where the step was not measured."""

    step: int
    train_loss: float | None = None
    train_mean_token_accuracy: float | None = None
    valid_loss: float | None = None
    valid_mean_token_accuracy: float | None = None


class JobSnapshot(Struct, frozen=True, kw_only=True):
    """A fine-tuning job as the service last described it; `status` verbatim."""

    id: str
    status: str
    created_at: datetime | None = None
    finished_at: datetime | None = None
    estimated_finish: datetime | None = None
    fine_tuned_model: str = ""
    trained_tokens: int | None = None
    seed: int | None = None
    n_epochs: int | str | None = None
    batch_size: int | str | None = None
    learning_rate_multiplier: float | str | None = None
    result_file: str = ""
    error_code: str = ""
    error_message: str = ""
    last_event: str = ""
    metrics: TrainingMetrics | None = None


JobOutcome = Literal["wait", "succeeded", "failed", "cancelled"]


def job_outcome(status: str) -> JobOutcome:
    """Return what a job's status means for the run; anything unknown is waited on (within the run's deadline)."""
    outcomes: dict[str, JobOutcome] = {"succeeded": "succeeded", "failed": "failed", "cancelled": "cancelled"}
    return outcomes.get(status, "wait")
