"""How much a deployment may be asked: requests and tokens within windows of time, by its capacity."""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from emulators.azure_openai.state.records import DeploymentRecord

# The windows that a recorded deployment states in its rateLimits.
_REQUEST_WINDOW = timedelta(seconds=10)
_TOKEN_WINDOW = timedelta(seconds=60)


@dataclass(frozen=True)
class Allowance:
    """What is left of a deployment's limits; `refused` names the limit that was reached, if one was."""

    limit_requests: int
    limit_tokens: int
    remaining_requests: int
    remaining_tokens: int
    reset_seconds: int
    refused: str | None

    def headers(self) -> dict[str, str]:
        """Return the headers by which the service tells."""
        headers = {
            "x-ratelimit-limit-requests": str(self.limit_requests),
            "x-ratelimit-limit-tokens": str(self.limit_tokens),
            "x-ratelimit-remaining-requests": str(max(0, self.remaining_requests)),
            "x-ratelimit-remaining-tokens": str(max(0, self.remaining_tokens)),
            "x-ratelimit-reset-requests": str(self.reset_seconds),
            "x-ratelimit-reset-tokens": str(self.reset_seconds),
        }
        if self.refused:
            headers |= {"Retry-After": str(self.reset_seconds), "retry-after-ms": str(self.reset_seconds * 1000)}
        return headers


def ask(record: DeploymentRecord, at: datetime, tokens: int) -> Allowance:
    """Count a request of so many tokens, refused or not, and return what is left.

    As at the service, failed requests count too: who keeps asking keeps waiting.
    """
    record.requests = [entry for entry in record.requests if entry[0] > at - _TOKEN_WINDOW]
    recent = [entry for entry in record.requests if entry[0] > at - _REQUEST_WINDOW]
    used_tokens = sum(entry[1] for entry in record.requests)
    limit_requests, limit_tokens = record.capacity, record.capacity * 1000
    refused = None
    if len(recent) + 1 > limit_requests:
        refused = "call"
    elif used_tokens + tokens > limit_tokens:
        refused = "token"
    window, oldest = (_REQUEST_WINDOW, recent) if refused == "call" else (_TOKEN_WINDOW, record.requests)
    wait = (oldest[0][0] + window - at) if oldest else window
    record.requests.append((at, 0 if refused else tokens))
    return Allowance(
        limit_requests,
        limit_tokens,
        limit_requests - len(recent) - 1,
        limit_tokens - used_tokens - tokens,
        max(1, math.ceil(wait.total_seconds())),
        refused,
    )
