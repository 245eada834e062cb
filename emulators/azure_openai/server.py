"""The emulator in a process of its own or beside a test: a server on a background thread."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from datetime import datetime
from typing import Any, Self

from aiohttp import web

from emulators.azure_openai.app import build_app
from emulators.azure_openai.config import EmulatorConfig
from emulators.azure_openai.faults import Fault
from emulators.azure_openai.service import Service
from emulators.azure_openai.state.account import utc_now

_HOST = "127.0.0.1"
_START_SECONDS = 30
_CALL_SECONDS = 120
_SHUTDOWN_SECONDS = 1.0  # open connections are test clients' pools, nobody waits for them


class AzureOpenAIEmulator:
    """One emulated account on a loopback address; `now` may be a virtual clock, as all progress is derived from it."""

    def __init__(self, config: EmulatorConfig | None = None, now: Callable[[], datetime] = utc_now) -> None:
        self.config = config or EmulatorConfig()
        self._now = now
        self._service: Service | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._stopping: asyncio.Event | None = None
        self._port = 0

    def __enter__(self) -> Self:
        """Start on a free port."""
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self.stop()

    def start(self, port: int = 0) -> str:
        """Serve on a port (0: a free one) and return the URL.

        Raises:
            OSError: the port is taken.
        """
        if self._thread is not None:
            raise RuntimeError("The emulator is running already.")
        started: list[BaseException | None] = []
        ready = threading.Event()
        self._thread = threading.Thread(
            target=self._run, args=(port, ready, started), name="azure-openai-emulator", daemon=True
        )
        self._thread.start()
        if not ready.wait(_START_SECONDS):
            raise TimeoutError("The emulator did not start in time.")
        if started and started[0] is not None:
            self._thread = None
            raise started[0]
        return self.url

    def stop(self) -> None:
        """Stop serving and forget everything; stopping twice is as good as once."""
        thread, loop, stopping = self._thread, self._loop, self._stopping
        if thread is None or loop is None or stopping is None:
            return
        loop.call_soon_threadsafe(stopping.set)
        thread.join(_START_SECONDS)
        self._thread = self._loop = self._stopping = self._service = None

    @property
    def url(self) -> str:
        """Return the address, without a slash at the end."""
        return f"http://{_HOST}:{self._port}"

    @property
    def resource_id(self) -> str:
        """Return the account's ARM id."""
        return self.config.resource_id

    @property
    def api_key(self) -> str:
        """Return the account's key."""
        return self.config.api_key

    @property
    def identity_environment(self) -> dict[str, str]:
        """Return the environment by which azure-identity finds the emulated managed identity."""
        return {"IDENTITY_ENDPOINT": f"{self.url}/msi/token", "IDENTITY_HEADER": self.config.identity_header}

    @property
    def state(self) -> dict[str, Any]:
        """Return files, jobs, models, deployments, and the requests counted and listed by operation."""
        return self._call(lambda service: service.state())

    def add_fault(self, operation: str, **rule: Any) -> str:
        """Let requests fail by a rule (the members of `Fault`) and return the rule's id."""
        fault = Fault.parse({"operation": operation, **rule})
        return self._call(lambda service: service.faults.add(fault))

    def clear_faults(self) -> None:
        """Lift all rules."""
        self._call(lambda service: service.faults.clear())

    def order_outcome(self, kind: str, result: str, *, times: int = 1, **details: Any) -> None:
        """Order how the next jobs, files or deployments end (see `faults.OUTCOMES`)."""
        self._call(lambda service: service.account.outcomes.order(kind, result, times=times, **details))

    def advance(self, kind: str, identifier: str) -> bool:
        """Move one thing to its next state, for a manual pace; return whether there was anything to move."""
        return self._await(lambda service: service.progression.step(kind, identifier))  # pyright: ignore[reportArgumentType]

    def reset(self) -> None:
        """Forget all resources, rules and requests."""
        self._call(lambda service: service.reset())

    def _call[T](self, action: Callable[[Service], T]) -> T:
        async def run(service: Service) -> T:
            return action(service)

        return self._await(run)

    def _await[T](self, action: Callable[[Service], Coroutine[Any, Any, T]]) -> T:
        if self._service is None or self._loop is None:
            raise RuntimeError("The emulator is not running.")
        return asyncio.run_coroutine_threadsafe(action(self._service), self._loop).result(_CALL_SECONDS)

    def _run(self, port: int, ready: threading.Event, started: list[BaseException | None]) -> None:
        try:
            asyncio.run(self._serve(port, ready, started))
        except BaseException as error:  # noqa: BLE001 - handed to the thread that waits in start()
            started.append(error)
            ready.set()

    async def _serve(self, port: int, ready: threading.Event, started: list[BaseException | None]) -> None:
        service = Service(self.config, self._now)
        runner = web.AppRunner(build_app(service), access_log=None, shutdown_timeout=_SHUTDOWN_SECONDS)
        try:
            await runner.setup()
            site = web.TCPSite(runner, _HOST, port)
            await site.start()
            self._port = runner.addresses[0][1]
            self._service, self._loop, self._stopping = service, asyncio.get_running_loop(), asyncio.Event()
            started.append(None)
            ready.set()
            await self._stopping.wait()
        finally:
            await runner.cleanup()
            service.close()
