"""Rings at due times of a clock that may run fast or jump: one heap and one thread for every timer of the hub."""

import heapq
import itertools
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from emulators.clock import Clock

# How long the thread sleeps at most: after it, frozen workers are looked for.
IDLE_SECONDS = 0.5


@dataclass(order=True)
class Alarm:
    """Something to do at an instant, unless nobody wants it any more by then."""

    due: datetime
    order: int
    ring: Callable[[], None] = field(compare=False)
    is_wanted: Callable[[], bool] = field(compare=False)


class Alarms:
    """The heap of alarms; every method must be called with the hub's lock held, and alarms ring under it."""

    def __init__(self, clock: Clock, lock: threading.RLock) -> None:  # type: ignore[valid-type]
        self._clock = clock
        self._changed = threading.Condition(lock)
        self._heap: list[Alarm] = []
        self._order = itertools.count()

    def add(self, due: datetime, ring: Callable[[], None], is_wanted: Callable[[], bool] = lambda: True) -> None:
        """Ring at `due`, at once when that is past, unless `is_wanted` says no by then."""
        heapq.heappush(self._heap, Alarm(due, next(self._order), ring, is_wanted))
        self._changed.notify_all()

    def reconsider(self) -> None:
        """Look again: the clock has moved, or the hub may have become idle."""
        self._changed.notify_all()

    def ring_next(self, *, idle: Callable[[], bool]) -> bool:
        """Wait until an alarm is due, at most `IDLE_SECONDS`, and ring it; say whether one rang."""
        while self._heap and not self._heap[0].is_wanted():
            heapq.heappop(self._heap)
        if not self._heap:
            self._changed.wait(IDLE_SECONDS)
            return False
        alarm = self._heap[0]
        if self._clock.auto and idle():
            self._clock.jump(alarm.due)
        left = (alarm.due - self._clock.now()).total_seconds()
        if left > 0:
            self._changed.wait(min(left / self._clock.scale, IDLE_SECONDS))
            return False
        heapq.heappop(self._heap)
        alarm.ring()
        return True
