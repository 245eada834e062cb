"""Errors of the HTTP API as application/problem+json (RFC 9457), with our code and remedy."""

import azure.functions as func
import msgspec

TITLES = {400: "Bad request", 404: "Not found", 409: "Conflict", 500: "Server error", 503: "Unavailable"}


def problem(status: int, code: str, detail: str, remedy: str) -> func.HttpResponse:
    """Return a problem document; `detail` and `remedy` are sentences for people, `code` is stable."""
    body = {
        "type": "about:blank",
        "title": TITLES[status],
        "status": status,
        "detail": detail,
        "code": code,
        "remedy": remedy,
    }
    return func.HttpResponse(msgspec.json.encode(body), status_code=status, mimetype="application/problem+json")
