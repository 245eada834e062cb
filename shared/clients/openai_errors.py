"""Turns the exceptions of the openai SDK into the product's errors, free of keys and of prompt text."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from shared.clients.http_answers import retry_after, safe_words
from shared.errors import ServiceError, ServiceUnavailable, error_for_status

SERVICE = "azure-openai"
# What the service says about a chat request can quote the prompt, except about these: identity, the deployment's name
# and state, and the rate limit.
_CHAT_STATUSES_WITHOUT_PROMPT = (401, 403, 404, 423, 429)
_FILTER_CODES = ("content_filter", "contentFilter", "ResponsibleAIPolicyViolation")

type ErrorContext = Callable[[str], Any]


@contextmanager
def openai_errors(operation: str, *secrets: str) -> Iterator[None]:
    """Raise the ServiceError that an exception of the openai SDK stands for; `secrets` never appear in its message."""
    from openai import OpenAIError

    try:
        yield
    except OpenAIError as error:
        # `from None`: the SDK's exceptions hold the request, and with it the prompt.
        raise openai_error(operation, error, *secrets) from None
    except json.JSONDecodeError:
        raise unreadable(operation) from None


def openai_error(operation: str, error: Exception, *secrets: str) -> ServiceError:
    """Return the ServiceError for an exception of the openai SDK."""
    status, response = getattr(error, "status_code", None), getattr(error, "response", None)
    if status is None or response is None:
        return ServiceUnavailable(SERVICE, operation, said=_without_answer(error))
    body = getattr(error, "body", None)
    said = str(body.get("message") or "") if isinstance(body, Mapping) else ""
    if operation == "chat" and status not in _CHAT_STATUSES_WITHOUT_PROMPT:
        said = ""
    return error_for_status(status)(
        SERVICE,
        operation,
        status=status,
        service_code=_codes(body)[0],
        said=safe_words(said, *secrets),
        retry_after=retry_after(response.headers),
    )


def is_filtered(error: Exception) -> bool:
    """Tell whether a chat request was refused because of what its prompt says (Azure's content filter)."""
    return getattr(error, "status_code", None) == 400 and any(
        code in _FILTER_CODES for code in _codes(getattr(error, "body", None))
    )


def unreadable(operation: str) -> ServiceUnavailable:
    """Return the error for an answer that is not what the API describes, such as a gateway's page."""
    return ServiceUnavailable(SERVICE, operation, said="the answer is not the JSON that was expected")


def _without_answer(error: Exception) -> str:
    cause = error.__cause__
    return f"{type(error).__name__} ({type(cause).__name__})" if cause else type(error).__name__


def _codes(body: Any) -> list[str]:
    """Return the service's code and its inner one; the first is "" when it gave none."""
    if not isinstance(body, Mapping):
        return [""]
    # The dated API and chat write `innererror`, v1 describes `inner_error`.
    inner = body.get("innererror") or body.get("inner_error")
    codes = [body.get("code"), inner.get("code") if isinstance(inner, Mapping) else None]
    return [str(code) for code in codes if code] or [""]
