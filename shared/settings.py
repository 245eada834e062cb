"""The app's settings: one frozen object, the only reader of the environment, which reports every fault at once."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Literal

from msgspec import Struct

from shared.core.plans import Bounds
from shared.core.runs import Pace
from shared.environment import Environment
from shared.errors import SettingsError

DATASETS_CONTAINER = "datasets"
# The name of the connection, as the blob trigger's binding spells it: a connection string, or `…__blobServiceUri`.
DATASETS_CONNECTION = "DATASETS_STORAGE"

TriggerSource = Literal["EventGrid", "LogsAndContainerScan"]
_TRIGGER_SOURCE = "DATASETS_TRIGGER_SOURCE"


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
    """Return where blob events come from: Event Grid (what Flex Consumption needs) or polling.

    Functions are declared before any setting is checked; `Settings.from_env` names a value that is neither.
    """
    return "LogsAndContainerScan" if environ.get(_TRIGGER_SOURCE, "").strip() == "LogsAndContainerScan" else "EventGrid"


class _Reader(Environment):
    """Reads the settings, and keeps every fault on the way."""

    def settings(self) -> Settings:
        connection, uri_name = self.text(DATASETS_CONNECTION), f"{DATASETS_CONNECTION}__blobServiceUri"
        if bool(connection) == bool(self.text(uri_name)):
            self.faults.append(f"set exactly one of {DATASETS_CONNECTION} and {uri_name}")
        self.choice(_TRIGGER_SOURCE, "EventGrid", ("EventGrid", "LogsAndContainerScan"))
        settings = Settings(
            storage_connection_string=connection,
            storage_blob_service_uri=self.url(uri_name) if self.text(uri_name) else "",
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
        self.faults += [*_container_faults(settings), *_pace_faults(settings.pace)]
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
            max_runs_at_once=self.number("MAX_RUNS_AT_ONCE", 20, int),
        )

    def pace(self) -> Pace:
        default = Pace()
        return Pace(
            grace_seconds=self.seconds("GRACE_SECONDS", default.grace_seconds, minimum=0),
            min_poll_seconds=self.seconds("MIN_POLL_SECONDS", default.min_poll_seconds),
            max_poll_seconds=self.seconds("MAX_POLL_SECONDS", default.max_poll_seconds),
            file_deadline_seconds=self.seconds("FILE_DEADLINE_SECONDS", default.file_deadline_seconds),
            training_deadline_seconds=self.seconds("TRAINING_DEADLINE_SECONDS", default.training_deadline_seconds),
            deployment_deadline_seconds=self.seconds(
                "DEPLOYMENT_DEADLINE_SECONDS", default.deployment_deadline_seconds
            ),
            answer_deadline_seconds=self.seconds("ANSWER_DEADLINE_SECONDS", default.answer_deadline_seconds),
            verification_deadline_seconds=self.seconds(
                "VERIFICATION_DEADLINE_SECONDS", default.verification_deadline_seconds
            ),
        )


def _container_faults(settings: Settings) -> list[str]:
    """Return what is wrong with the containers: a run that writes among the datasets would start the next one."""
    names = (DATASETS_CONTAINER, settings.reports_container, settings.state_container)
    if len(set(names)) == len(names):
        return []
    return [f"REPORTS_CONTAINER and STATE_CONTAINER must differ from each other and from {DATASETS_CONTAINER}"]


def _pace_faults(pace: Pace) -> list[str]:
    if pace.min_poll_seconds > pace.max_poll_seconds:
        return ["MIN_POLL_SECONDS must not be above MAX_POLL_SECONDS"]
    return []
