"""What an emulated account is like: who it is, how fast it works, what it allows."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Literal, Self

_ZERO = timedelta(0)


@dataclass(frozen=True)
class Pace:
    """How long slow resources take; `manual` waits for the admin route to move each of them a state on."""

    mode: Literal["immediate", "timed", "manual"] = "immediate"
    file_processing: timedelta = _ZERO
    queue: timedelta = _ZERO
    training: timedelta = _ZERO
    training_per_example: timedelta = _ZERO
    postprocessing: timedelta = _ZERO
    pausing: timedelta = _ZERO
    deployment: timedelta = _ZERO
    deletion: timedelta = _ZERO
    data_plane_lag: timedelta = _ZERO
    # How long after a write of a deployment any other write of the account is refused with RequestConflict.
    accepting: timedelta = _ZERO

    @classmethod
    def instant(cls) -> Self:
        """Return a pace at which everything is finished when it is looked at again."""
        return cls()

    @classmethod
    def manual(cls) -> Self:
        """Return a pace at which nothing moves by itself."""
        return cls(mode="manual")

    @classmethod
    def demo(cls) -> Self:
        """Return a pace that shows every state within half a minute."""
        return cls(
            mode="timed",
            file_processing=timedelta(seconds=1),
            queue=timedelta(seconds=2),
            training=timedelta(seconds=8),
            postprocessing=timedelta(seconds=1),
            pausing=timedelta(seconds=1),
            deployment=timedelta(seconds=3),
            data_plane_lag=timedelta(seconds=2),
            accepting=timedelta(milliseconds=300),
        )

    @classmethod
    def realistic(cls) -> Self:
        """Return a pace of minutes to hours, as users of the service report it; meant for a virtual clock."""
        return cls(
            mode="timed",
            file_processing=timedelta(seconds=20),
            queue=timedelta(minutes=15),
            training=timedelta(minutes=40),
            training_per_example=timedelta(milliseconds=200),
            postprocessing=timedelta(minutes=20),
            pausing=timedelta(minutes=5),
            deployment=timedelta(minutes=6),
            data_plane_lag=timedelta(minutes=3),
            accepting=timedelta(seconds=10),
        )


PACES = {"instant": Pace.instant, "manual": Pace.manual, "demo": Pace.demo, "realistic": Pace.realistic}


@dataclass(frozen=True)
class Limits:
    """What one account may hold (quotas-limits in Microsoft's documentation; capabilities of a recorded account)."""

    file_bytes: int = 512_000_000
    all_files_bytes: int = 1_000_000_000
    files: int = 100
    # A plain upload beyond this is accepted and processed, yet the job that uses it fails.
    plain_upload_bytes: int = 150_000_000
    upload_bytes: int = 9_000_000_000
    upload_lifetime: timedelta = timedelta(hours=2)
    examples: int = 10
    jobs: int = 500
    running_jobs: int = 3
    running_developer_jobs: int = 5
    queued_jobs: int = 20
    fine_tuned_deployments: int = 10
    developer_lifetime: timedelta = timedelta(hours=24)
    idle_lifetime: timedelta = timedelta(days=15)
    import_seconds: int = 3600


@dataclass(frozen=True)
class BaseDeployment:
    """A deployment of a base model that exists from the start."""

    name: str
    model: str
    sku: str = "GlobalStandard"
    capacity: int = 50


_BASE_DEPLOYMENTS = (BaseDeployment("gpt-4o-mini", "gpt-4o-mini"), BaseDeployment("gpt-4.1-mini", "gpt-4.1-mini"))


@dataclass(frozen=True)
class EmulatorConfig:
    """Everything that can be chosen about an emulated account; the defaults suit a test."""

    subscription_id: str = "00000000-0000-0000-0000-00000000a0a1"
    resource_group: str = "rg-emulated"
    account: str = "emulated-openai"
    region: str = "swedencentral"
    api_key: str = field(default_factory=lambda: uuid.uuid4().hex)
    identity_header: str = field(default_factory=lambda: uuid.uuid4().hex)
    pace: Pace = field(default_factory=Pace.instant)
    limits: Limits = field(default_factory=Limits)
    base_deployments: tuple[BaseDeployment, ...] = _BASE_DEPLOYMENTS
    # Quota by usage name, in thousands of tokens per minute; what is not named here has the default.
    quotas: Mapping[str, int] = field(default_factory=dict)
    default_quota: int = 1000
    default_finetune_quota: int = 250
    content_filter_marker: str = "EMULATED-CONTENT-FILTER"
    enforce_rate_limits: bool = False
    # How long a request waits for a computation that the clock says is over.
    computation_wait: timedelta = timedelta(seconds=60)
    state_directory: Path | None = None

    @property
    def resource_id(self) -> str:
        """Return the account's ARM id."""
        return (
            f"/subscriptions/{self.subscription_id}/resourceGroups/{self.resource_group}"
            f"/providers/Microsoft.CognitiveServices/accounts/{self.account}"
        )

    def quota(self, usage_name: str) -> int:
        """Return the quota of a usage name, in thousands of tokens per minute."""
        fallback = self.default_finetune_quota if usage_name.endswith("-finetune") else self.default_quota
        return self.quotas.get(usage_name, fallback)
