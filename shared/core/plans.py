"""What a dropper may ask for, what the settings allow, and the plan that follows."""

from decimal import Decimal
from typing import Annotated, Literal

from msgspec import Meta, Struct

from shared.core.verification import Question

Method = Literal["supervised", "dpo"]
TrainingType = Literal["Standard", "GlobalStandard", "developerTier"]


class Blob(Struct, frozen=True, kw_only=True):
    """One version of one blob."""

    container: str
    path: str
    etag: str
    size: int


class Hyperparameters(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """OpenAI's hyperparameters; None leaves the choice to the service."""

    n_epochs: Annotated[int, Meta(ge=1, le=50)] | None = None
    batch_size: Annotated[int, Meta(ge=1, le=4096)] | None = None
    learning_rate_multiplier: Annotated[float, Meta(gt=0, le=100)] | None = None
    beta: Annotated[float, Meta(gt=0, le=2)] | None = None


class DeploymentOptions(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The deployment asked for; an empty name is derived from the run."""

    # ARM: 2 to 64 characters; a dropper's name starts with a letter or digit. `$` would allow a line break at the end.
    name: Annotated[str, Meta(pattern=r"^([A-Za-z0-9][A-Za-z0-9_.-]{1,63})?\Z")] = ""
    sku: str = ""
    capacity: Annotated[int, Meta(ge=1, le=100_000)] | None = None


class VerificationQuestion(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A question as a dropper writes it: one `prompt`, with an optional `system` text, and a phrase to expect."""

    prompt: Annotated[str, Meta(min_length=1, max_length=8_000)]
    system: Annotated[str, Meta(max_length=8_000)] = ""
    expected: Annotated[str, Meta(max_length=200)] = ""


class VerificationOptions(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How to verify; without questions, up to three held-out validation examples are asked."""

    questions: Annotated[list[VerificationQuestion], Meta(max_length=20)] = []
    # Expected in every answer whose question has no phrase of its own.
    expected: Annotated[str, Meta(max_length=200)] = ""


class Options(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The options of a dataset, from its options file and the HTTP call; None leaves the choice to the settings."""

    # Long enough for a fine-tuned model that is tuned further: base model, ".ft-", 32 hex digits, suffix.
    base_model: Annotated[str, Meta(min_length=1, max_length=128)] | None = None
    method: Method | None = None
    seed: Annotated[int, Meta(ge=0, le=2_147_483_647)] | None = None
    # 18 characters is the smallest limit that Azure documents.
    suffix: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{1,18}\Z")] | None = None
    hyperparameters: Hyperparameters = Hyperparameters()
    training_type: TrainingType | None = None
    deployment: DeploymentOptions = DeploymentOptions()
    validation_split: Annotated[float, Meta(gt=0, le=0.5)] | None = None
    verification: VerificationOptions = VerificationOptions()


class Bounds(Struct, frozen=True, kw_only=True):
    """What the settings allow a dropper to ask for; nothing that a dropper writes can widen one."""

    base_models: tuple[str, ...]
    methods: tuple[str, ...]
    training_types: tuple[str, ...]
    skus: tuple[str, ...]
    max_epochs: int
    max_capacity: int
    max_file_bytes: int
    max_training_tokens: int
    max_usd_per_run: Decimal
    max_usd_per_day: Decimal
    max_runs_at_once: int


class Plan(Struct, frozen=True, kw_only=True):
    """Everything that a run will do, settled once intake has pinned its blobs; holds no prompt text."""

    run_id: str
    training: Blob
    validation: Blob | None = None
    options_file: Blob | None = None
    base_model: str
    method: Method
    seed: int
    suffix: str
    hyperparameters: Hyperparameters
    training_type: TrainingType
    deployment_name: str
    sku: str
    capacity: int
    validation_split: float | None = None
    questions: int = 0


class Script(Struct, frozen=True, kw_only=True):
    """The questions of a run's verification, from its options; lies in a private blob because it is prompt text."""

    questions: list[Question] = []
    expected: str = ""
