"""The emulator without its sockets: the account, its way through time, the trouble on order and the request log."""

from collections import Counter, deque
from collections.abc import Callable
from datetime import datetime
from typing import Any

from emulators.azure_openai.config import EmulatorConfig
from emulators.azure_openai.faults import Faults
from emulators.azure_openai.progression import Progression
from emulators.azure_openai.state.account import Account
from emulators.azure_openai.state.deployments import describe
from emulators.azure_openai.wire.data_plane import file_json, job_json

_LOGGED_REQUESTS = 1000


class Service:
    """All that the routes need; it lives on one event loop."""

    def __init__(self, config: EmulatorConfig, now: Callable[[], datetime]) -> None:
        self.config = config
        self.account = Account(config, now)
        self.progression = Progression(self.account)
        self.faults = Faults()
        self.counts: Counter[str] = Counter()
        self.requests: deque[dict[str, Any]] = deque(maxlen=_LOGGED_REQUESTS)

    def reset(self) -> None:
        """Forget all resources, rules, orders and requests."""
        self.faults.clear()
        self.counts.clear()
        self.requests.clear()
        self.account.reset()

    def close(self) -> None:
        """Give back threads and scratch files."""
        self.account.close()

    def log(self, operation: str, method: str, path: str, status: int | None) -> None:
        """Note a request that was answered (None: the connection was dropped); bodies are never kept."""
        at = self.account.now().isoformat()
        self.requests.append({"operation": operation, "method": method, "path": path, "status": status, "at": at})

    def state(self) -> dict[str, Any]:
        """Return what the account holds now and what was asked of it, as JSON."""
        self.progression.advance()
        account = self.account
        return {
            "files": [file_json(file) for file in account.files.values()],
            "uploads": [{"id": upload.id, "status": upload.status} for upload in account.uploads.values()],
            "jobs": [job_json(job) for job in account.jobs.values()],
            "models": sorted({model.name for model in account.models.values()}),
            "deployments": [describe(deployment) for deployment in account.deployments.values()],
            "faults": self.faults.describe(),
            "outcomes": account.outcomes.describe(),
            "counts": dict(self.counts),
            "requests": list(self.requests),
        }
