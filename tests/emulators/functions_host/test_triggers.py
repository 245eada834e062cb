"""Blob, queue and timer triggers on a real storage emulator."""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from azure.storage.blob import BlobServiceClient
from azure.storage.queue import QueueServiceClient

from emulators.azurite import Azurite
from emulators.clock import Clock
from emulators.functions_host.testing import KEY, LocalHost
from emulators.functions_host.timers import TimerTriggers

from .conftest import APP, APP_MODULES, encoded, eventually, traced

_DAY = timedelta(days=1)


class Storage:
    """The storage account, with containers and queues of the test's own content."""

    def __init__(self, connection_string: str) -> None:
        self.blobs = BlobServiceClient.from_connection_string(connection_string)
        self.queues = QueueServiceClient.from_connection_string(connection_string)
        for name in ("datasets", "incoming", "azure-webjobs-hosts"):
            if not self.blobs.get_container_client(name).exists():
                self.blobs.create_container(name)

    def put(self, container: str, text: str, suffix: str = ".jsonl") -> str:
        """Write a blob with a name of its own, in a folder; return the name."""
        name = f"folder/{uuid.uuid4().hex}{suffix}"
        self.blobs.get_blob_client(container, name).upload_blob(text.encode())
        return name

    def queue(self, name: str) -> Any:
        """Return a queue, made when it is missing."""
        if name not in [q.name for q in self.queues.list_queues()]:
            self.queues.create_queue(name)
        return self.queues.get_queue_client(name)

    def marks(self, kind: str, blob: str) -> list[str]:
        """Return the host's receipts or failure counts of a blob."""
        container = self.blobs.get_container_client("azure-webjobs-hosts")
        return [b.name for b in container.list_blobs(name_starts_with=kind) if b.name.endswith(blob)]


@pytest.fixture(scope="module")
def storage(azurite: Azurite) -> Storage:
    """Return the account, with the app's containers."""
    return Storage(azurite.connection_string)


@pytest.fixture
def stored(settings: dict[str, str], azurite: Azurite) -> dict[str, str]:
    """Return the settings with a storage account that answers."""
    return {**settings, "DataStorage": "UseDevelopmentStorage=true", "OWN": azurite.connection_string}


@pytest.fixture
async def watching(stored: dict[str, str], azurite: Azurite) -> AsyncIterator[LocalHost]:
    """Run the app with its triggers watched."""
    async with LocalHost(APP, stored, Clock(), stored["OWN"], triggers=True, app_modules=APP_MODULES) as host:
        yield host


def traces(settings: dict[str, str], what: str, name: str) -> list[dict[str, Any]]:
    """Return the trace lines about a blob."""
    return [t for t in traced(settings, what) if name in t["name"]]


async def test_a_polled_blob_is_delivered_once(watching: LocalHost, stored: dict[str, str], storage: Storage) -> None:
    """A new blob reaches the function with its name and content, and gets one receipt."""
    name = storage.put("datasets", "hello")
    await eventually(lambda: _any(storage.marks("blobreceipts", name)), "the blob has a receipt")
    expected = {"what": "dataset", "name": f"datasets/{name}", "length": 5, "text": "hello"}
    assert traces(stored, "dataset", name) == [expected]
    assert storage.marks("blobfailures", name) == []


async def test_a_blob_of_another_pattern_is_not_delivered(
    watching: LocalHost, stored: dict[str, str], storage: Storage
) -> None:
    """A path pattern with an extension ignores other blobs, while a later matching one arrives."""
    other = storage.put("datasets", "no", suffix=".txt")
    name = storage.put("datasets", "yes")
    await eventually(lambda: _any(storage.marks("blobreceipts", name)), "the matching blob has a receipt")
    assert traces(stored, "dataset", other) == []


async def test_a_poison_blob_is_tried_five_times_and_reported(
    watching: LocalHost, stored: dict[str, str], storage: Storage
) -> None:
    """After five failures the poison queue names the blob, and a receipt ends the retries."""
    queue = storage.queue("webjobs-blobtrigger-poison")
    name = storage.put("datasets", "poison")
    await eventually(lambda: _any(storage.marks("blobreceipts", name)), "the blob has been given up")
    assert len(traces(stored, "dataset", name)) == 5
    messages = [json.loads(m.content) for m in queue.receive_messages()]
    (poison,) = [m for m in messages if m["BlobName"] == name]
    assert poison["FunctionId"] == "Host.Functions.on_dataset"
    assert poison["ContainerName"] == "datasets"
    assert poison["BlobType"] == "BlockBlob"
    assert poison["ETag"].startswith('"0x')


async def test_failures_are_counted_across_restarts(stored: dict[str, str], azurite: Azurite, storage: Storage) -> None:
    """Two attempts in one host and three in the next make five."""
    name = storage.put("datasets", "poison")
    for attempts in (2, 3):
        async with LocalHost(APP, stored, Clock(), stored["OWN"], app_modules=APP_MODULES) as host:
            assert storage.marks("blobreceipts", name) == []
            for _ in range(attempts):
                await host.fire_blob("on_dataset", "datasets", name)
    assert len(storage.marks("blobreceipts", name)) == 1
    assert len(traces(stored, "dataset", name)) == 5


async def test_event_grid_is_stood_in_for_and_gives_a_client(
    watching: LocalHost, stored: dict[str, str], storage: Storage
) -> None:
    """A function with source EventGrid gets its blob without a subscription, as a BlobClient that can read it."""
    name = storage.put("incoming", "grid")
    await eventually(lambda: _any(storage.marks("blobreceipts", name)), "the blob has a receipt")
    assert traces(stored, "incoming", name) == [{"what": "incoming", "name": name, "text": "grid"}]


async def test_a_posted_event_delivers_its_blob(stored: dict[str, str], storage: Storage) -> None:
    """With the stand-in off, only what Event Grid posts is delivered, and it is delivered once."""
    off = {**stored, "EVENT_GRID_STAND_IN": "false"}
    async with LocalHost(APP, off, Clock(), stored["OWN"], triggers=True, app_modules=APP_MODULES) as host:
        unseen = storage.put("incoming", "unseen")
        name = storage.put("incoming", "posted")
        url = storage.blobs.get_blob_client("incoming", name).url
        event = {"eventType": "Microsoft.Storage.BlobCreated", "data": {"url": url}}
        hook = f"{host.url}/runtime/webhooks/blobs?functionName=Host.Functions.on_incoming&code={KEY}"
        async with aiohttp.ClientSession() as session:
            for _ in range(2):
                async with session.post(hook, json=[event]) as answer:
                    assert answer.status == 202
    assert traces(stored, "incoming", name) == [{"what": "incoming", "name": name, "text": "posted"}]
    assert traces(stored, "incoming", unseen) == []


async def test_a_queue_message_is_delivered_and_removed(
    watching: LocalHost, stored: dict[str, str], storage: Storage
) -> None:
    """A base64 message reaches the function as text and leaves the queue."""
    queue = storage.queue("work")
    queue.send_message(encoded("hello"))
    await eventually(lambda: _any(traced(stored, "message")), "the message was delivered")
    assert traced(stored, "message") == [{"what": "message", "text": "hello", "attempt": 1}]
    await eventually(lambda: _any(queue.get_queue_properties().approximate_message_count == 0), "the queue is empty")


async def test_a_poison_message_is_moved_after_five_attempts(
    watching: LocalHost, stored: dict[str, str], storage: Storage
) -> None:
    """The message ends in the queue's poison queue as it was, after attempts one to five."""
    poison = storage.queue("work-poison")
    storage.queue("work").send_message(encoded("poison"))
    await eventually(lambda: _any(poison.peek_messages()), "the message is in the poison queue")
    assert [t["attempt"] for t in traced(stored, "message")] == [1, 2, 3, 4, 5]
    (message,) = poison.receive_messages()
    assert message.content == encoded("poison")


async def test_a_timer_fires_on_schedule(settings: dict[str, str], tmp_path: Path) -> None:
    """A clock that jumps past three o'clock makes the nightly timer run once."""
    clock = Clock()
    async with LocalHost(APP, settings, clock, app_modules=APP_MODULES) as host:
        state = tmp_path / "timers.json"
        running = asyncio.create_task(TimerTriggers(host.app.worker, clock, state).run())
        await eventually(lambda: _any(state.exists()), "the next occurrence is known")
        clock.jump(clock.now().replace(hour=3, minute=0, second=0) + _DAY)
        await eventually(lambda: _any(traced(settings, "tick")), "the timer has run")
        running.cancel()
    assert traced(settings, "tick") == [{"what": "tick", "past_due": False}]


async def test_a_missed_timer_runs_once_as_past_due(settings: dict[str, str], tmp_path: Path) -> None:
    """An occurrence that passed while the host was down is made up for when it is back."""
    state = tmp_path / "timers.json"
    state.write_text(json.dumps({"tick": datetime(2020, 1, 1, tzinfo=UTC).isoformat()}))
    async with LocalHost(APP, settings, Clock(), app_modules=APP_MODULES) as host:
        running = asyncio.create_task(TimerTriggers(host.app.worker, Clock(), state).run())
        await eventually(lambda: _any(traced(settings, "tick")), "the timer has run")
        running.cancel()
    assert traced(settings, "tick") == [{"what": "tick", "past_due": True}]
    assert json.loads(state.read_text())["tick"] > datetime.now(UTC).isoformat()


async def _any(value: Any) -> Any:
    return value
