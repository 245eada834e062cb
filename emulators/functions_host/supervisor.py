"""Keeps a task hub and a worker running as processes of their own, so that either may be killed and nothing is lost."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from emulators.functions_host.options import HOPELESS, HostOptions

# A child that dies this often in this time will not get better.
MAX_FALSE_STARTS = 5
# Long enough for the hub to close its server and file.
STOP_TIMEOUT_SECONDS = 5.0


class HostFailedError(Exception):
    """The host cannot go on; the message says why."""


class Child:
    """One role's process, started again whenever it dies."""

    def __init__(self, role: str, options: HostOptions, on_ready: Callable[[dict[str, Any]], None]) -> None:
        self.role = role
        self.pid = 0
        self.ready = asyncio.Event()
        self._options = options
        self._on_ready = on_ready
        self._process: asyncio.subprocess.Process | None = None
        self._was_ready = False
        self._false_starts = 0

    async def keep_running(self) -> None:
        """Run until cancelled.

        Raises:
            HostFailedError: the process cannot start, or dies again and again.
        """
        while True:
            code = await self._run_once()
            if code == HOPELESS:
                msg = f"the {self.role} cannot start"
                raise HostFailedError(msg)
            # Killed from outside is no fault of its own; a child that was ready once can be ready again.
            self._false_starts = 0 if self._was_ready or code == -signal.SIGKILL else self._false_starts + 1
            if self._false_starts == MAX_FALSE_STARTS:
                msg = f"the {self.role} ended {MAX_FALSE_STARTS} times before it was ready (last code {code})"
                raise HostFailedError(msg)
            _say(f"the {self.role} ended with code {code}; starting it again")

    async def stop(self) -> None:
        """End the process, by force when it does not end in time."""
        process = self._process
        if process is None or process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), STOP_TIMEOUT_SECONDS)
        except TimeoutError:
            process.kill()
            await process.wait()

    async def _run_once(self) -> int:
        command = (sys.executable, "-m", "emulators.functions_host", "--child", self.role, self._options.to_json())
        self._process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,  # never written to: its end tells the child that its supervisor is gone
            stdout=asyncio.subprocess.PIPE,
            pass_fds=(self._options.socket_fd,) if self.role == "worker" else (),
            env={**os.environ, "PYTHONPATH": _import_path()},
        )
        self.pid, self._was_ready = self._process.pid, False
        if self._process.stdout and (line := await self._process.stdout.readline()):
            self._was_ready = True
            self._on_ready(json.loads(line))
            self.ready.set()
        return await self._process.wait()


class Supervisor:
    """A whole host; `run` returns when it has been told to stop."""

    def __init__(self, options: HostOptions, ready_file: Path | None = None) -> None:
        self._options = options
        self._ready_file = ready_file
        self._hub = Child("hub", options, lambda _: None)
        self._worker = Child("worker", options, self._announce)
        self._was_announced = False

    async def run(self) -> None:
        """Run until SIGINT or SIGTERM, then end every child.

        Raises:
            HostFailedError: the app cannot be indexed, or a child dies again and again.
        """
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for signal_number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(signal_number, stop.set)
        tasks = [asyncio.create_task(coroutine) for coroutine in (stop.wait(), self._run_hub(), self._run_worker())]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await asyncio.gather(self._worker.stop(), self._hub.stop())
            if self._ready_file:
                self._ready_file.unlink(missing_ok=True)

    async def _run_hub(self) -> None:
        await self._hub.keep_running()

    async def _run_worker(self) -> None:
        await self._hub.ready.wait()
        await self._worker.keep_running()

    def _announce(self, message: dict[str, Any]) -> None:
        options = self._options
        state = {
            "url": options.url,
            "hub": options.hub_address,
            "functions": message["functions"],
            "pid": os.getpid(),
            "worker_pid": self._worker.pid,
            "hub_pid": self._hub.pid,
            "keys_file": str(options.keys_file),
        }
        if self._ready_file:
            write_whole(self._ready_file, json.dumps(state))
        if not self._was_announced:
            self._was_announced = True
            print(f"{len(message['functions'])} functions at {options.url}", flush=True)  # noqa: T201 - the promised line


def write_whole(path: Path, text: str) -> None:
    """Write a file so that a reader sees either the old text or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + ".new")
    temporary.write_text(text)
    temporary.replace(path)


def listen(port: int) -> socket.socket:
    """Listen on a loopback port; workers inherit the socket, so that no request is refused between two of them."""
    listening = socket.create_server(("127.0.0.1", port), backlog=512)
    listening.set_inheritable(True)
    return listening


def _import_path() -> str:
    project = str(Path(__file__).resolve().parents[2])
    return os.pathsep.join(filter(None, (project, os.environ.get("PYTHONPATH"))))


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201 - meant for the terminal
