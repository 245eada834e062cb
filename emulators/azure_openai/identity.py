"""Who may call: keys, and tokens of an emulated managed identity, which nothing signs."""

import base64
import hmac
import json
import time
from collections.abc import Mapping
from typing import Any

DATA_PLANE_AUDIENCES = frozenset({"https://cognitiveservices.azure.com", "https://ai.azure.com"})
ARM_AUDIENCES = frozenset({"https://management.azure.com", "https://management.core.windows.net"})
# A day is what Azure gives a managed identity. Tokens live by the machine's clock even when the account's is virtual:
# the credential that caches them knows no other.
_TOKEN_LIFETIME = 24 * 3600
_PRINCIPAL = "00000000-0000-0000-0000-00000000e0e1"
_TENANT = "00000000-0000-0000-0000-00000000f0f1"


def issue_token(resource: str) -> dict[str, str]:
    """Return the answer of App Service's identity endpoint (protocol 2019-08-01) for a resource."""
    at = int(time.time())
    claims = {
        "aud": resource,
        "iss": f"https://sts.windows.net/{_TENANT}/",
        "iat": at,
        "nbf": at,
        "exp": at + _TOKEN_LIFETIME,
        "oid": _PRINCIPAL,
        "sub": _PRINCIPAL,
        "tid": _TENANT,
    }
    token = f"{_encode({'alg': 'none', 'typ': 'JWT'})}.{_encode(claims)}."
    return {
        "access_token": token,
        "expires_on": str(claims["exp"]),
        "resource": resource,
        "token_type": "Bearer",
        "client_id": _PRINCIPAL,
    }


def is_key(headers: Mapping[str, str], key: str) -> bool:
    """Return whether a request carries the account's key, as api-key or as bearer."""
    given = headers.get("api-key") or bearer(headers) or ""
    return hmac.compare_digest(given.encode(), key.encode())


def bearer(headers: Mapping[str, str]) -> str | None:
    """Return the bearer token of a request."""
    scheme, _, token = headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.strip() else None


def token_problem(token: str, audiences: frozenset[str]) -> str | None:
    """Return why a token is of no use for these audiences, or None when it is good."""
    claims = _claims(token)
    if claims is None:
        return "The token is not a JSON web token."
    if str(claims.get("aud", "")).rstrip("/") not in audiences:
        return "The token's audience is not this service."
    if not isinstance(claims.get("exp"), int) or claims["exp"] <= time.time():
        return "The token has expired."
    return None


def _encode(content: Mapping[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")


def _claims(token: str) -> dict[str, Any] | None:
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except ValueError:
        return None
    return claims if isinstance(claims, dict) else None
