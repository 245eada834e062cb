"""AzureBlobs against a real Azurite through the real SDK, also over a network that loses answers."""

import os
import socket
import threading
import tracemalloc
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from uuid import uuid4

import msgspec
import pytest
from azure.storage.blob import BlobServiceClient

from emulators.azurite import ACCOUNT, Azurite, connection_string
from shared.clients.blobs import PIECE_BYTES, AzureBlobs
from shared.errors import BlobChanged, NotFound, PermissionDenied, ServiceUnavailable
from shared.settings import Settings

RESOURCE = "/subscriptions/s/resourceGroups/g/providers/Microsoft.CognitiveServices/accounts/a"


def settings_for(connection: str, **changes: str) -> Settings:
    """Return settings of a storage account; its containers are new ones where none are named."""
    mark = uuid4().hex[:8]
    return Settings.from_env(
        {
            "DATASETS_STORAGE": connection,
            "AZURE_OPENAI_ENDPOINT": "https://example.openai.azure.com",
            "AZURE_OPENAI_RESOURCE_ID": RESOURCE,
            "REPORTS_CONTAINER": f"reports-{mark}",
            "STATE_CONTAINER": f"tunedrop-{mark}",
            **changes,
        }
    )


class LossyNetwork:
    """A TCP relay to one port that cuts the next answer after a number of bytes, once for each `cut_next`."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._cut: int | None = None
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.cuts = 0
        threading.Thread(target=self._serve, daemon=True).start()

    def cut_next(self, after_bytes: int) -> None:
        """Cut the next answer after that many bytes; 0 loses it, though the request has been obeyed."""
        self._cut = after_bytes

    def close(self) -> None:
        """Stop to accept connections."""
        self._listener.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                near = self._listener.accept()[0]
                far = socket.create_connection(("127.0.0.1", self._target))
                for source, sink, answers in ((near, far, False), (far, near, True)):
                    threading.Thread(target=self._relay, args=(source, sink, answers), daemon=True).start()

    def _relay(self, source: socket.socket, sink: socket.socket, answers: bool) -> None:
        with suppress(OSError):
            while data := source.recv(65_536):
                if answers and self._cut is not None:
                    left, self._cut = self._cut - len(data), max(self._cut - len(data), 0)
                    if left <= 0:
                        self._cut = None
                        self.cuts += 1
                        sink.sendall(data[: len(data) + left])
                        break
                sink.sendall(data)
        for end in (source, sink):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()


@pytest.fixture(scope="module")
def azurite() -> Iterator[Azurite]:
    """Run one Azurite for this file."""
    with Azurite() as running:
        yield running


@pytest.fixture
def account(azurite: Azurite) -> BlobServiceClient:
    """Return the SDK's own client, to look at what ours did."""
    return BlobServiceClient.from_connection_string(azurite.connection_string)


@pytest.fixture
def settings(azurite: Azurite) -> Settings:
    """Return settings with containers that no other test has."""
    return settings_for(azurite.connection_string)


@pytest.fixture
def blobs(settings: Settings) -> AzureBlobs:
    """Return the client under test; its containers do not exist yet."""
    return AzureBlobs(settings)


@contextmanager
def lossy(azurite: Azurite, settings: Settings) -> Iterator[tuple[AzureBlobs, LossyNetwork]]:
    """Give a client of the same account whose network can be told to lose an answer."""
    network = LossyNetwork(azurite.blob_port)
    there = msgspec.structs.replace(settings, storage_connection_string=connection_string(network.port))
    try:
        yield AzureBlobs(there), network
    finally:
        network.close()


def test_a_missing_blob_or_container_is_none(blobs: AzureBlobs, settings: Settings) -> None:
    """Nothing there is an answer, not an error, whether the blob or its container is missing."""
    assert blobs.look("no-such-container", "a.json") is None
    assert blobs.read("no-such-container", "a.json") is None
    blobs.write(settings.state_container, "a.json", b"{}")
    assert blobs.look(settings.state_container, "b.json") is None
    assert blobs.read(settings.state_container, "b.json") is None
    blobs.delete(settings.state_container, "b.json")
    blobs.delete("no-such-container", "b.json")


def test_a_first_write_creates_the_products_containers_privately(
    blobs: AzureBlobs, settings: Settings, account: BlobServiceClient
) -> None:
    """Whatever the first write is, it finds its container, and nobody gets public access to it."""
    first_writes = {
        settings.reports_container: lambda name: blobs.write(name, "r/report.html", b"<p>", content_type="text/html"),
        settings.state_container: lambda name: blobs.create(name, "claims/a.json", b"{}"),
    }
    for container, first_write in first_writes.items():
        first_write(container)
        assert account.get_container_client(container).get_container_properties().public_access is None
    streamed = settings_for(settings.storage_connection_string)
    assert AzureBlobs(streamed).write_stream(streamed.state_container, "s", [b"ab", b"c"]).size == 3


def test_a_foreign_container_is_never_created(blobs: AzureBlobs, account: BlobServiceClient) -> None:
    """A write to a container that is not the product's own raises NotFound with the service's code."""
    with pytest.raises(NotFound) as raised:
        blobs.write("datasets-nowhere", "a.json", b"{}")
    assert raised.value.service_code == "ContainerNotFound"
    assert not account.get_container_client("datasets-nowhere").exists()


def test_write_look_and_read_agree(blobs: AzureBlobs, settings: Settings, account: BlobServiceClient) -> None:
    """The written version is the one looked at: path with spaces and umlauts, size in bytes, ETag quoted, type kept."""
    path = "demo/größe 1/training set.jsonl"
    written = blobs.write(settings.reports_container, path, "ä".encode(), content_type="text/plain")
    assert (written.path, written.size, written.etag[0], written.etag[-1]) == (path, 2, '"', '"')
    assert blobs.look(settings.reports_container, path) == written
    assert blobs.read(settings.reports_container, path) == b"\xc3\xa4"
    properties = account.get_blob_client(settings.reports_container, path).get_blob_properties()
    assert properties.content_settings.content_type == "text/plain"


def test_create_has_one_winner(blobs: AzureBlobs, settings: Settings) -> None:
    """Of sixteen writers at once exactly one is told that it wrote the blob, and its bytes stay."""
    with ThreadPoolExecutor(16) as pool:
        won = list(pool.map(lambda n: blobs.create(settings.state_container, "claims/x.json", b"%d" % n), range(16)))
    assert won.count(True) == 1
    assert blobs.read(settings.state_container, "claims/x.json") == b"%d" % won.index(True)


def test_create_whose_answer_is_lost_still_knows_that_it_won(
    azurite: Azurite, blobs: AzureBlobs, settings: Settings
) -> None:
    """The SDK's repetition meets our own blob, which is not mistaken for another writer's."""
    blobs.write(settings.state_container, "other", b"")
    with lossy(azurite, settings) as (there, network):
        network.cut_next(0)
        assert there.create(settings.state_container, "claims/y.json", b"mine") is True
        assert network.cuts == 1
        assert there.create(settings.state_container, "claims/y.json", b"again") is False
    assert blobs.read(settings.state_container, "claims/y.json") == b"mine"


def test_replace_writes_over_that_version_only(blobs: AzureBlobs, settings: Settings) -> None:
    """A second writer with the old version, or a writer whose blob is gone, is told False and changes nothing."""
    first = blobs.write(settings.state_container, "ledger.json", b"1")
    assert blobs.replace(first, b"2") is True
    assert blobs.replace(first, b"3") is False
    assert blobs.read(settings.state_container, "ledger.json") == b"2"
    second = blobs.look(settings.state_container, "ledger.json")
    assert second is not None
    unquoted = msgspec.structs.replace(second, etag=second.etag.strip('"'))
    assert blobs.replace(unquoted, b"4") is True
    blobs.delete(settings.state_container, "ledger.json")
    assert blobs.replace(second, b"5") is False
    assert blobs.look(settings.state_container, "ledger.json") is None


def test_replace_whose_answer_is_lost_still_knows_that_it_wrote(
    azurite: Azurite, blobs: AzureBlobs, settings: Settings
) -> None:
    """A lost answer does not make a writer believe that another one was faster."""
    first = blobs.write(settings.state_container, "ledger.json", b"1")
    with lossy(azurite, settings) as (there, network):
        network.cut_next(0)
        assert there.replace(first, b"2") is True
        assert network.cuts == 1


def test_stream_gives_the_pinned_version_in_bounded_pieces(blobs: AzureBlobs, settings: Settings) -> None:
    """The bytes come in order, in pieces of at most 4 MiB; an empty blob gives no bytes."""
    data = os.urandom(2 * PIECE_BYTES + 5)
    blob = blobs.write(settings.state_container, "big", data)
    pieces = list(blobs.stream(blob))
    assert b"".join(pieces) == data
    assert max(map(len, pieces)) == 4_194_304
    empty = blobs.write(settings.state_container, "empty", b"")
    assert b"".join(blobs.stream(empty)) == b""


def test_stream_survives_a_connection_that_breaks_off(azurite: Azurite, blobs: AzureBlobs, settings: Settings) -> None:
    """A connection that breaks in the middle of an answer costs a repetition, not the stream."""
    data = os.urandom(PIECE_BYTES + 100_000)
    blob = blobs.write(settings.state_container, "big", data)
    with lossy(azurite, settings) as (there, network):
        network.cut_next(1_000_000)
        assert b"".join(there.stream(blob)) == data
        assert network.cuts == 1


def test_stream_refuses_another_version(blobs: AzureBlobs, settings: Settings) -> None:
    """A blob that was replaced, before or during the stream, raises BlobChanged, and a deleted one NotFound."""
    old = blobs.write(settings.state_container, "big", os.urandom(2 * PIECE_BYTES))
    pieces = blobs.stream(old)
    next(pieces)
    blobs.write(settings.state_container, "big", os.urandom(2 * PIECE_BYTES))
    with pytest.raises(BlobChanged) as raised:
        list(pieces)
    assert (raised.value.status, raised.value.operation) == (412, "stream")
    with pytest.raises(BlobChanged):
        list(blobs.stream(old))
    blobs.delete(settings.state_container, "big")
    with pytest.raises(NotFound):
        list(blobs.stream(old))


def test_write_stream_needs_the_memory_of_a_few_pieces(blobs: AzureBlobs, settings: Settings) -> None:
    """Forty megabytes in odd chunks arrive whole, while the client never holds more than twenty."""
    chunk = os.urandom(1_000_003)
    tracemalloc.start()
    try:
        written = blobs.write_stream(settings.state_container, "split.jsonl", (chunk for _ in range(40)))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 20_000_000
    assert blobs.look(settings.state_container, "split.jsonl") == written
    assert written.size == 40_000_120
    assert b"".join(blobs.stream(written)) == chunk * 40
    assert blobs.write_stream(settings.state_container, "split.jsonl", []).size == 0
    assert blobs.read(settings.state_container, "split.jsonl") == b""


def test_write_stream_that_fails_leaves_the_old_blob(blobs: AzureBlobs, settings: Settings) -> None:
    """Readers never see half of a stream whose source broke."""

    def broken() -> Iterator[bytes]:
        yield b"x" * (PIECE_BYTES + 1)
        raise BlobChanged("storage", "stream", status=412)

    old = blobs.write(settings.state_container, "split.jsonl", b"old")
    with pytest.raises(BlobChanged):
        blobs.write_stream(settings.state_container, "split.jsonl", broken())
    assert blobs.look(settings.state_container, "split.jsonl") == old


def test_tag_merges_and_leaves_the_etag(blobs: AzureBlobs, settings: Settings, account: BlobServiceClient) -> None:
    """Tags of others stay, ours are set, and the version is the same afterwards."""
    blob = blobs.write(settings.state_container, "training_set.jsonl", b"{}")
    client = account.get_blob_client(settings.state_container, "training_set.jsonl")
    client.set_blob_tags({"team": "blue", "tunedrop-status": "running"})
    assert blobs.tag(blob, {"tunedrop-status": "succeeded", "tunedrop-run": "a-1"}) is True
    assert client.get_blob_tags() == {"team": "blue", "tunedrop-status": "succeeded", "tunedrop-run": "a-1"}
    assert blobs.look(settings.state_container, "training_set.jsonl") == blob


def test_tag_of_a_version_that_is_gone_is_false(blobs: AzureBlobs, settings: Settings) -> None:
    """A newer dataset under the same name does not get the older run's tags."""
    old = blobs.write(settings.state_container, "d.jsonl", b"1")
    blobs.write(settings.state_container, "d.jsonl", b"2")
    assert blobs.tag(old, {"a": "b"}) is False
    blobs.delete(settings.state_container, "d.jsonl")
    assert blobs.tag(old, {"a": "b"}) is False


def test_a_wrong_key_is_permission_denied_without_the_signature(azurite: Azurite) -> None:
    """The message says what happened, in one line, with neither the key nor what was signed."""
    wrong = azurite.connection_string.replace("AccountKey=Eby8", "AccountKey=AAAA")
    with pytest.raises(PermissionDenied) as raised:
        AzureBlobs(settings_for(wrong)).look("datasets", "a.jsonl")
    assert (raised.value.service, raised.value.status) == ("storage", 403)
    with pytest.raises(PermissionDenied) as read:
        AzureBlobs(settings_for(wrong)).read("datasets", "a.jsonl")
    assert read.value.service_code == "AuthorizationFailure"
    assert "\n" not in str(read.value)
    assert "AAAA" not in str(read.value)
    assert raised.value.__suppress_context__


def test_an_account_that_cannot_be_reached_is_unavailable() -> None:
    """No answer at all has no status, and the message keeps the URL, where a signature may be, to itself."""
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
    sas = f"BlobEndpoint=http://127.0.0.1:{port}/{ACCOUNT};SharedAccessSignature=sv=2024&sig=c2VjcmV0"
    with pytest.raises(ServiceUnavailable) as raised:
        AzureBlobs(settings_for(sas), retries=0).write("datasets", "a.jsonl", b"")
    assert raised.value.status is None
    assert raised.value.said == "ServiceRequestError"
    assert "c2VjcmV0" not in str(raised.value)
