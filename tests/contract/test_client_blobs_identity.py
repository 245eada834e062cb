"""AzureBlobs without any key: by the service's address and a token, against an Azurite that checks tokens."""

import base64
import ipaddress
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from azure.core.credentials import AccessToken
from azure.core.exceptions import ClientAuthenticationError
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from emulators.azurite import Azurite
from shared.clients.blobs import AzureBlobs
from shared.errors import PermissionDenied
from shared.settings import Settings


class AzuriteWithIdentity(Azurite):
    """An Azurite that speaks TLS and takes bearer tokens, whose signature it does not check."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.certificate, self.key = folder / "certificate.pem", folder / "key.pem"

    def _command(self, location: Path) -> list[str]:
        tls = ["--oauth", "basic", "--cert", str(self.certificate), "--key", str(self.key)]
        return [*super()._command(location), *tls]


class TokenOf:
    """A credential whose tokens have one audience; keeps the scopes that it was asked for."""

    def __init__(self, audience: str) -> None:
        self.audience = audience
        self.scopes: list[str] = []

    def get_token(self, *scopes: str, **_: Any) -> AccessToken:
        """Return a token that expires in an hour."""
        self.scopes += scopes
        now = int(time.time())
        issuer = "https://sts.windows.net/00000000-0000-0000-0000-000000000000/"
        claims = {"aud": self.audience, "iss": issuer, "iat": now, "nbf": now - 60, "exp": now + 3600}
        header, payload = (base64.urlsafe_b64encode(json.dumps(part).encode()) for part in ({"alg": "RS256"}, claims))
        return AccessToken(f"{header.decode().rstrip('=')}.{payload.decode().rstrip('=')}.c2ln", now + 3600)


class NoIdentity:
    """A credential of a machine without identity."""

    def get_token(self, *scopes: str, **_: Any) -> AccessToken:
        """Refuse."""
        raise ClientAuthenticationError("no identity; tried /home/somebody/.azure")


def write_certificate(certificate: Path, key: Path) -> None:
    """Write a certificate of 127.0.0.1, valid for a day, that vouches for itself."""
    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder(name, name, private.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(private, hashes.SHA256())
    )
    certificate.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    key.write_bytes(
        private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )


@pytest.fixture(scope="module")
def azurite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AzuriteWithIdentity]:
    """Run one Azurite with TLS and tokens for this file."""
    emulator = AzuriteWithIdentity(tmp_path_factory.mktemp("tls"))
    write_certificate(emulator.certificate, emulator.key)
    with emulator:
        yield emulator


@pytest.fixture
def settings(azurite: AzuriteWithIdentity, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Return settings that hold an address and no key."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(azurite.certificate))
    return Settings.from_env(
        {
            "DATASETS_STORAGE__blobServiceUri": azurite.blob_endpoint.replace("http:", "https:"),
            "AZURE_OPENAI_ENDPOINT": "https://example.openai.azure.com",
            "AZURE_OPENAI_RESOURCE_ID": (
                "/subscriptions/s/resourceGroups/g/providers/Microsoft.CognitiveServices/accounts/a"
            ),
        }
    )


def test_a_token_is_all_that_is_needed(settings: Settings) -> None:
    """Container, write, look and stream work by a token of the storage scope, with no key anywhere."""
    credential = TokenOf("https://storage.azure.com")
    blobs = AzureBlobs(settings, credential)
    written = blobs.write("tunedrop", "runs/a.json", b"{}")
    assert blobs.look("tunedrop", "runs/a.json") == written
    assert b"".join(blobs.stream(written)) == b"{}"
    assert set(credential.scopes) == {"https://storage.azure.com/.default"}


def test_a_token_for_something_else_is_permission_denied(settings: Settings) -> None:
    """A token of another audience is refused by the service, and the message does not hold it."""
    with pytest.raises(PermissionDenied) as raised:
        AzureBlobs(settings, TokenOf("https://example.com")).read("tunedrop", "runs/a.json")
    assert "eyJ" not in str(raised.value)


def test_a_machine_without_identity_is_permission_denied(settings: Settings) -> None:
    """That no token can be had is told as such, without paths of the machine."""
    with pytest.raises(PermissionDenied) as raised:
        AzureBlobs(settings, NoIdentity(), retries=0).look("tunedrop", "runs/a.json")
    assert str(raised.value) == "storage get_token: no answer no token for the app: ClientAuthenticationError"
