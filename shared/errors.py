"""The exceptions of the product, which say whether trying again can help.

TunedropError
├── SettingsError          the app's configuration is incomplete or contradictory; names every fault at once
├── PayloadError           something that crossed a boundary is not what its type says
└── ServiceError           a service (storage, Azure OpenAI, ARM) answered with an error
    ├── ServiceUnavailable   5xx, 408, dropped connection: trying again can help
    ├── TooManyRequests      429: trying again after `retry_after` helps
    ├── Conflict             409: somebody else is writing; trying again can help
    ├── PermissionDenied     401, 403: role assignments take ten minutes to act, then trying again helps
    ├── NotFound             404
    ├── BlobChanged          412: the blob is no longer the version that was pinned
    └── RequestRefused       any other 4xx: the same request will be refused again
"""

from datetime import timedelta


class TunedropError(Exception):
    """Base of all exceptions that this product raises on purpose."""

    code = "tunedrop-error"


class SettingsError(TunedropError):
    """The app's settings are incomplete or contradictory."""

    code = "settings-invalid"


class PayloadError(TunedropError):
    """A payload does not have the shape that its reader expects."""

    code = "payload-invalid"


class ServiceError(TunedropError):
    """A service answered with an error.

    `service` is "storage", "azure-openai" or "arm"; `operation` our verb for what was tried; `status` the HTTP status,
    or None when there was no answer; `service_code` the service's own code; `said` its message, free of prompt text.
    """

    code = "service-error"

    def __init__(
        self,
        service: str,
        operation: str,
        *,
        status: int | None = None,
        service_code: str = "",
        said: str = "",
        retry_after: timedelta | None = None,
    ) -> None:
        self.service, self.operation, self.status = service, operation, status
        self.service_code, self.said, self.retry_after = service_code, said, retry_after
        # The message crosses the durable boundary: it must be safe to store.
        words = (f"{service} {operation}:", str(status or "no answer"), service_code, said)
        super().__init__(" ".join(filter(None, words)))


class ServiceUnavailable(ServiceError):
    """The service failed or could not be reached."""

    code = "service-unavailable"


class TooManyRequests(ServiceError):
    """The service asks to slow down."""

    code = "too-many-requests"


class Conflict(ServiceError):
    """Another operation holds the resource."""

    code = "conflict"


class PermissionDenied(ServiceError):
    """The app's identity may not do this (yet)."""

    code = "permission-denied"


class NotFound(ServiceError):
    """The named thing does not exist."""

    code = "not-found"


class BlobChanged(ServiceError):
    """The blob is no longer the version that was asked for."""

    code = "blob-changed"


class RequestRefused(ServiceError):
    """The service refuses this request, and would again."""

    code = "request-refused"


def error_for_status(status: int | None) -> type[ServiceError]:
    """Return the class of exception that an HTTP status stands for (None: no answer came)."""
    if status is None or status == 408 or status >= 500:
        return ServiceUnavailable
    by_status: dict[int, type[ServiceError]] = {
        401: PermissionDenied,
        403: PermissionDenied,
        404: NotFound,
        409: Conflict,
        412: BlobChanged,
        429: TooManyRequests,
    }
    return by_status.get(status, RequestRefused)
