"""What a run is and what is known of it: the types that cross the durable boundary, API and report."""

from datetime import datetime
from typing import Literal

from msgspec import Struct, field

from shared.core.deployments import DeploymentSnapshot
from shared.core.failures import Failure
from shared.core.jobs import JobSnapshot
from shared.core.plans import Plan
from shared.core.validation import CostEstimate, ValidationSummary
from shared.core.verification import VerificationSummary

RunStatus = Literal["running", "succeeded", "failed", "rejected", "superseded", "cancelled"]
StageName = Literal["intake", "validation", "upload", "training", "deployment", "verification", "publication"]
StageStatus = Literal["pending", "running", "succeeded", "failed", "skipped"]

STAGES: tuple[StageName, ...] = (
    "intake",
    "validation",
    "upload",
    "training",
    "deployment",
    "verification",
    "publication",
)


class Pace(Struct, frozen=True, kw_only=True):
    """How patient a run is, in seconds; taken from the settings at its start, so that a replay sees the same."""

    grace_seconds: float = 60
    min_poll_seconds: float = 15
    max_poll_seconds: float = 600
    file_deadline_seconds: float = 3_600
    # The service ends a job after 720 hours; a queue may hold it before that.
    training_deadline_seconds: float = 35 * 86_400
    deployment_deadline_seconds: float = 2 * 3_600
    # Azure says five minutes; field reports say longer.
    answer_deadline_seconds: float = 1_200
    verification_deadline_seconds: float = 3_600


class RunRequest(Struct, frozen=True, kw_only=True):
    """Why a run exists: one version of one training blob, asked for by a blob event or by an HTTP call."""

    run_id: str
    container: str
    path: str
    etag: str
    source: Literal["blob", "http"]
    requested_at: datetime
    pace: Pace = Pace()


class StageRecord(Struct, kw_only=True):
    """When a stage ran and how it ended."""

    name: StageName
    status: StageStatus = "pending"
    started_at: datetime | None = None
    finished_at: datetime | None = None


class UploadedFiles(Struct, frozen=True, kw_only=True):
    """Ids of the run's files at Azure OpenAI; empty where there is none."""

    training: str = ""
    validation: str = ""


class ReportLinks(Struct, frozen=True, kw_only=True):
    """Where the report lies: `container/path` of each part."""

    json: str
    html: str


class RunState(Struct, kw_only=True):
    """All that is known of a run; also its custom status and its output, so it stays far under 16 KB."""

    run_id: str
    dataset: str
    etag: str
    source: Literal["blob", "http"]
    requested_at: datetime
    status: RunStatus = "running"
    stage: StageName = "intake"
    since: datetime | None = None
    waiting_for: str = ""
    next_check_at: datetime | None = None
    finished_at: datetime | None = None
    stages: list[StageRecord] = field(default_factory=lambda: [StageRecord(name=name) for name in STAGES])
    plan: Plan | None = None
    validation: ValidationSummary | None = None
    estimate: CostEstimate | None = None
    files: UploadedFiles | None = None
    job: JobSnapshot | None = None
    deployment: DeploymentSnapshot | None = None
    verification: VerificationSummary | None = None
    failure: Failure | None = None
    warnings: list[str] = field(default_factory=list)
    cleaned_up: list[str] = field(default_factory=list)
    report: ReportLinks | None = None
    # The sub-orchestration that waits for the run at the moment; it knows more than its parent.
    waiting_instance: str = ""


class LiveProgress(Struct, kw_only=True):
    """What a waiting sub-orchestration knows before its parent does; its custom status."""

    waiting_for: str
    checks: int
    next_check_at: datetime | None = None
    job: JobSnapshot | None = None
    deployment: DeploymentSnapshot | None = None
