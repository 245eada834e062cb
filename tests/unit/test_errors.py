"""The exceptions of the product."""

from datetime import timedelta

import pytest

from shared.errors import (
    BlobChanged,
    Conflict,
    NotFound,
    PermissionDenied,
    RequestRefused,
    ServiceError,
    ServiceUnavailable,
    TooManyRequests,
    TunedropError,
    error_for_status,
)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (None, ServiceUnavailable),
        (408, ServiceUnavailable),
        (500, ServiceUnavailable),
        (502, ServiceUnavailable),
        (503, ServiceUnavailable),
        (504, ServiceUnavailable),
        (529, ServiceUnavailable),
        (401, PermissionDenied),
        (403, PermissionDenied),
        (404, NotFound),
        (409, Conflict),
        (412, BlobChanged),
        (429, TooManyRequests),
        (400, RequestRefused),
        (413, RequestRefused),
        (422, RequestRefused),
        (423, RequestRefused),
    ],
)
def test_a_status_says_whether_trying_again_can_help(status, kind):
    """No answer and every server's fault can pass; any other 4xx is refused again."""
    assert error_for_status(status) is kind


def test_every_service_error_is_an_error_of_the_product():
    """One `except` finds them all."""
    kinds = {error_for_status(status) for status in (None, 400, 403, 404, 409, 412, 429)}
    assert len(kinds) == 7
    assert all(issubclass(kind, ServiceError) and issubclass(kind, TunedropError) for kind in kinds)
    assert len({kind.code for kind in kinds}) == 7


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (
            TooManyRequests("azure-openai", "chat", status=429, service_code="429", said="Slow down."),
            "azure-openai chat: 429 429 Slow down.",
        ),
        (
            ServiceUnavailable("storage", "look", said="Timeout"),
            "storage look: no answer Timeout",
        ),
        (NotFound("arm", "check_deployment", status=404), "arm check_deployment: 404"),
    ],
)
def test_an_error_says_who_what_and_how(error, text):
    """The message names service, operation and status: it is all that crosses the durable boundary."""
    assert str(error) == text


def test_an_error_keeps_how_long_to_wait():
    """A caller that waits knows for how long."""
    error = TooManyRequests("azure-openai", "chat", status=429, retry_after=timedelta(seconds=7))
    assert error.retry_after == timedelta(seconds=7)
    assert NotFound("arm", "x").retry_after is None
