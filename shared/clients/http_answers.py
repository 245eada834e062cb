"""What every client reads from a refusing HTTP answer: how long to wait, and words that are safe to store."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

# A message crosses the durable boundary and lands in history and logs: long enough to understand, short enough to keep.
SAID_CHARACTERS = 500
# No service asks for a longer pause than an hour; a larger number is a mistake that must not park a run.
LONGEST_PAUSE = timedelta(hours=1)

_SECRETS = re.compile(
    r"(?i)\bbearer\s+[^\s'\"]+|\bsig=[^&\s'\"]+|\b(?:account|api[-_]?)key['\"]?\s*[=:]\s*[^;,\s]+|\beyJ[\w-]{10,}[\w.-]*"
)
_MILLISECONDS = ("retry-after-ms", "x-ms-retry-after-ms")


def retry_after(headers: Mapping[str, str]) -> timedelta | None:
    """Return how long a service asks to wait (Azure's milliseconds, else RFC 9110's Retry-After), None if it does not.

    `headers` must find names in any case, as the HTTP libraries' mappings do.
    """
    for name in _MILLISECONDS:
        pause = _number(headers.get(name))
        if pause is not None:
            return _bounded(timedelta(milliseconds=pause))
    text = headers.get("retry-after")
    seconds = _number(text)
    if seconds is not None:
        return _bounded(timedelta(seconds=seconds))
    moment = _moment(text)
    return _bounded(moment - datetime.now(UTC)) if moment else None


def safe_words(text: str, *secrets: str) -> str:
    """Return a service's message on one line of at most 500 characters, without tokens, signatures and `secrets`."""
    for secret in filter(None, secrets):
        text = text.replace(secret, "…")
    words = " ".join(_SECRETS.sub("…", text).split())
    return words if len(words) <= SAID_CHARACTERS else words[: SAID_CHARACTERS - 1] + "…"


def _number(text: str | None) -> float | None:
    # Digits only: float() would also take "nan" and "1e400", which no timedelta can hold.
    return float(text) if text and re.fullmatch(r"\d{1,12}(\.\d{1,6})?", text.strip()) else None


def _moment(text: str | None) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text or "")
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _bounded(pause: timedelta) -> timedelta:
    return min(max(pause, timedelta(0)), LONGEST_PAUSE)
