"""Exceptions of the storage SDK become the product's errors, with nothing that was signed in them."""

import pytest
from azure.core.exceptions import HttpResponseError, ServiceResponseError
from requests.structures import CaseInsensitiveDict

from shared.clients.azure_core_errors import storage_error
from shared.errors import PermissionDenied, ServiceUnavailable

REFUSAL = (
    "Server failed to authenticate the request.\nRequestId:1\nErrorCode:AuthenticationFailed\n"
    "authenticationerrordetail:The MAC signature found in the HTTP request 'c2lnbmF0dXJl' is not the same as any"
)


class Answered:
    """As much of an HTTP answer as an exception of the SDK reads."""

    def __init__(self, status_code: int, **headers: str) -> None:
        self.status_code, self.reason, self.headers = status_code, "Forbidden", CaseInsensitiveDict(headers)


def test_a_refusal_keeps_its_first_line() -> None:
    """Below the first line, Azure repeats the signature and the string that was signed."""
    refused = HttpResponseError(REFUSAL, response=Answered(403))
    error = storage_error("read", refused)
    assert isinstance(error, PermissionDenied)
    assert (error.status, error.said) == (403, "Server failed to authenticate the request.")


def test_a_busy_account_tells_its_pause() -> None:
    """A pause that storage asks for reaches the stage."""
    busy = HttpResponseError("Server busy.", response=Answered(503, **{"Retry-After": "12"}))
    error = storage_error("write", busy)
    assert isinstance(error, ServiceUnavailable)
    assert error.retry_after is not None
    assert error.retry_after.total_seconds() == 12


@pytest.mark.parametrize(
    "broken",
    [
        ServiceResponseError("https://a.blob.core.windows.net/b?sig=c2ln broke off"),
        HttpResponseError("https://a.blob.core.windows.net/b?sig=c2ln broke off", response=Answered(206)),
    ],
    ids=["no answer", "an answer that broke off"],
)
def test_half_an_answer_is_none(broken: Exception) -> None:
    """A download that breaks off began with a 206, which is no status of a failure; the URL is not repeated."""
    error = storage_error("stream", broken)
    assert isinstance(error, ServiceUnavailable)
    assert (error.status, error.said) == (None, type(broken).__name__)
