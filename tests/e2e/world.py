"""The whole product on one machine in one process: real storage, the emulated account, the app on a virtual clock."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp
from azure.core.exceptions import ResourceExistsError
from azure.storage.blob import BlobServiceClient

from emulators.azure_openai.config import EmulatorConfig, Pace
from emulators.azure_openai.server import AzureOpenAIEmulator
from emulators.clock import Clock
from emulators.functions_host.testing import KEY, LocalHost

ROOT = Path(__file__).parents[2]
ENDED = ("Completed", "Failed", "Terminated")


class World:
    """What a test can do: drop blobs, call the API, look into Azure OpenAI, the reports and the histories."""

    def __init__(self, host: LocalHost, emulator: AzureOpenAIEmulator, storage: BlobServiceClient, folder: str) -> None:
        self.host, self.emulator, self.storage, self.folder = host, emulator, storage, folder

    def put(self, name: str, data: bytes) -> str:
        """Write a blob into the test's own folder of the container `datasets`; return its path."""
        path = f"{self.folder}/{name}"
        self.storage.get_blob_client("datasets", path).upload_blob(data, overwrite=True)
        return path

    async def drop(self, name: str, data: bytes) -> str:
        """Write a blob and deliver its event, as dropping a file does; return its path."""
        path = self.put(name, data)
        await self.event(path)
        return path

    async def event(self, path: str) -> None:
        """Deliver an event for a blob."""
        await self.host.fire_blob("on_dataset_blob", "datasets", path)

    async def call(self, method: str, path: str, body: object = None) -> tuple[int, Mapping[str, str], Any]:
        """Call the HTTP API with the function key; return status, headers and decoded JSON."""
        data = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
        async with (
            aiohttp.ClientSession(headers={"x-functions-key": KEY}) as session,
            session.request(method, f"{self.host.url}/api/{path}", data=data) as answer,
        ):
            return answer.status, answer.headers, json.loads(await answer.read() or b"null")

    async def runs(self) -> list[dict[str, Any]]:
        """Return the rows of this test's folder from GET /api/runs."""
        _, _, page = await self.call("GET", "runs?top=200")
        return [row for row in page["runs"] if row["dataset"].startswith(f"{self.folder}/")]

    async def finished(self, run_id: str) -> dict[str, Any]:
        """Return a run once its orchestration has ended."""
        state = await self.host.client.wait_for_orchestration_completion(run_id, timeout=60)
        assert state is not None
        assert state.runtime_status.name == "COMPLETED", state.failure_details
        return (await self.call("GET", f"runs/{run_id}"))[2]

    async def only_run(self) -> dict[str, Any]:
        """Return the one run of this test's folder, finished."""
        rows = await self.runs()
        assert len(rows) == 1, rows
        return await self.finished(rows[0]["run_id"])

    def read(self, path: str) -> bytes:
        """Return a blob by `container/path`."""
        container, _, name = path.partition("/")
        return self.storage.get_blob_client(container, name).download_blob().readall()

    def private(self, run_id: str, name: str) -> Any:
        """Return a private blob of a run as decoded JSON."""
        return json.loads(self.read(f"tunedrop/runs/{run_id}/{name}"))


@asynccontextmanager
async def a_world(
    storage: str, *, pace: Pace | None = None, settings: Mapping[str, str] | None = None, triggers: bool = False
) -> AsyncIterator[World]:
    """Run the product for the length of the block; `pace` is Azure OpenAI's, in virtual time."""
    clock = Clock(auto=True)
    blobs = BlobServiceClient.from_connection_string(storage, api_version="2025-11-05")
    for container in ("datasets",):
        try:
            blobs.create_container(container)
        except ResourceExistsError:
            continue
    config = EmulatorConfig(pace=pace or Pace.realistic())
    with AzureOpenAIEmulator(config, now=clock.now) as emulator:
        environment = {
            "AzureWebJobsStorage": storage,
            "DATASETS_STORAGE": storage,
            "AZURE_OPENAI_ENDPOINT": emulator.url,
            "AZURE_OPENAI_RESOURCE_ID": emulator.resource_id,
            "ARM_ENDPOINT": emulator.url,
            "STATE_CONTAINER": "tunedrop",
            "MAX_RUNS_AT_ONCE": "1000",
            "MAX_USD_PER_DAY": "1000000",
            "AZURE_FUNCTIONS_DURABLE_STRICT_TYPING": "1",
            **emulator.identity_environment,
            **(settings or {}),
        }
        async with LocalHost(ROOT, environment, clock, storage, triggers=triggers) as host:
            yield World(host, emulator, blobs, f"t-{uuid4().hex[:8]}")
