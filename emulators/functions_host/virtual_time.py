"""Makes each hub's threads read the hub's clock where Microsoft's backend asks for the machine's time."""

import threading
from datetime import datetime, tzinfo

from durabletask.testing import in_memory_backend

from emulators.clock import Clock

_thread = threading.local()
_users = 0
_lock = threading.Lock()


class _HubDatetime(datetime):
    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
        clock: Clock | None = getattr(_thread, "clock", None)
        return clock.now() if clock else datetime.now(tz)


def follow(clock: Clock) -> None:
    """Make the calling thread live in the time of this clock."""
    _thread.clock = clock


def install() -> None:
    """Put the hub's time in place of the machine's inside the backend's module; pair with `uninstall`."""
    global _users
    with _lock:
        _users += 1
        in_memory_backend.datetime = _HubDatetime  # type: ignore[misc]


def uninstall() -> None:
    """Give the backend's module the machine's time back when the last hub has ended."""
    global _users
    with _lock:
        _users -= 1
        if not _users:
            in_memory_backend.datetime = datetime  # type: ignore[misc]
