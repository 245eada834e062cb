"""Child processes that say in a file when they are ready, and that never outlive their parent."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

START_SECONDS = 30.0
# The Functions host lets its worker finish what it does; longer than this nobody wants to wait at a terminal.
END_SECONDS = 8.0
POLL_SECONDS = 0.05
LOG_LINES_SHOWN = 15


class ChildError(Exception):
    """A child process did not start, or ended by itself; the message shows the end of its log."""


class Watchdog:
    """A context manager: a small process that ends the children named to it when this process is gone.

    It holds the reading end of a pipe, which the system closes however this process ends, even by SIGKILL.
    """

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "emulators.local.watchdog"]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, text=True, start_new_session=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(OSError):  # somebody killed it: nothing is left to tell
            self._say("done")
            self._pipe.close()
        self._process.wait()

    def watch(self, pid: int) -> None:
        """Have this process ended as well, should the program end without doing so itself."""
        self._say(str(pid))

    def _say(self, line: str) -> None:
        self._pipe.write(f"{line}\n")
        self._pipe.flush()

    @property
    def _pipe(self) -> IO[str]:
        if self._process.stdin is None:
            msg = "the watchdog was started without a pipe"
            raise RuntimeError(msg)
        return self._process.stdin


class Child:
    """One child process with its log; `ready` is what its ready file said."""

    def __init__(self, name: str, process: subprocess.Popen[bytes], log: Path, ready_file: Path) -> None:
        self.name = name
        self.process = process
        self.log = log
        self.ready: dict[str, Any] = {}
        self._ready_file = ready_file

    def wait_until_ready(self) -> dict[str, Any]:
        """Return what the ready file says once it is there. Raises: ChildError."""
        deadline = time.monotonic() + START_SECONDS
        while not self._read():
            self.check()
            if time.monotonic() > deadline:
                msg = f"{self.name} was not ready within {START_SECONDS:.0f} s\n{self.log_tail()}"
                raise ChildError(msg)
            time.sleep(POLL_SECONDS)
        return self.ready

    def _read(self) -> bool:
        try:
            self.ready = json.loads(self._ready_file.read_text())
        except (FileNotFoundError, json.JSONDecodeError):
            return False  # not there yet, or only half of it is
        return True

    def check(self) -> None:
        """Raise ChildError if the process has ended."""
        if (status := self.process.poll()) is not None:
            msg = f"{self.name} ended with status {status}\n{self.log_tail()}"
            raise ChildError(msg)

    def log_tail(self) -> str:
        """Return the last lines of the log, and where the rest lies."""
        lines = self.log.read_text(errors="replace").splitlines()[-LOG_LINES_SHOWN:] if self.log.exists() else []
        return "\n".join([*(f"  | {line}" for line in lines), f"  (log: {self.log})"])


@contextmanager
def child_process(
    name: str, command: Sequence[str], *, folder: Path, environ: Mapping[str, str], watchdog: Watchdog
) -> Iterator[Child]:
    """Start a child of its own process group; `--ready-file PATH` is added to its command. End the group afterwards."""
    folder.mkdir(parents=True, exist_ok=True)
    log, ready_file = folder / f"{name}.log", folder / f"{name}.ready.json"
    ready_file.unlink(missing_ok=True)
    with log.open("wb") as output:
        # A group of its own: Ctrl-C goes to this program alone, which ends its children in their order.
        process = subprocess.Popen(
            [*command, "--ready-file", str(ready_file)],
            env=dict(environ), stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, process_group=0,
        )  # fmt: skip
    watchdog.watch(process.pid)
    try:
        yield Child(name, process, log, ready_file)
    finally:
        end_group(process)
        ready_file.unlink(missing_ok=True)


def end_group(process: subprocess.Popen[bytes], patience: float = END_SECONDS) -> None:
    """Ask a group's leader to end, give it `patience` seconds, then kill whatever is left of the group."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return  # nothing is left, as it should be


def has_ended(pid: int) -> bool:
    """Tell whether a child that somebody else waits for has ended, without taking its exit status from them."""
    try:
        return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:
        return True
