"""What the hub knows about one generation of an orchestration beyond what Microsoft's backend keeps."""

import itertools
import time
from dataclasses import dataclass, field
from datetime import datetime

from durabletask.testing.in_memory_backend import ActivityWorkItem, OrchestrationInstance

# Counts on from the time of day, so that no number is ever given twice, not even after a restart.
_epochs = itertools.count(time.time_ns())


@dataclass(frozen=True)
class Watcher:
    """A parent that waits for the end of a sub-orchestration."""

    parent_id: str
    parent_epoch: int
    task_id: int


@dataclass
class Execution:
    """What one generation of an instance waits for; continue_as_new and a restart begin a new one."""

    epoch: int = field(default_factory=_epochs.__next__)
    activities: dict[int, ActivityWorkItem] = field(default_factory=dict)
    timers: dict[int, datetime] = field(default_factory=dict)
    start_at: datetime | None = None
    watchers: list[Watcher] = field(default_factory=list)


def execution_of(instance: OrchestrationInstance) -> Execution:
    """Return the current generation of an instance."""
    # It lives on the instance, so that a purge, a replacement or a saved copy of the instance takes it along.
    return vars(instance).setdefault("execution", Execution())


def renew_execution(instance: OrchestrationInstance) -> None:
    """Begin a new generation: what the old one waited for is forgotten, who waits for the instance is not."""
    vars(instance)["execution"] = Execution(watchers=execution_of(instance).watchers)
