"""The base models that the emulated account knows, and what each may be trained and deployed as."""

from dataclasses import dataclass

# fine-tune-supported-models and fine-tune-standard-deployment-regions in Microsoft's documentation, October 2026.
_STANDARD_REGIONS = frozenset({"northcentralus", "swedencentral"})
_GPT_4O_REGIONS = _STANDARD_REGIONS | {"eastus2"}
_GPT_4O_DEPLOYMENT_REGIONS = frozenset({"eastus2", "swedencentral"})

# What the service binds, whatever the letter case, and how it echoes it. `Developer` is refused, as reported.
_TRAINING_TYPES = {"standard": "standard", "globalstandard": "globalStandard", "developertier": "developerTier"}
_TRAINING_TYPE_NUMBERS = {0: "standard", 1: "globalStandard"}

SKU_NAMES = {
    name.lower(): name
    for name in ("Standard", "GlobalStandard", "DataZoneStandard", "DeveloperTier", "ProvisionedManaged")
}


@dataclass(frozen=True)
class BaseModel:
    """A model of the service: its name and version, and what it allows."""

    name: str
    version: str
    methods: frozenset[str] = frozenset()  # empty: it cannot be fine-tuned
    learning_rate_multiplier: float = 1.0
    tokens_per_example: int = 65_536
    standard_training: frozenset[str] = _STANDARD_REGIONS
    standard_deployment: frozenset[str] = _STANDARD_REGIONS
    developer_deployment: bool = False
    context_tokens: int = 128_000
    output_tokens: int = 16_384

    @property
    def full_name(self) -> str:
        """Return the name with the version, as jobs and answers show it."""
        return f"{self.name}-{self.version}"

    def skus(self, region: str, *, fine_tuned: bool) -> list[str]:
        """Return the SKUs that a deployment may have in a region."""
        names = ["GlobalStandard", "DataZoneStandard"]
        if region in self.standard_deployment:
            names.append("Standard")
        if fine_tuned and self.developer_deployment:
            names.append("DeveloperTier")
        return names

    def usage_name(self, sku: str, *, fine_tuned: bool) -> str:
        """Return the name of the quota that a deployment uses up; fine-tuned ones have their own."""
        return f"OpenAI.{sku}.{self.name}{'-finetune' if fine_tuned else ''}"


_SUPERVISED = frozenset({"supervised"})
_PREFERENCES = frozenset({"supervised", "dpo"})

MODELS = (
    BaseModel(
        "gpt-4o-mini", "2024-07-18", _SUPERVISED, standard_deployment=_STANDARD_REGIONS, learning_rate_multiplier=1.0
    ),
    BaseModel(
        "gpt-4o",
        "2024-08-06",
        _PREFERENCES,
        standard_training=_GPT_4O_REGIONS,
        standard_deployment=_GPT_4O_DEPLOYMENT_REGIONS,
    ),
    BaseModel("gpt-4.1", "2025-04-14", _PREFERENCES, learning_rate_multiplier=2.0, developer_deployment=True),
    BaseModel("gpt-4.1-mini", "2025-04-14", _PREFERENCES, developer_deployment=True),
    BaseModel(
        "gpt-4.1-nano",
        "2025-04-14",
        _PREFERENCES,
        learning_rate_multiplier=0.1,
        tokens_per_example=32_768,
        developer_deployment=True,
    ),
    BaseModel("gpt-5-mini", "2025-08-07", standard_deployment=frozenset()),
)


def find_model(name: str) -> BaseModel | None:
    """Return the base model of a name, with or without its version."""
    return next((model for model in MODELS if name in (model.name, model.full_name)), None)


def bind_training_type(value: object) -> str | None:
    """Return a training type as the service echoes it, or None when the service cannot bind the value."""
    if isinstance(value, str):
        return _TRAINING_TYPES.get(value.lower())
    if isinstance(value, int) and not isinstance(value, bool):
        return _TRAINING_TYPE_NUMBERS.get(value)
    return None
