"""Turns the exceptions of Azure's own SDKs (storage, identity) into the product's errors, free of secrets."""

from collections.abc import Iterator
from contextlib import contextmanager

from shared.clients.http_answers import retry_after, safe_words
from shared.errors import PermissionDenied, ServiceError, error_for_status


@contextmanager
def storage_errors(operation: str) -> Iterator[None]:
    """Raise the ServiceError that an exception of azure-storage-blob stands for."""
    from azure.core.exceptions import AzureError

    try:
        yield
    except AzureError as error:
        # `from None`: the SDK's own text goes on with the string that was signed, and logs print whole chains.
        raise storage_error(operation, error) from None


def storage_error(operation: str, error: Exception) -> ServiceError:
    """Return the ServiceError for an exception of azure-storage-blob."""
    from azure.core.exceptions import ClientAuthenticationError

    if isinstance(error, ClientAuthenticationError) and not hasattr(error, "error_code"):
        # The storage SDK gives its errors a code: this one comes from the identity, before storage was asked.
        return identity_error("storage", error)
    status = status_of(error)
    if status is None:
        # A connection's error names the URL, and a URL may carry a signature: the kind of error is all that is kept.
        return _without_answer("storage", operation, error)
    response = getattr(error, "response", None)
    return error_for_status(status)(
        "storage",
        operation,
        status=status,
        service_code=storage_code(error),
        said=safe_words(_first_line(error)),
        retry_after=retry_after(response.headers) if response is not None else None,
    )


def identity_error(service: str, error: Exception) -> ServiceError:
    """Return the ServiceError for a token that could not be had; role and identity assignments take time to act."""
    from azure.core.exceptions import ClientAuthenticationError

    if isinstance(error, ClientAuthenticationError):
        # The SDK's text lists every way that it tried, machine paths included; its kind says enough.
        return PermissionDenied(
            service, "get_token", status=status_of(error), said=f"no token for the app: {type(error).__name__}"
        )
    return _without_answer(service, "get_token", error)


def status_of(error: Exception) -> int | None:
    """Return the HTTP status behind an exception, None when there was no complete answer."""
    status = getattr(error, "status_code", None)
    # A download that breaks off is raised with the 200 or 206 that it began with: that is no answer.
    return status if isinstance(status, int) and status >= 300 else None


def storage_code(error: Exception) -> str:
    """Return the storage service's own code, such as BlobNotFound, or ""."""
    code = getattr(error, "error_code", None)
    return str(getattr(code, "value", code) or "")


def _without_answer(service: str, operation: str, error: Exception) -> ServiceError:
    return error_for_status(None)(service, operation, said=type(error).__name__)


def _first_line(error: Exception) -> str:
    lines = str(getattr(error, "message", "") or "").splitlines()
    return lines[0] if lines else ""
