"""Ends the process groups named on standard input when that input ends without the word "done"."""

import os
import signal
import sys
import time
from contextlib import suppress

KILL_AFTER_SECONDS = 8.0


def main() -> None:
    """Read process ids, one a line, until the writer says done or is gone; in the second case end them."""
    pids: list[int] = []
    for line in sys.stdin:
        if line.strip() == "done":
            return
        pids.append(int(line))
    _signal(pids, signal.SIGTERM)
    deadline = time.monotonic() + KILL_AFTER_SECONDS
    while time.monotonic() < deadline and any(map(_is_alive, pids)):
        time.sleep(0.1)
    _signal(pids, signal.SIGKILL)


def _signal(pids: list[int], number: int) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)
        if number == signal.SIGKILL:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(pid, number)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


if __name__ == "__main__":
    main()
