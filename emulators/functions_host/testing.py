"""Runs a function app, its task hub and its HTTP side inside a test's own process, on a virtual clock."""

import asyncio
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any, Self

import azure.durable_functions as df

# The worker library looks for SDK-type bindings once per process: an app without them would hide them from the next.
import azurefunctions.extensions.base  # noqa: F401 - imported for that effect
from aiohttp import web
from google.protobuf import json_format

from emulators.azurite import free_ports
from emulators.clock import Clock
from emulators.functions_host.app_host import AppHost
from emulators.functions_host.hub import Hub
from emulators.functions_host.settings import Keys, apply_app_settings

KEY = "local"


class LocalHost:
    """An asynchronous context manager: the app runs while the block does.

    The app is imported afresh and reads the environment when it is: `settings` are put into os.environ for the block,
    and modules whose top-level package is one of `app_modules` are set aside and put back afterwards.

    Without a clock, time is virtual and jumps to the next timer whenever nothing is left to do; a test that calls from
    outside (an event, an approval) holds the clock with `hub.hold()` or passes `Clock()` and uses `hub.advance()`.
    With `triggers`, blobs, queues and schedules are watched as well; otherwise only `fire_…` runs such functions.
    """

    def __init__(
        self,
        app_dir: Path,
        settings: Mapping[str, str] | None = None,
        clock: Clock | None = None,
        storage_connection_string: str | None = None,
        *,
        keys: Keys | None = None,
        triggers: bool = False,
        app_modules: Sequence[str] = ("function_app", "shared"),
    ) -> None:
        self._app_dir = app_dir
        self._settings = dict(settings or {})
        self.clock = clock or Clock(auto=True)
        self._storage = storage_connection_string
        self.keys = keys or Keys.same(KEY)
        self._triggers = triggers
        self._app_modules = tuple(app_modules)

    async def __aenter__(self) -> Self:
        self._environ = dict(os.environ)
        self._modules = self._take_modules()
        os.environ.update(self._settings)
        apply_app_settings(self._app_dir, os.environ, self._storage)
        self.hub = Hub(self.clock)
        address = self.hub.serve()
        self.url = f"http://127.0.0.1:{free_ports(1)[0]}"
        self.app = AppHost(self._app_dir, address, self.url, self.keys, self.clock)
        self.app.worker.around_invocation = self.hub.hold
        try:
            await self.app.load()
        except BaseException:
            self.app.worker.unload()
            self._restore()
            raise
        port = int(self.url.rpartition(":")[2])
        await self.app.start(lambda runner: web.TCPSite(runner, "127.0.0.1", port))
        self._work = asyncio.create_task(self.app.run(triggers=self._triggers))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._work.cancel()
        await asyncio.gather(self._work, return_exceptions=True)
        await self.app.close()
        self._restore()

    @property
    def client(self) -> df.DurableFunctionsClient:
        """Return a durable client of the host's task hub."""
        return self.app.client

    def history(self, instance_id: str) -> list[dict[str, Any]]:
        """Return the events of an instance as protobuf's JSON; `replay` takes them."""
        return [json_format.MessageToDict(event) for event in self.hub.history(instance_id)]

    async def fire_blob(self, function: str, container: str, name: str) -> None:
        """Deliver a blob of the storage account to a function, as its event would."""
        await self.app.blobs.fire(function, container, name)

    async def fire_timer(self, function: str) -> None:
        """Run a timer-triggered function now."""
        await self.app.timers.fire(self.app.worker.functions[function])

    def _restore(self) -> None:
        self.hub.stop()
        self._take_modules()
        sys.modules.update(self._modules)
        os.environ.clear()
        os.environ.update(self._environ)

    def _take_modules(self) -> dict[str, ModuleType]:
        names = [name for name in sys.modules if name.partition(".")[0] in self._app_modules]
        return {name: sys.modules.pop(name) for name in names}
