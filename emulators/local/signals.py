"""Turns the signals that end a program into one exception, so that everything started is ended on the way out."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

# Ctrl-C, a polite kill, and a terminal that is closed.
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(BaseException):
    """Somebody asked the program to stop."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number


_held = 0
_pending: int | None = None
_stopped = False


@contextmanager
def stop_signals() -> Iterator[None]:
    """Raise Stopped in the main thread at the first of the signals; ignore later ones, as it is stopping already."""
    global _held, _pending, _stopped
    _held, _pending, _stopped = 0, None, False
    before = {number: signal.signal(number, _on_signal) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def held() -> Iterator[None]:
    """Hold Stopped back until the block ends: what is started or ended in it is not left half-way."""
    global _held
    _held += 1
    try:
        yield
    finally:
        _held -= 1
        if not _held and _pending is not None:
            _raise(_pending)


def _on_signal(number: int, _frame: FrameType | None) -> None:
    global _pending
    if _stopped:
        return
    if _held:
        _pending = number
    else:
        _raise(number)


def _raise(number: int) -> None:
    global _stopped, _pending
    _stopped, _pending = True, None
    raise Stopped(number)
