"""Reads what ARM is sent about deployments."""

from typing import Any

from emulators.azure_openai.errors import ServiceError, arm_invalid
from emulators.azure_openai.state.deployments import DeploymentRequest

_UPGRADES = frozenset({"OnceNewDefaultVersionAvailable", "OnceCurrentVersionExpired", "NoAutoUpgrade"})
_TEXT_SETTINGS = ("raiPolicyName", "parentDeploymentName", "spilloverDeploymentName", "serviceTier")


def read_put(body: dict[str, Any]) -> DeploymentRequest:
    """Return what a PUT asks for.

    Raises:
        ServiceError: a part is missing or of the wrong type.
    """
    sku, properties = body.get("sku"), body.get("properties")
    if not isinstance(sku, dict) or not isinstance(sku.get("name"), str):
        raise _missing("sku.name")
    model = properties.get("model") if isinstance(properties, dict) else None
    if not isinstance(properties, dict) or not isinstance(model, dict):
        raise _missing("properties.model")
    if not isinstance(model.get("format"), str) or not isinstance(model.get("name"), str):
        raise _missing("properties.model.format and properties.model.name")
    return DeploymentRequest(
        model_format=model["format"],
        model_name=model["name"],
        version=_text(model, "version"),
        source=_text(model, "source"),
        sku=sku["name"],
        capacity=_capacity(sku, 1),
        tags=read_tags(body),
        settings=_settings(properties),
    )


def read_patch(body: dict[str, Any]) -> tuple[str | None, int | None, dict[str, str] | None]:
    """Return the SKU, the capacity and the tags that a PATCH changes; None is no change."""
    sku = body.get("sku") or {}
    if not isinstance(sku, dict):
        raise arm_invalid("'sku' must be an object.")
    capacity = _capacity(sku, 1) if "capacity" in sku else None
    return _text(sku, "name"), capacity, read_tags(body)


def read_tags(body: dict[str, Any]) -> dict[str, str] | None:
    """Return the tags of a body, which are texts."""
    tags = body.get("tags")
    if tags is None:
        return None
    if not isinstance(tags, dict) or not all(isinstance(value, str) for value in tags.values()):
        raise arm_invalid("'tags' must be an object of texts.")
    return tags


def _settings(properties: dict[str, Any]) -> dict[str, Any]:
    upgrade = properties.get("versionUpgradeOption")
    if upgrade is not None and upgrade not in _UPGRADES:
        raise arm_invalid(f"'versionUpgradeOption' must be one of {', '.join(sorted(_UPGRADES))}.")
    settings = {} if upgrade is None else {"versionUpgradeOption": upgrade}
    for name in _TEXT_SETTINGS:
        value = _text(properties, name)
        if value is not None:
            settings[name] = value
    return settings


def _text(content: dict[str, Any], name: str) -> str | None:
    value = content.get(name)
    if value is not None and not isinstance(value, str):
        raise arm_invalid(f"'{name}' must be a text.")
    return value


def _capacity(sku: dict[str, Any], fallback: int) -> int:
    capacity = sku.get("capacity", fallback)
    if isinstance(capacity, bool) or not isinstance(capacity, int) or capacity < 1:
        raise arm_invalid("'sku.capacity' must be a whole number of at least 1.")
    return capacity


def _missing(name: str) -> ServiceError:
    return ServiceError(400, "InvalidRequestContent", f"The request content is missing '{name}'.")
