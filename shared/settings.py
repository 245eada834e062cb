"""The app's settings: one frozen object, the only reader of the environment, which reports every fault at once."""

from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Literal
from urllib.parse import urlsplit

from msgspec import Struct

from shared.core.plans import Bounds
from shared.core.runs import Pace
from shared.errors import SettingsError

DATASETS_CONTAINER = "datasets"
# The name of the connection, as the blob trigger's binding spells it: a connection string, or `…__blobServiceUri`.
DATASETS_CONNECTION = "DATASETS_STORAGE"

TriggerSource = Literal["EventGrid", "LogsAndContainerScan"]


class Settings(Struct, frozen=True, kw_only=True):
    """Everything that an operator can configure; the variables' names are in `from_env` and in the README."""

    storage_connection_string: str
    storage_blob_service_uri: str
    storage_client_id: str
    reports_container: str
    state_container: str
    openai_endpoint: str
    openai_api_key: str
    openai_token_scope: str
    openai_dated_api_version: str
    account_resource_id: str
    arm_endpoint: str
    arm_token_scope: str
    base_deployment: str
    default_base_model: str
    default_method: str
    default_training_type: str
    default_sku: str
    default_capacity: int
    price_region: str
    bounds: Bounds
    pace: Pace

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> "Settings":
        """Read the settings.

        Raises:
            SettingsError: naming every variable that is missing or wrong, each with what it should be.
        """
        return _Reader(environ).settings()


def trigger_source(environ: Mapping[str, str]) -> TriggerSource:
    """Return where blob events come from: Event Grid (what Flex Consumption needs) or polling."""
    return "EventGrid" if environ.get("DATASETS_TRIGGER_SOURCE", "EventGrid") == "EventGrid" else "LogsAndContainerScan"


class _Reader:
    """Reads typed variables and keeps the faults, so that one message can name them all."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = environ
        self.faults: list[str] = []

    def settings(self) -> Settings:
        connection = self.text(DATASETS_CONNECTION)
        service_uri = self.text(f"{DATASETS_CONNECTION}__blobServiceUri")
        if bool(connection) == bool(service_uri):
            self.faults.append(f"set exactly one of {DATASETS_CONNECTION} and {DATASETS_CONNECTION}__blobServiceUri")
        settings = Settings(
            storage_connection_string=connection,
            storage_blob_service_uri=service_uri,
            storage_client_id=self.text(f"{DATASETS_CONNECTION}__clientId"),
            reports_container=self.text("REPORTS_CONTAINER", "reports"),
            state_container=self.text("STATE_CONTAINER", "tunedrop"),
            openai_endpoint=self.url("AZURE_OPENAI_ENDPOINT"),
            openai_api_key=self.text("AZURE_OPENAI_API_KEY"),
            openai_token_scope=self.text("AZURE_OPENAI_TOKEN_SCOPE", "https://cognitiveservices.azure.com/.default"),
            openai_dated_api_version=self.text("AZURE_OPENAI_DATED_API_VERSION", "2025-04-01-preview"),
            account_resource_id=self.resource_id("AZURE_OPENAI_RESOURCE_ID"),
            arm_endpoint=self.url("ARM_ENDPOINT", "https://management.azure.com"),
            arm_token_scope=self.text("ARM_TOKEN_SCOPE", "https://management.azure.com/.default"),
            base_deployment=self.text("BASE_DEPLOYMENT"),
            default_base_model=self.text("DEFAULT_BASE_MODEL", "gpt-4o-mini-2024-07-18"),
            default_method=self.choice("DEFAULT_METHOD", "supervised", ("supervised", "dpo")),
            default_training_type=self.choice(
                "DEFAULT_TRAINING_TYPE", "GlobalStandard", ("Standard", "GlobalStandard", "developerTier")
            ),
            default_sku=self.text("DEFAULT_SKU", "GlobalStandard"),
            default_capacity=self.number("DEFAULT_CAPACITY", 10, int),
            price_region=self.text("PRICE_REGION", "northcentralus"),
            bounds=self.bounds(),
            pace=self.pace(),
        )
        if self.faults:
            raise SettingsError("; ".join(self.faults))
        return settings

    def bounds(self) -> Bounds:
        return Bounds(
            base_models=self.names(
                "ALLOWED_BASE_MODELS",
                "gpt-4o-mini-2024-07-18,gpt-4o-2024-08-06,gpt-4.1-2025-04-14,gpt-4.1-mini-2025-04-14,"
                "gpt-4.1-nano-2025-04-14",
            ),
            methods=self.names("ALLOWED_METHODS", "supervised"),
            training_types=self.names("ALLOWED_TRAINING_TYPES", "GlobalStandard,Standard,developerTier"),
            skus=self.names("ALLOWED_SKUS", "GlobalStandard,Standard,DeveloperTier"),
            max_epochs=self.number("MAX_EPOCHS", 10, int),
            max_capacity=self.number("MAX_CAPACITY", 50, int),
            max_file_bytes=self.number("MAX_FILE_BYTES", 512_000_000, int),
            max_training_tokens=self.number("MAX_TRAINING_TOKENS", 200_000_000, int),
            max_usd_per_run=self.number("MAX_USD_PER_RUN", Decimal(100), Decimal),
            max_usd_per_day=self.number("MAX_USD_PER_DAY", Decimal(300), Decimal),
            max_runs_at_once=self.number("MAX_RUNS_AT_ONCE", 3, int),
        )

    def pace(self) -> Pace:
        default = Pace()
        return Pace(
            grace_seconds=self.number("GRACE_SECONDS", default.grace_seconds, float, minimum=0),
            min_poll_seconds=self.number("MIN_POLL_SECONDS", default.min_poll_seconds, float),
            max_poll_seconds=self.number("MAX_POLL_SECONDS", default.max_poll_seconds, float),
            file_deadline_seconds=self.number("FILE_DEADLINE_SECONDS", default.file_deadline_seconds, float),
            training_deadline_seconds=self.number(
                "TRAINING_DEADLINE_SECONDS", default.training_deadline_seconds, float
            ),
            deployment_deadline_seconds=self.number(
                "DEPLOYMENT_DEADLINE_SECONDS", default.deployment_deadline_seconds, float
            ),
            answer_deadline_seconds=self.number("ANSWER_DEADLINE_SECONDS", default.answer_deadline_seconds, float),
            verification_deadline_seconds=self.number(
                "VERIFICATION_DEADLINE_SECONDS", default.verification_deadline_seconds, float
            ),
        )

    def text(self, name: str, default: str = "") -> str:
        return self.environ.get(name, "").strip() or default

    def choice(self, name: str, default: str, allowed: tuple[str, ...]) -> str:
        value = self.text(name, default)
        if value not in allowed:
            self.faults.append(f"{name} must be one of {', '.join(allowed)}")
        return value

    def names(self, name: str, default: str) -> tuple[str, ...]:
        return tuple(part.strip() for part in self.text(name, default).split(",") if part.strip())

    def number[N: (int, float, Decimal)](
        self, name: str, default: N, kind: Callable[[str], N], *, minimum: float | None = None
    ) -> N:
        raw = self.text(name)
        if not raw:
            return default
        try:
            value = kind(raw)
        except (ValueError, InvalidOperation):
            value = None
        # A comparison with NaN is never true, so NaN and infinities are faults as well.
        low = minimum if minimum is not None else 0
        if value is None or not (low < value or value == minimum) or not value < 10**12:
            self.faults.append(f"{name} must be a number {'of at least' if minimum is not None else 'above'} {low}")
            return default
        return value

    def url(self, name: str, default: str = "") -> str:
        value = self.text(name, default).rstrip("/")
        parts = urlsplit(value)
        if not value:
            self.faults.append(f"{name} is missing")
        elif not parts.hostname or not (parts.scheme == "https" or _is_loopback(parts.hostname)):
            self.faults.append(f"{name} must be an https URL (http only on this machine)")
        return value

    def resource_id(self, name: str) -> str:
        value = self.text(name).rstrip("/")
        parts = value.lower().split("/")
        if len(parts) != 9 or parts[1] != "subscriptions" or parts[6:8] != ["microsoft.cognitiveservices", "accounts"]:
            self.faults.append(
                f"{name} must be /subscriptions/…/resourceGroups/…/providers/Microsoft.CognitiveServices/accounts/…"
            )
        return value


def _is_loopback(host: str) -> bool:
    return host in ("localhost", "::1") or host.startswith("127.")
