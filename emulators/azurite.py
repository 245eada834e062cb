"""Runs the storage emulator (Azurite, pinned in package.json) on free ports for as long as it is needed."""

import random
import socket
import subprocess
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

PROJECT = Path(__file__).resolve().parents[1]
EXECUTABLE = PROJECT / "node_modules" / ".bin" / "azurite"
START_TIMEOUT_SECONDS = 30
# The account and key that every installation of the storage emulator has; published by Microsoft, not a secret.
ACCOUNT = "devstoreaccount1"
ACCOUNT_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="


def connection_string(blob_port: int = 10000, queue_port: int = 10001, table_port: int = 10002) -> str:
    """Return the connection string of an emulated account on this machine; the ports default to Azurite's own."""
    ports = {"Blob": blob_port, "Queue": queue_port, "Table": table_port}
    endpoints = "".join(f"{kind}Endpoint=http://127.0.0.1:{port}/{ACCOUNT};" for kind, port in ports.items())
    return f"DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey={ACCOUNT_KEY};{endpoints}"


def free_ports(count: int) -> list[int]:
    """Return distinct loopback ports that nobody listens on right now.

    Raises:
        RuntimeError: there are not so many.
    """
    found: list[int] = []
    with ExitStack() as stack:
        # Below what systems give out by themselves (32768 and up on Linux): no connection and no server that asks for
        # any port can take one between this look and its use.
        for port in random.SystemRandom().sample(range(20_000, 32_768), k=2_000):
            try:
                stack.enter_context(socket.create_server(("127.0.0.1", port)))
            except OSError:
                continue
            found.append(port)
            if len(found) == count:
                return found
    msg = f"no {count} free ports on this machine"
    raise RuntimeError(msg)


class Azurite:
    """A context manager: starts Azurite, waits until it listens, ends it by its process id.

    `location` keeps the data; without one they vanish with the emulator.

    Raises:
        FileNotFoundError: the npm packages are not installed.
        RuntimeError: Azurite ended or did not listen in time.
    """

    def __init__(self, location: Path | None = None) -> None:
        self._location = location
        self._stack = ExitStack()
        self.blob_port, self.queue_port, self.table_port = free_ports(3)

    @property
    def connection_string(self) -> str:
        """Return what a storage SDK needs to reach the emulated account."""
        return connection_string(self.blob_port, self.queue_port, self.table_port)

    @property
    def blob_endpoint(self) -> str:
        """Return the URL of the account's blob service, without a trailing slash."""
        return f"http://127.0.0.1:{self.blob_port}/{ACCOUNT}"

    def __enter__(self) -> Self:
        if not EXECUTABLE.exists():
            msg = f"{EXECUTABLE} is missing: run `npm ci` in {PROJECT} first"
            raise FileNotFoundError(msg)
        with ExitStack() as stack:
            location = self._location or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="azurite-")))
            location.mkdir(parents=True, exist_ok=True)
            # In a session of its own, a Ctrl-C at the terminal does not reach it: it is ended after what uses it.
            nothing = subprocess.DEVNULL
            process = subprocess.Popen(self._command(location), stdout=nothing, stdin=nothing, start_new_session=True)
            stack.callback(_end, process)
            self.pid = process.pid
            for port in (self.blob_port, self.queue_port, self.table_port):
                _wait_until_listening(process, port)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def _command(self, location: Path) -> list[str]:
        # The SDK speaks a newer API version than Azurite knows; the calls used here have not changed.
        options = ["--silent", "--skipApiVersionCheck", "--disableTelemetry", "--location", str(location)]
        for kind, port in (("blob", self.blob_port), ("queue", self.queue_port), ("table", self.table_port)):
            options += [f"--{kind}Host", "127.0.0.1", f"--{kind}Port", str(port)]
        return [str(EXECUTABLE), *options]


def _wait_until_listening(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + START_TIMEOUT_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            msg = f"Azurite ended with code {process.returncode} before it listened on port {port}"
            raise RuntimeError(msg)
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    msg = f"Azurite did not listen on port {port} within {START_TIMEOUT_SECONDS} s"
    raise RuntimeError(msg)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(timeout=5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
