"""The account: everything it holds, the clock it lives by and the threads that compute for it."""

import shutil
import tempfile
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

from emulators.azure_openai.catalogue import find_model
from emulators.azure_openai.config import EmulatorConfig
from emulators.azure_openai.faults import Outcomes
from emulators.azure_openai.state.records import (
    DeploymentRecord,
    FileRecord,
    JobRecord,
    OperationRecord,
    TunedModelRecord,
    UploadRecord,
)

_WORKERS = 2


def utc_now() -> datetime:
    """Return the machine's time."""
    return datetime.now(UTC)


class Account:
    """One emulated Azure OpenAI account; used from one thread only, apart from the computations it hands out."""

    def __init__(self, config: EmulatorConfig, now: Callable[[], datetime] = utc_now) -> None:
        self.config = config
        self.now = now
        self.outcomes = Outcomes()
        self._owns_directory = config.state_directory is None
        root = config.state_directory or Path(tempfile.mkdtemp(prefix="azure-openai-"))
        self.directory = root / "content"
        self.workers = ThreadPoolExecutor(_WORKERS, thread_name_prefix="azure-openai")
        self._empty()

    def reset(self) -> None:
        """Forget everything and start again with the base deployments."""
        self.outcomes.clear()
        self._abandon()
        self._empty()

    def close(self) -> None:
        """End the computations and remove the scratch files."""
        self._abandon()
        self.workers.shutdown(wait=False, cancel_futures=True)
        shutil.rmtree(self.directory.parent if self._owns_directory else self.directory, ignore_errors=True)

    def new_path(self) -> Path:
        """Return a fresh place for content."""
        return self.directory / uuid.uuid4().hex

    def _abandon(self) -> None:
        for job in self.jobs.values():
            job.abandoned.set()

    def _empty(self) -> None:
        shutil.rmtree(self.directory, ignore_errors=True)
        self.directory.mkdir(parents=True)
        self.files: dict[str, FileRecord] = {}
        self.uploads: dict[str, UploadRecord] = {}
        self.jobs: dict[str, JobRecord] = {}
        self.models: dict[str, TunedModelRecord] = {}
        self.deployments: dict[str, DeploymentRecord] = {}
        self.operations: dict[str, OperationRecord] = {}
        self.slot_released_at: dict[str, datetime] = {}
        self.written_at: datetime | None = None  # the last accepted write of a deployment
        for deployment in self.config.base_deployments:
            base = find_model(deployment.model)
            if base is None:
                raise ValueError(f"The base deployment {deployment.name} names no known model: {deployment.model}.")
            at = self.now()
            self.deployments[deployment.name.casefold()] = DeploymentRecord(
                name=deployment.name,
                model_name=base.name,
                version=base.version,
                base=base,
                tuned=None,
                sku=deployment.sku,
                capacity=deployment.capacity,
                created_at=at,
                changed_at=at,
                last_used_at=at,
                provisioning_state="Succeeded",
                serving_from=at,
            )
