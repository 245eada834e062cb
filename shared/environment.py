"""Reads typed variables of an environment and keeps the faults, so that one message can name them all."""

from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from ipaddress import ip_address
from urllib.parse import urlsplit

# Longer than anything that a run may wait for, short enough for every calendar.
YEAR_SECONDS = 366 * 86_400


class Environment:
    """Typed variables; each fault is a sentence that names the variable and says what it should be."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = environ
        self.faults: list[str] = []

    def text(self, name: str, default: str = "") -> str:
        """Return a variable without the blanks around it, or the default where it is unset or blank."""
        return self.environ.get(name, "").strip() or default

    def choice(self, name: str, default: str, allowed: tuple[str, ...]) -> str:
        """Return one of the allowed words."""
        value = self.text(name, default)
        if value not in allowed:
            self.faults.append(f"{name} must be one of {', '.join(allowed)}")
        return value

    def names(self, name: str, default: str) -> tuple[str, ...]:
        """Return names that are separated by commas."""
        return tuple(part.strip() for part in self.text(name, default).split(",") if part.strip())

    def seconds(self, name: str, default: float, *, minimum: float | None = None) -> float:
        """Return a duration in seconds, at most a year."""
        return self.number(name, default, float, minimum=minimum, maximum=YEAR_SECONDS)

    def number[N: (int, float, Decimal)](
        self,
        name: str,
        default: N,
        kind: Callable[[str], N],
        *,
        minimum: float | None = None,
        maximum: float = 10**12,
    ) -> N:
        """Return a number of that kind: at least `minimum`, or above zero where none is given."""
        raw = self.text(name)
        if not raw:
            return default
        low = minimum if minimum is not None else 0
        try:
            value = kind(raw)
            # A comparison with NaN is never true for a float and an exception for a Decimal: both are faults.
            fits = (low < value or value == minimum) and value <= maximum
        except (ValueError, InvalidOperation):
            value, fits = default, False
        if not fits:
            least = f"of at least {low}" if minimum is not None else f"above {low}"
            self.faults.append(f"{name} must be a number {least} and at most {maximum}")
            return default
        return value

    def url(self, name: str, default: str = "") -> str:
        """Return a URL without a slash at its end; https, since keys and tokens are sent there."""
        value = self.text(name, default).rstrip("/")
        if not value:
            self.faults.append(f"{name} is missing")
        elif not _is_safe_url(value):
            self.faults.append(f"{name} must be an https URL (http only on this machine)")
        return value

    def resource_id(self, name: str) -> str:
        """Return the ARM id of a Cognitive Services account, as ARM's URLs go on with it."""
        value = self.text(name).rstrip("/")
        parts = value.lower().split("/")
        words = [parts[0], *parts[1:9:2], *parts[6:7]]
        expected = ["", "subscriptions", "resourcegroups", "providers", "accounts", "microsoft.cognitiveservices"]
        if len(parts) != 9 or words != expected or not all(parts[1:]):
            self.faults.append(
                f"{name} must be /subscriptions/…/resourceGroups/…/providers/Microsoft.CognitiveServices/accounts/…"
            )
        return value


def _is_safe_url(value: str) -> bool:
    try:
        parts = urlsplit(value)
    except ValueError:
        return False
    if not parts.hostname:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(parts.hostname))


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
