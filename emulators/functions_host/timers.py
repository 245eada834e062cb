"""Fires timer-triggered functions on their NCRONTAB schedules."""

import asyncio
import json
import logging
from datetime import datetime, timedelta
from pathlib import Path

from emulators.clock import Clock
from emulators.functions_host.errors import IndexingError
from emulators.functions_host.worker import Function, FunctionError, Message, Worker, app_setting, typed

LOG = logging.getLogger(__name__)
# A clock that jumps gives no notice, so a due time is looked for this often.
TICK_SECONDS = 0.2
_FIELDS = (("second", 0, 59), ("minute", 0, 59), ("hour", 0, 23), ("day", 1, 31), ("month", 1, 12), ("weekday", 0, 7))
_NAMES = {
    name: str(number)
    for names, first in (("JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC", 1), ("SUN MON TUE WED THU FRI SAT", 0))
    for number, name in enumerate(names.split(), first)
}
_LONGEST_SEARCH = timedelta(days=366 * 8)  # 29 February comes back within eight years


class Schedule:
    """An NCRONTAB expression: {second} {minute} {hour} {day} {month} {day of week}, the second being optional.

    Raises:
        ValueError: the expression is not one.
    """

    def __init__(self, expression: str) -> None:
        fields = expression.split()
        if len(fields) == 5:
            fields = ["0", *fields]
        if len(fields) != len(_FIELDS):
            msg = f"{expression!r} is not an NCRONTAB expression of five or six fields"
            raise ValueError(msg)
        ranges = (_values(text, *bounds) for text, bounds in zip(fields, _FIELDS, strict=True))
        self._seconds, self._minutes, self._hours, self._days, self._months, weekdays = ranges
        self._weekdays = {day % 7 for day in weekdays}  # 0 and 7 are both Sunday

    def next_after(self, instant: datetime) -> datetime:
        """Return the first occurrence after an instant.

        Raises:
            ValueError: there is none, such as on 30 February.
        """
        at = instant.replace(microsecond=0) + timedelta(seconds=1)
        while at - instant < _LONGEST_SEARCH:
            if not self._is_day(at):
                at = at.replace(hour=0, minute=0, second=0) + timedelta(days=1)
            elif at.hour not in self._hours:
                at = at.replace(minute=0, second=0) + timedelta(hours=1)
            elif at.minute not in self._minutes:
                at = at.replace(second=0) + timedelta(minutes=1)
            elif at.second not in self._seconds:
                at += timedelta(seconds=1)
            else:
                return at
        msg = "the schedule never occurs"
        raise ValueError(msg)

    def _is_day(self, at: datetime) -> bool:
        return at.month in self._months and at.day in self._days and at.isoweekday() % 7 in self._weekdays


def _values(text: str, name: str, low: int, high: int) -> set[int]:
    values: set[int] = set()
    for part in text.upper().split(","):
        span, _, step = part.partition("/")
        first, dash, last = (_NAMES.get(end, end) for end in span.partition("-"))
        try:
            start = low if first == "*" else int(first)
            end = int(last) if dash else high if first == "*" or step else start
            chosen = range(start, end + 1, int(step or 1))
        except ValueError as error:
            msg = f"{text!r} is not a {name} field of an NCRONTAB expression"
            raise ValueError(msg) from error
        if not chosen or start < low or end > high:
            msg = f"the {name} field {text!r} leaves the range {low}-{high}"
            raise ValueError(msg)
        values.update(chosen)
    return values


class TimerTriggers:
    """The timer-triggered functions of a worker.

    The next occurrence of each is kept in the file `state`; one that passed while the host was down is run once, as
    past due, when it is back. Without a file nothing is past due.
    """

    def __init__(self, worker: Worker, clock: Clock, state: Path | None = None) -> None:
        self._worker = worker
        self._clock = clock
        self._state = state
        self._next: dict[str, str] = json.loads(state.read_text()) if state and state.exists() else {}
        self._functions = worker.by_type("timerTrigger")
        self._schedules = {f.name: _schedule(f) for f in self._functions}

    async def run(self) -> None:
        """Fire every function when it is due, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for function in self._functions:
                tasks.create_task(self._run_one(function))

    async def fire(self, function: Function, *, past_due: bool = False) -> None:
        """Run a function now; its failure is logged, for the next occurrence is its only retry."""
        try:
            await self._worker.invoke(function, _timer_info(past_due=past_due))
        except FunctionError as error:
            LOG.error("timer function %s failed: %s", function.name, error)

    async def _run_one(self, function: Function) -> None:
        schedule = self._schedules[function.name]
        stored = self._next.get(function.name)
        missed = stored is not None and datetime.fromisoformat(stored) < self._clock.now()
        if missed or function.trigger.get("runOnStartup"):
            await self.fire(function, past_due=missed)
        while True:
            due = schedule.next_after(self._clock.now())
            self._remember(function, due)
            while (left := (due - self._clock.now()).total_seconds()) > 0:  # noqa: ASYNC110 - a clock has no event
                await asyncio.sleep(min(left / self._clock.scale, TICK_SECONDS))
            await self.fire(function)

    def _remember(self, function: Function, due: datetime) -> None:
        self._next[function.name] = due.isoformat()
        if self._state:
            self._state.write_text(json.dumps(self._next))


def _schedule(function: Function) -> Schedule:
    try:
        return Schedule(app_setting(function.trigger["schedule"]))
    except ValueError as error:
        msg = f"{function.name}: {error}"
        raise IndexingError(msg) from error


def _timer_info(*, past_due: bool) -> Message:
    return typed("json", json.dumps({"IsPastDue": past_due, "ScheduleStatus": {}, "Schedule": {}}))
