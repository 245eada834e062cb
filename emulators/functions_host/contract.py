"""Names the private parts of Microsoft's in-memory backend that the hub builds on, and checks that they exist.

The backend has no public extension points. Everything the hub touches beyond its gRPC methods is in the tables below,
so that an upgrade that renames something fails here, with a sentence, instead of somewhere in the middle of a run.
"""

import importlib.metadata
import inspect

from durabletask.testing import in_memory_backend

VERSION = "1.12.0"

# attribute: what the hub does with it
ATTRIBUTES = {
    "_lock": "guards every change of state",
    "_instances": "orchestrations by id",
    "_entities": "entities by id",
    "_activity_queue": "activities to hand out",
    "_orchestration_queue": "instances with something to do",
    "_orchestration_queue_set": "the same as a set",
    "_orchestration_in_flight": "instances handed to a worker",
    "_entity_queue": "entities with operations to do",
    "_entity_queue_set": "the same as a set",
    "_entity_in_flight": "entities handed to a worker",
    "_pending_lock_requests": "critical sections that wait",
    "_next_completion_token": "counter behind every completion token",
    "_work_available": "wakes the streams of work items",
    "_shutdown_event": "ends the streams of work items",
    "_state_waiters": "clients that wait for a state",
}

# method: "calls" it, or "overrides" it to change what it does
METHODS = {
    "_is_terminal_status": "calls",
    "_signal_entity_internal": "calls",
    "_enqueue_orchestration": "overrides",
    "_enqueue_entity": "overrides",
    "_process_schedule_task_action": "overrides",
    "_process_create_timer_action": "overrides",
    "_process_complete_orchestration_action": "overrides",
    "_process_create_sub_orchestration_action": "overrides",
    "_watch_sub_orchestration": "overrides",
    "_notify_waiters": "overrides",
    "_schedule_delayed_entity_operation": "overrides",
    "_queue_entity_operation": "overrides",
    "_can_grant_lock": "overrides",
    "_grant_lock": "overrides",
    "_try_grant_pending_locks": "overrides",
}

# module global: what the hub does with it
GLOBALS = {"datetime": "replaced while a hub runs, so that a hub's threads read the hub's clock"}


def missing_names() -> list[str]:
    """Return the names of the tables that the installed backend does not have."""
    backend = in_memory_backend.InMemoryOrchestrationBackend
    source = inspect.getsource(backend.__init__)
    missing = [name for name in ATTRIBUTES if f"self.{name}:" not in source and f"self.{name} =" not in source]
    missing += [name for name in METHODS if not callable(getattr(backend, name, None))]
    return missing + [name for name in GLOBALS if not hasattr(in_memory_backend, name)]


def check() -> None:
    """Refuse to go on with a backend that this hub was not written for.

    Raises:
        ImportError: the installed durabletask lacks a name of the tables.
    """
    if missing := missing_names():
        found = importlib.metadata.version("durabletask")
        msg = (
            f"the task hub is written for durabletask {VERSION}; the installed {found} has no "
            f"{', '.join(missing)}: install {VERSION}, or teach emulators/functions_host the new names"
        )
        raise ImportError(msg)


check()
