"""Remembers in the storage account which blobs a function has had, and how often it failed on them."""

import contextlib
import json
import urllib.parse
from dataclasses import dataclass

from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError
from azure.storage.blob.aio import BlobServiceClient

CONTAINER = "azure-webjobs-hosts"  # where the Functions host keeps its receipts, too


@dataclass(frozen=True)
class BlobVersion:
    """One content of a blob; writing the blob again makes another."""

    container: str
    name: str
    etag: str


class Receipts:
    """The receipts of one function, in the host's own storage account.

    A receipt is written only after the function succeeded or the blob was declared poison: at least once, and across
    restarts. What is known to be done is kept in memory, so that polling does not ask for it again.
    """

    def __init__(self, service: BlobServiceClient, function: str) -> None:
        self._container = service.get_container_client(CONTAINER)
        self._function = function
        self._done: set[BlobVersion] = set()

    async def prepare(self) -> None:
        """Make the container when it is missing."""
        with contextlib.suppress(ResourceExistsError):
            await self._container.create_container()

    async def is_done(self, version: BlobVersion) -> bool:
        """Say whether this version needs nothing more."""
        if version not in self._done and await self._container.get_blob_client(self._receipt(version)).exists():
            self._done.add(version)
        return version in self._done

    async def finish(self, version: BlobVersion) -> None:
        """Write the receipt."""
        await self._container.upload_blob(self._receipt(version), b"", overwrite=True)
        with contextlib.suppress(ResourceNotFoundError):
            await self._container.delete_blob(self._failures(version))
        self._done.add(version)

    async def count_failure(self, version: BlobVersion) -> int:
        """Note one more failed attempt and return how many there have been."""
        blob = self._container.get_blob_client(self._failures(version))
        failures = 1
        with contextlib.suppress(ResourceNotFoundError):
            content = await (await blob.download_blob()).readall()
            failures += json.loads(content)["failures"]
        await blob.upload_blob(json.dumps({"failures": failures}).encode(), overwrite=True)
        return failures

    def _receipt(self, version: BlobVersion) -> str:
        return f"blobreceipts/local/{self._path(version)}"

    def _failures(self, version: BlobVersion) -> str:
        return f"blobfailures/local/{self._path(version)}"

    def _path(self, version: BlobVersion) -> str:
        etag = urllib.parse.quote(version.etag.strip('"'), safe="")
        return f"{self._function}/{etag}/{version.container}/{version.name}"
