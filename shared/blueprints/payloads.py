"""What the activities take and give; fields live in histories, so they may be added but never renamed."""

from msgspec import Struct

from shared.core.deployments import DeploymentSnapshot
from shared.core.failures import Failure
from shared.core.plans import Blob, Plan
from shared.core.runs import UploadedFiles
from shared.core.validation import CostEstimate, SplitName, ValidationSummary


class DatasetPath(Struct, frozen=True, kw_only=True):
    """Takes: where a dataset's training blob lies."""

    container: str
    path: str


class PartsFound(Struct, frozen=True, kw_only=True):
    """Gives: whether there is nothing left to wait for."""

    complete: bool


class ForPlan(Struct, frozen=True, kw_only=True):
    """Takes: the plan alone."""

    plan: Plan


class SplitBlobs(Struct, frozen=True, kw_only=True):
    """Gives: the two parts that a training blob was split into."""

    training: Blob | None = None
    validation: Blob | None = None
    failure: Failure | None = None


class Validated(Struct, frozen=True, kw_only=True):
    """Gives: what validation found and what training would cost."""

    summary: ValidationSummary | None = None
    estimate: CostEstimate | None = None
    failure: Failure | None = None


class Admission(Struct, frozen=True, kw_only=True):
    """Takes: a plan with its estimate."""

    plan: Plan
    estimate: CostEstimate


class SplitUpload(Struct, frozen=True, kw_only=True):
    """Takes: which split of a plan to upload."""

    plan: Plan
    split: SplitName


class FileCheck(Struct, frozen=True, kw_only=True):
    """Takes: a file to look at."""

    file_id: str
    split: SplitName


class JobCreation(Struct, frozen=True, kw_only=True):
    """Takes: the plan and its uploaded files."""

    plan: Plan
    files: UploadedFiles


class JobCheck(Struct, frozen=True, kw_only=True):
    """Takes: a job to look at."""

    job_id: str


class DeploymentCreation(Struct, frozen=True, kw_only=True):
    """Takes: the plan and the fine-tuned model."""

    plan: Plan
    model: str


class DeploymentCheck(Struct, frozen=True, kw_only=True):
    """Takes: a deployment to look at."""

    deployment: DeploymentSnapshot


class VerificationInput(Struct, frozen=True, kw_only=True):
    """Takes: the plan and the model that must answer."""

    plan: Plan
    model: str


class Release(Struct, frozen=True, kw_only=True):
    """Takes: the run that ends, and whether a job may have been created for it."""

    run_id: str
    spent: bool


class Nothing(Struct, frozen=True, kw_only=True):
    """Gives: nothing to tell."""
