"""The ports of shared.ports in memory, as far as tests need them."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import count

from shared.core.plans import Blob
from shared.errors import BlobChanged, NotFound
from shared.ports import BlobStore


class FakeBlobs(BlobStore):
    """A storage account in memory: every write gives a new ETag; a pinned version that was replaced is refused.

    `chunk_bytes` is the size of the pieces that `stream` yields. `content_types` and `tags` show, by (container, path),
    what was written beside the bytes; `writes` lists the paths of all writes in their order.
    """

    def __init__(self, *, chunk_bytes: int = 4 * 1024 * 1024) -> None:
        self.chunk_bytes = chunk_bytes
        self.content_types: dict[tuple[str, str], str] = {}
        self.tags: dict[tuple[str, str], dict[str, str]] = {}
        self.writes: list[str] = []
        self._versions = count(1)
        self._bytes: dict[tuple[str, str], tuple[str, bytes]] = {}

    def look(self, container: str, path: str) -> Blob | None:
        """Return the current version of a blob, or None when there is none."""
        if (container, path) not in self._bytes:
            return None
        etag, data = self._bytes[container, path]
        return Blob(container=container, path=path, etag=etag, size=len(data))

    def read(self, container: str, path: str) -> bytes | None:
        """Return a blob's bytes, or None when there is none."""
        return self._bytes[container, path][1] if (container, path) in self._bytes else None

    def stream(self, blob: Blob) -> Iterator[bytes]:
        """Yield the pinned version's bytes; every chunk is a request of its own, so a change shows in between."""
        for start in range(0, max(1, blob.size), self.chunk_bytes):
            data = self._version(blob)
            if data:
                yield data[start : start + self.chunk_bytes]

    def write(self, container: str, path: str, data: bytes, *, content_type: str = "application/json") -> Blob:
        """Write a blob, replacing what was there."""
        etag = f'"0x{next(self._versions):X}"'
        self._bytes[container, path] = (etag, bytes(data))
        self.content_types[container, path] = content_type
        self.tags.pop((container, path), None)
        self.writes.append(path)
        return Blob(container=container, path=path, etag=etag, size=len(data))

    def create(self, container: str, path: str, data: bytes) -> bool:
        """Write a blob only if there is none; tell whether this call did it."""
        if (container, path) in self._bytes:
            return False
        self.write(container, path, data)
        return True

    def replace(self, blob: Blob, data: bytes) -> bool:
        """Write over exactly this version of a blob; False when another writer was faster."""
        try:
            self._version(blob)
        except (BlobChanged, NotFound):
            return False
        self.write(blob.container, blob.path, data)
        return True

    def write_stream(self, container: str, path: str, chunks: Iterable[bytes]) -> Blob:
        """Write a blob from chunks; readers see the old one until the last byte."""
        return self.write(container, path, b"".join(chunks), content_type="application/octet-stream")

    def delete(self, container: str, path: str) -> None:
        """Delete a blob; absent is as good as deleted."""
        self._bytes.pop((container, path), None)
        self.tags.pop((container, path), None)

    def tag(self, blob: Blob, tags: Mapping[str, str]) -> bool:
        """Merge index tags onto a blob, its ETag untouched; False where that version is gone."""
        try:
            self._version(blob)
        except (BlobChanged, NotFound):
            return False
        self.tags.setdefault((blob.container, blob.path), {}).update(tags)
        return True

    def _version(self, blob: Blob) -> bytes:
        if (blob.container, blob.path) not in self._bytes:
            raise NotFound("storage", "stream", status=404, service_code="BlobNotFound")
        etag, data = self._bytes[blob.container, blob.path]
        # Events and listings spell an ETag without its quotes.
        if etag.strip('"') != blob.etag.strip('"'):
            raise BlobChanged("storage", "stream", status=412, service_code="ConditionNotMet")
        return data
