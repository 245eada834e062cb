"""The BlobStore port on azure-storage-blob."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from shared.clients.azure_core_errors import status_of, storage_code, storage_errors
from shared.clients.chunks import regrouped
from shared.clients.credentials import AppCredential
from shared.core.plans import Blob
from shared.errors import BlobChanged, NotFound
from shared.settings import Settings

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential
    from azure.storage.blob import BlobClient, BlobServiceClient

# A request a piece: 4 MiB keep the memory of three runs at once small and a repeated request cheap. A block blob holds
# 50,000 blocks, so this writes up to 195 GiB.
PIECE_BYTES = 4 * 1024 * 1024
# The SDK's default waits 18 s before its first retry, which is better left to the durable engine. Three retries after
# 2, 4 and 8 seconds, each a second more or less, ride out a dropped connection or a busy partition.
RETRIES, RETRY_BASE_SECONDS, RETRY_JITTER_SECONDS = 3, 2, 1
# The marks of a writer, see `_write_if`.
WRITER_KEY = "writer"
MAX_TAGS, MAX_TAG_KEY, MAX_TAG_VALUE = 10, 128, 256
# Beside letters and digits, what Azure allows in the keys and values of index tags.
_TAG_PUNCTUATION = frozenset(" +-./:=_")
# Accounts with a hierarchical namespace have no index tags (400, 409), and writing them takes a right of its own (403).
_TAGS_REFUSED = (400, 403, 404, 409)


class AzureBlobs:
    """The account that DATASETS_STORAGE names, by connection string or by the app's identity.

    `Blob.etag` is the ETag header verbatim, quotes included; an ETag without quotes (as events and listings spell it)
    is quoted before it is sent. The reports and state containers are created when a write misses them.
    """

    def __init__(
        self, settings: Settings, credential: "TokenCredential | None" = None, *, retries: int = RETRIES
    ) -> None:
        self._settings = settings
        self._retries = retries
        self._credential = credential or AppCredential(settings.storage_client_id)

    def look(self, container: str, path: str) -> Blob | None:
        """Return the current version of a blob, or None when there is none."""
        properties = self._found("look", lambda: self._blob(container, path).get_blob_properties())
        if properties is None:
            return None
        return Blob(container=container, path=path, etag=properties.etag or "", size=properties.size)

    def read(self, container: str, path: str) -> bytes | None:
        """Return a small blob's bytes, or None when there is none."""
        return self._found("read", lambda: self._blob(container, path).download_blob().readall())

    def stream(self, blob: Blob) -> Iterator[bytes]:
        """Yield the pinned version's bytes in pieces of 4 MiB; a dropped connection repeats one piece only.

        Raises:
            BlobChanged: when the blob is no longer that version.
            NotFound: when it is gone.
        """
        try:
            with storage_errors("stream"):
                download = self._blob(blob.container, blob.path).download_blob(**_only_version(blob.etag))
                yield from download.chunks()
        except BlobChanged as error:
            # A condition on a missing blob is answered 404 or, by Azurite, 412: looking again settles it.
            if self.look(blob.container, blob.path) is not None:
                raise
            raise NotFound("storage", "stream", status=404, service_code="BlobNotFound") from error

    def write(self, container: str, path: str, data: bytes, *, content_type: str = "application/json") -> Blob:
        """Write a small blob, replacing what was there."""
        with storage_errors("write"):
            answer = self._in_container(container, lambda: self._put(container, path, data, content_type))
        return Blob(container=container, path=path, etag=answer["etag"], size=len(data))

    def create(self, container: str, path: str, data: bytes) -> bool:
        """Write a small blob only if there is none; tell whether this call did it."""
        return self._write_if("create", container, path, data, overwrite=False)

    def replace(self, blob: Blob, data: bytes) -> bool:
        """Write over exactly this version of a blob; False when another writer was faster, or deleted it."""
        return self._write_if("replace", blob.container, blob.path, data, **_only_version(blob.etag))

    def write_stream(self, container: str, path: str, chunks: Iterable[bytes]) -> Blob:
        """Write a blob of any size from chunks, in constant memory; readers see the old blob until the last byte."""
        size, blocks, client = 0, [], self._blob(container, path)
        with storage_errors("write_stream"):
            for number, piece in enumerate(regrouped(chunks, PIECE_BYTES)):
                # All ids of a blob have one length (Put Block).
                block = f"{number:08d}"
                self._in_container(container, lambda block=block, piece=piece: client.stage_block(block, piece))
                blocks.append(block)
                size += len(piece)
            answer = self._in_container(container, lambda: client.commit_block_list(_block_list(blocks)))
        return Blob(container=container, path=path, etag=str(answer["etag"]), size=size)

    def delete(self, container: str, path: str) -> None:
        """Delete a blob with its snapshots; absent is as good as deleted."""
        self._found("delete", lambda: self._blob(container, path).delete_blob(delete_snapshots="include"))

    def tag(self, blob: Blob, tags: Mapping[str, str]) -> bool:
        """Merge index tags onto a blob, its ETag untouched.

        False where the account has no tags, the app may not write them, or that version of the blob is gone.
        """
        from azure.core.exceptions import HttpResponseError

        now = self.look(blob.container, blob.path)
        if now is None or now.etag != quoted(blob.etag):
            return False
        client = self._blob(blob.container, blob.path)
        with storage_errors("tag"):
            try:
                client.set_blob_tags(merged_tags(client.get_blob_tags(), tags))
            except HttpResponseError as error:
                if status_of(error) not in _TAGS_REFUSED:
                    raise
                return False
        return True

    @cached_property
    def _service(self) -> "BlobServiceClient":
        from azure.storage.blob import BlobServiceClient

        options: dict[str, Any] = {
            "max_single_get_size": PIECE_BYTES,
            "max_chunk_get_size": PIECE_BYTES,
            "retry_total": self._retries,
            "initial_backoff": 0,
            "increment_base": RETRY_BASE_SECONDS,
            "random_jitter_range": RETRY_JITTER_SECONDS,
        }
        if self._settings.storage_connection_string:
            return BlobServiceClient.from_connection_string(self._settings.storage_connection_string, **options)
        return BlobServiceClient(self._settings.storage_blob_service_uri, credential=self._credential, **options)

    def _blob(self, container: str, path: str) -> "BlobClient":
        return self._service.get_blob_client(container, path)

    def _found[T](self, operation: str, act: Callable[[], T]) -> T | None:
        try:
            with storage_errors(operation):
                return act()
        except NotFound:
            return None

    def _put(self, container: str, path: str, data: bytes, content_type: str, **options: Any) -> dict[str, Any]:
        from azure.storage.blob import ContentSettings

        settings = ContentSettings(content_type=content_type)
        options = {"overwrite": True, **options}
        return self._blob(container, path).upload_blob(data, content_settings=settings, **options)

    def _write_if(self, operation: str, container: str, path: str, data: bytes, **condition: Any) -> bool:
        from azure.core.exceptions import HttpResponseError

        # The SDK repeats a write whose answer was lost, and the repetition finds the blob that the first one wrote: the
        # mark tells our own write from somebody else's. Without it a claim could be won by nobody.
        mark = {WRITER_KEY: uuid4().hex}
        with storage_errors(operation):
            try:
                self._in_container(
                    container, lambda: self._put(container, path, data, "application/json", metadata=mark, **condition)
                )
            except HttpResponseError as error:
                if storage_code(error) not in ("BlobAlreadyExists", "ConditionNotMet", "BlobNotFound"):
                    raise
            else:
                return True
        properties = self._found(operation, lambda: self._blob(container, path).get_blob_properties())
        return properties is not None and properties.metadata.get(WRITER_KEY) == mark[WRITER_KEY]

    def _in_container[T](self, container: str, act: Callable[[], T]) -> T:
        """Run a write; when one of the product's own containers is missing, create it (private) and run it again."""
        from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError

        try:
            return act()
        except ResourceNotFoundError as error:
            own = (self._settings.reports_container, self._settings.state_container)
            if storage_code(error) != "ContainerNotFound" or container not in own:
                raise
        try:
            self._service.create_container(container)
        except ResourceExistsError as error:
            # Another worker was faster; one that is being deleted is not there.
            if storage_code(error) != "ContainerAlreadyExists":
                raise
        return act()


def quoted(etag: str) -> str:
    """Return an ETag with the quotes that HTTP gives it; events and listings leave them out."""
    return etag if etag.startswith('"') else f'"{etag}"'


def merged_tags(existing: Mapping[str, str], ours: Mapping[str, str]) -> dict[str, str]:
    """Return the tags of a blob with ours set, within Azure's limits: 10 tags, key 128, value 256 characters.

    Tags of others are never dropped or shortened: where there is no room, ours are left out, in their order. Characters
    that Azure refuses become "_".
    """
    merged = dict(existing)
    for key, value in ours.items():
        name = _allowed(key)[:MAX_TAG_KEY]
        if name in merged or len(merged) < MAX_TAGS:
            merged[name] = _allowed(value)[:MAX_TAG_VALUE]
    return merged


def _allowed(text: str) -> str:
    return "".join(c if (c.isascii() and c.isalnum()) or c in _TAG_PUNCTUATION else "_" for c in text)


def _only_version(etag: str) -> dict[str, Any]:
    from azure.core import MatchConditions

    return {"etag": quoted(etag), "match_condition": MatchConditions.IfNotModified}


def _block_list(ids: list[str]) -> list[Any]:
    from azure.storage.blob import BlobBlock

    return [BlobBlock(block_id=id_) for id_ in ids]
