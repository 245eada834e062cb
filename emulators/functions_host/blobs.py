"""Delivers blobs to blob-triggered functions: by polling, and by Event Grid events.

There is no Event Grid on this machine, so nobody subscribes to the storage account. For a function whose trigger says
`"source": "EventGrid"` this host stands in for the subscription: it looks for new blobs itself and delivers them as if
their event had come. Set EVENT_GRID_STAND_IN=false (an application setting) to deliver such functions only what is
posted to /runtime/webhooks/blobs.
"""

import asyncio
import json
import logging
import os
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from azure.core.exceptions import AzureError, ResourceNotFoundError
from azure.storage.blob import BlobProperties
from azure.storage.blob.aio import BlobServiceClient

from emulators.functions_host.blob_paths import BlobPath, blob_of
from emulators.functions_host.queues import put_message
from emulators.functions_host.receipts import BlobVersion, Receipts
from emulators.functions_host.settings import connection_setting
from emulators.functions_host.worker import Function, FunctionError, Message, Worker, app_setting, typed

LOG = logging.getLogger(__name__)
POLL_SECONDS = 0.5
MAX_ATTEMPTS = 5  # the extension's poisonBlobThreshold
POISON_QUEUE = "webjobs-blobtrigger-poison"
STAND_IN_SETTING = "EVENT_GRID_STAND_IN"
BLOB_CREATED = "Microsoft.Storage.BlobCreated"


class BlobTrigger:
    """One blob-triggered function and the account it watches."""

    def __init__(self, worker: Worker, function: Function) -> None:
        self._worker = worker
        self.function = function
        self.path = BlobPath.parse(app_setting(function.trigger["path"]))
        self._connection = str(function.trigger.get("connection") or "")
        self._account = connection_setting(self._connection)
        self._own_account = connection_setting("")  # receipts and poison messages live in the host's account
        self._delivering: set[BlobVersion] = set()

    @property
    def is_polled(self) -> bool:
        """Say whether this host looks for the function's blobs."""
        if str(self.function.trigger.get("source", "")).lower() != "eventgrid":
            return True
        return os.environ.get(STAND_IN_SETTING, "true").lower() != "false"

    async def poll(self) -> None:
        """Deliver whatever has no receipt yet, until cancelled."""
        async with self._open() as (service, receipts):
            await _retried(receipts.prepare)
            while True:
                try:
                    await self._scan(service, receipts)
                except ResourceNotFoundError:
                    pass  # like the Functions host, wait until somebody makes the container
                except AzureError as error:
                    LOG.warning("container %s cannot be read: %s", self.path.container, error)
                await asyncio.sleep(POLL_SECONDS)

    async def deliver(self, container: str, name: str, attempts: int = 1) -> None:
        """Deliver one blob now, unless it does not match, is gone, or has been delivered already."""
        if container != self.path.container:
            return
        async with self._open() as (service, receipts):
            await receipts.prepare()
            for attempt in range(attempts):
                await asyncio.sleep(POLL_SECONDS if attempt else 0)
                try:
                    blob = await service.get_blob_client(container, name).get_blob_properties()
                except ResourceNotFoundError:
                    return
                if await self._deliver(service, receipts, blob):
                    return

    def _open(self) -> "_Accounts":
        return _Accounts(self._account, self._own_account, self.function.name)

    async def _scan(self, service: BlobServiceClient, receipts: Receipts) -> None:
        async for blob in service.get_container_client(self.path.container).list_blobs(include=["metadata"]):
            await self._deliver(service, receipts, blob)

    async def _deliver(self, service: BlobServiceClient, receipts: Receipts, blob: BlobProperties) -> bool:
        """Deliver a blob once, if it needs it; say whether nothing is left to do about it."""
        parameters = self.path.parameters(blob.name)
        version = BlobVersion(self.path.container, blob.name, blob.etag.strip('"'))
        if parameters is None or await receipts.is_done(version):
            return True
        if version in self._delivering:
            return False
        self._delivering.add(version)
        try:
            await self._attempt(service, receipts, blob, version, parameters)
        finally:
            self._delivering.discard(version)
        return await receipts.is_done(version)

    async def _attempt(
        self, service: BlobServiceClient, receipts: Receipts, blob: BlobProperties, version: BlobVersion,
        parameters: Mapping[str, str],
    ) -> None:  # fmt: skip
        client = service.get_blob_client(version.container, version.name)
        metadata = {name: typed("string", value) for name, value in parameters.items()}
        metadata |= _metadata(blob, version, client.url)
        try:
            if self.function.is_deferred:
                data = self._reference(version)
            else:
                data = typed("bytes", await (await client.download_blob()).readall())
            await self._worker.invoke(self.function, data, metadata)
        except ResourceNotFoundError:
            return  # deleted meanwhile
        except FunctionError as error:
            await self._fail(receipts, blob, version, error)
            return
        await receipts.finish(version)

    async def _fail(self, receipts: Receipts, blob: BlobProperties, version: BlobVersion, error: FunctionError) -> None:
        failures = await receipts.count_failure(version)
        name = f"{version.container}/{version.name}"
        LOG.error(
            "function %s failed on blob %s (%d of %d): %s", self.function.name, name, failures, MAX_ATTEMPTS, error
        )
        if failures >= MAX_ATTEMPTS:
            poison = {
                "FunctionId": f"Host.Functions.{self.function.name}",
                "BlobType": str(getattr(blob.blob_type, "value", blob.blob_type)),
                "ContainerName": version.container,
                "BlobName": version.name,
                "ETag": f'"{version.etag}"',
            }
            await put_message(self._own_account, POISON_QUEUE, json.dumps(poison))
            await receipts.finish(version)

    def _reference(self, version: BlobVersion) -> Message:
        content = {"Connection": self._connection, "ContainerName": version.container, "BlobName": version.name}
        fields = {"version": "1.0", "source": "AzureStorageBlobs", "content_type": "application/json"}
        return typed("model_binding_data", Message(**fields, content=json.dumps(content).encode()))


class BlobTriggers:
    """The blob-triggered functions of a worker."""

    def __init__(self, worker: Worker) -> None:
        self._triggers = {f.name: BlobTrigger(worker, f) for f in worker.by_type("blobTrigger")}

    async def run(self) -> None:
        """Look for new blobs, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for trigger in self._triggers.values():
                if trigger.is_polled:
                    tasks.create_task(trigger.poll())

    async def fire(self, function: str, container: str, name: str) -> None:
        """Deliver one blob to one function now.

        Raises:
            LookupError: there is no such blob-triggered function.
        """
        if function not in self._triggers:
            msg = f"no blob-triggered function is called {function!r}"
            raise LookupError(msg)
        await self._triggers[function].deliver(container, name)

    async def accept_event(self, function: str, event: Mapping[str, Any]) -> None:
        """Deliver the blob of an Event Grid event, trying again as often as for any other blob.

        Events that are not about a new blob are ignored.

        Raises:
            LookupError: there is no such blob-triggered function.
        """
        if function not in self._triggers:
            msg = f"no blob-triggered function is called {function!r}"
            raise LookupError(msg)
        if event.get("eventType", event.get("type")) == BLOB_CREATED:
            container, name = blob_of(event["data"]["url"])
            await self._triggers[function].deliver(container, name, MAX_ATTEMPTS)


def _metadata(blob: BlobProperties, version: BlobVersion, url: str) -> dict[str, Message]:
    properties = {
        "ContentLength": blob.size,
        "ETag": f'"{version.etag}"',
        "ContentType": blob.content_settings.content_type,
        "LastModified": blob.last_modified.isoformat(),
    }
    return {
        "BlobTrigger": typed("string", f"{version.container}/{version.name}"),
        "Uri": typed("string", url),
        "Properties": typed("json", json.dumps(properties)),
        "Metadata": typed("json", json.dumps(blob.metadata or {})),
    }


async def _retried(call: Callable[[], Awaitable[None]]) -> None:
    """Repeat a call until the storage account answers."""
    while True:
        try:
            return await call()
        except AzureError as error:
            LOG.warning("the storage account does not answer: %s", error)
            await asyncio.sleep(POLL_SECONDS)


class _Accounts:
    """Opens the watched account and the receipts of a function, for the length of a block."""

    def __init__(self, watched: str, own: str, function: str) -> None:
        self._watched = BlobServiceClient.from_connection_string(watched)
        self._own = BlobServiceClient.from_connection_string(own)
        self._receipts = Receipts(self._own, function)

    async def __aenter__(self) -> tuple[BlobServiceClient, Receipts]:
        return self._watched, self._receipts

    async def __aexit__(self, *_exception: object) -> None:
        await self._watched.close()
        await self._own.close()
