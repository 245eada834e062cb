"""The one notion of time that emulators share: real, scaled or jumping."""

import threading
from datetime import UTC, datetime, timedelta


class Clock:
    """A clock whose time runs `scale` times as fast as the machine's, and that can be moved forward.

    `auto` says that whoever owns timers (the task hub) may jump to the next one whenever nothing is left to do; the
    clock itself never moves on its own. `origin` is the instant at which this clock and the machine's agree: two
    processes with one origin and one scale have one time.
    """

    def __init__(self, scale: float = 1.0, *, auto: bool = False, origin: datetime | None = None) -> None:
        if scale <= 0:
            msg = f"a clock's scale must be positive, not {scale}"
            raise ValueError(msg)
        self.scale = scale
        self.auto = auto
        self._origin = origin or datetime.now(UTC)
        self._ahead = timedelta()
        self._lock = threading.Lock()

    def now(self) -> datetime:
        """Return the current time, aware and in UTC."""
        real = datetime.now(UTC)
        return self._origin + (real - self._origin) * self.scale + self._ahead

    def jump(self, to: datetime) -> None:
        """Move forward to the instant `to`; an instant already past changes nothing."""
        with self._lock:
            self._ahead += max(to - self.now(), timedelta())

    def advance(self, by: timedelta) -> None:
        """Move forward by a duration.

        Raises:
            ValueError: the duration is negative; time never goes back.
        """
        if by < timedelta():
            msg = f"a clock cannot go back by {-by}"
            raise ValueError(msg)
        with self._lock:
            self._ahead += by
