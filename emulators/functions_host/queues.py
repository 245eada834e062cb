"""Delivers messages of storage queues to queue-triggered functions, with the host's retries and poison queues."""

import asyncio
import base64
import binascii
import contextlib
import logging
from collections.abc import AsyncIterator
from datetime import datetime

from azure.core.exceptions import AzureError, ResourceExistsError, ResourceNotFoundError
from azure.storage.queue import QueueMessage
from azure.storage.queue.aio import QueueClient

from emulators.functions_host.settings import HostSettings, connection_setting
from emulators.functions_host.worker import Function, FunctionError, Message, Worker, app_setting, typed

LOG = logging.getLogger(__name__)
POLL_SECONDS = 0.5
# How long a message stays hidden from others; renewed while its function runs, so that a killed host's messages come
# back soon. (The Functions host hides them for ten minutes.)
LEASE_SECONDS = 30


class QueueTriggers:
    """The queue-triggered functions of a worker."""

    def __init__(self, worker: Worker, settings: HostSettings) -> None:
        self._worker = worker
        self._settings = settings
        self._queues = {
            f.name: (connection_setting(f.trigger.get("connection", "")), app_setting(f.trigger["queueName"]))
            for f in worker.by_type("queueTrigger")
        }

    async def run(self) -> None:
        """Poll every function's queue, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for function in self._worker.by_type("queueTrigger"):
                tasks.create_task(self._poll(function))

    async def fire(self, function: Function, text: str) -> None:
        """Run a function on a message text that is in no queue."""
        await self._worker.invoke(function, typed("string", text), _metadata(None))

    async def _poll(self, function: Function) -> None:
        connection, name = self._queues[function.name]
        async with QueueClient.from_connection_string(connection, name) as queue:
            while True:
                try:
                    count = await self._deliver_batch(function, queue)
                except ResourceNotFoundError:
                    count = 0  # like the Functions host, wait until somebody makes the queue
                except AzureError as error:
                    LOG.warning("queue %s cannot be read: %s", name, error)
                    count = 0
                if not count:
                    await asyncio.sleep(POLL_SECONDS)

    async def _deliver_batch(self, function: Function, queue: QueueClient) -> int:
        pages = queue.receive_messages(
            messages_per_page=self._settings.queue_batch_size,
            max_messages=self._settings.queue_batch_size,
            visibility_timeout=LEASE_SECONDS,
        )
        messages = [message async for message in pages]
        await asyncio.gather(*(self._deliver(function, queue, message) for message in messages))
        return len(messages)

    async def _deliver(self, function: Function, queue: QueueClient, message: QueueMessage) -> None:
        attempts, limit = message.dequeue_count or 1, self._settings.queue_max_dequeue_count
        if attempts > limit:  # the host died during the last attempt
            await self._move_to_poison(function, queue, message)
            return
        try:
            data = self._content(message)
            async with _renewed(queue, message):
                await self._worker.invoke(function, data, _metadata(message))
        except (FunctionError, binascii.Error) as error:
            LOG.error(
                "function %s failed on message %s (%d of %d): %s", function.name, message.id, attempts, limit, error
            )
            if attempts >= limit:
                await self._move_to_poison(function, queue, message)
            else:
                retry = int(self._settings.queue_retry_seconds)
                await queue.update_message(message, visibility_timeout=retry)
        else:
            with contextlib.suppress(ResourceNotFoundError):
                await queue.delete_message(message)

    async def _move_to_poison(self, function: Function, queue: QueueClient, message: QueueMessage) -> None:
        """Put a message, as it is, into the queue's poison queue, and only then take it off the queue."""
        connection, name = self._queues[function.name]
        await put_message(connection, f"{name}-poison", message.content)
        with contextlib.suppress(ResourceNotFoundError):
            await queue.delete_message(message)

    def _content(self, message: QueueMessage) -> Message:
        if self._settings.queue_encoding == "base64":
            return typed("string", base64.b64decode(message.content, validate=True).decode())
        return typed("string", message.content)


@contextlib.asynccontextmanager
async def _renewed(queue: QueueClient, message: QueueMessage) -> AsyncIterator[None]:
    """Keep a message hidden from others for as long as the block runs."""

    async def renew() -> None:
        while True:
            await asyncio.sleep(LEASE_SECONDS / 2)
            renewed = await queue.update_message(message, visibility_timeout=LEASE_SECONDS)
            message.pop_receipt = renewed.pop_receipt

    renewal = asyncio.create_task(renew())
    try:
        yield
    finally:
        renewal.cancel()


async def put_message(connection: str, queue_name: str, text: str) -> None:
    """Put a text into a queue, which is made when it is missing."""
    async with QueueClient.from_connection_string(connection, queue_name) as queue:
        with contextlib.suppress(ResourceExistsError):
            await queue.create_queue()
        await queue.send_message(text)


def _metadata(message: QueueMessage | None) -> dict[str, Message]:
    if message is None:
        return {"Id": typed("string", ""), "DequeueCount": typed("string", "1")}
    times = {
        "ExpirationTime": message.expires_on,
        "InsertionTime": message.inserted_on,
        "NextVisibleTime": message.next_visible_on,
    }
    return {
        "Id": typed("string", message.id),
        "DequeueCount": typed("string", str(message.dequeue_count)),
        "PopReceipt": typed("string", message.pop_receipt),
        **{name: typed("json", f'"{_iso(at)}"') for name, at in times.items() if at},
    }


def _iso(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S+00:00")
