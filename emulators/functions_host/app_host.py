"""Puts an app's worker together: functions, durable bridge, HTTP, webhooks and triggers around one task hub."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

from aiohttp import web

from emulators.clock import Clock
from emulators.functions_host import event_grid, webhooks
from emulators.functions_host.blobs import BlobTriggers
from emulators.functions_host.bridge import Bridge
from emulators.functions_host.event_grid import EventGridWebhook
from emulators.functions_host.http import HttpFront
from emulators.functions_host.queues import QueueTriggers
from emulators.functions_host.settings import HostSettings, Keys
from emulators.functions_host.timers import TimerTriggers
from emulators.functions_host.webhooks import DurableWebhooks
from emulators.functions_host.worker import Function, Worker


class AppHost:
    """The worker side of a host: `load` it, `start` its HTTP side, `run` its work, `close` it."""

    def __init__(
        self, app_dir: Path, hub_address: str, url: str, keys: Keys, clock: Clock, state_dir: Path | None = None
    ) -> None:
        self._settings = HostSettings.from_app(app_dir)
        self._hub_address = hub_address
        self._keys = keys
        self._clock = clock
        self._state_dir = state_dir
        self.worker = Worker(app_dir, self._client_config(url))

    async def load(self) -> None:
        """Index the app and prepare its triggers.

        Raises:
            IndexingError: the app cannot be loaded.
            SettingsError: a trigger needs a setting that is missing.
        """
        await self.worker.load()
        self.blobs = BlobTriggers(self.worker)
        self._queues = QueueTriggers(self.worker, self._settings)
        self.timers = TimerTriggers(self.worker, self._clock, self._state_dir and self._state_dir / "timers.json")
        self._front = HttpFront(self.worker, self._settings, self._keys, self)
        self._webhooks = DurableWebhooks(self.worker.client_config, self._hub_address)
        self._front.add_webhook(webhooks.PREFIX + "/{path:.*}", self._webhooks.answer)
        self._front.add_webhook(event_grid.PATH, EventGridWebhook(self.blobs).answer)
        self._bridge = Bridge(
            self.worker,
            self._hub_address,
            max_activities=self._settings.max_activities,
            max_orchestrators=self._settings.max_orchestrators,
        )
        self.client = self._webhooks.client

    async def start(self, site: Callable[[web.AppRunner], web.BaseSite]) -> None:
        """Serve HTTP on the site that the caller makes."""
        self._runner = await self._front.start(site)

    async def run(self, *, triggers: bool = True) -> None:
        """Work until cancelled; without triggers, only durable functions and HTTP run by themselves."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._bridge.run())
            for trigger in (self.blobs, self._queues, self.timers) if triggers else ():
                tasks.create_task(trigger.run())

    async def close(self) -> None:
        """End HTTP and connections, and take the app off the import path."""
        await self._runner.cleanup()
        await self._webhooks.close()
        self.worker.unload()

    async def fire(self, function: Function, text: str) -> None:
        """Run a function once, as an administrator asks: on a blob's path, a message, or nothing for a timer.

        Raises:
            FunctionError: it failed.
            LookupError: a function of its type cannot be run this way.
        """
        if function.type == "timerTrigger":
            await self.timers.fire(function)
        elif function.type == "queueTrigger":
            await self._queues.fire(function, text)
        elif function.type == "blobTrigger":
            container, _, name = text.partition("/")
            await self.blobs.fire(function.name, container, name)
        else:
            msg = f"a function with a {function.type} cannot be run by an administrator here"
            raise LookupError(msg)

    def _client_config(self, url: str) -> str:
        name = self._settings.hub_name
        return json.dumps(
            {
                "taskHubName": name,
                "connectionName": "AzureWebJobsStorage",
                "rpcBaseUrl": f"http://{self._hub_address}",  # a trailing slash would break the client
                "httpBaseUrl": f"{url}{webhooks.PREFIX}",
                "requiredQueryStringParameters": f"taskHub={name}&connection=Storage&code={self._keys.system}",
                "maxGrpcMessageSizeInBytes": 2**31 - 1,
            }
        )
