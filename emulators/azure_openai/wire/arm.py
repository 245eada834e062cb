"""Deployments, models, usages and operations as ARM shows them."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from emulators.azure_openai.catalogue import MODELS, BaseModel
from emulators.azure_openai.config import EmulatorConfig
from emulators.azure_openai.state.account import Account
from emulators.azure_openai.state.deployments import quota_title, usage
from emulators.azure_openai.state.records import DeploymentRecord, OperationRecord, TunedModelRecord

_PRINCIPAL = "emulator"


def timestamp(at: datetime) -> str:
    """Return a time as ARM writes it."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def deployment_json(config: EmulatorConfig, record: DeploymentRecord) -> dict[str, Any]:
    """Return a deployment with the rate limits that its capacity gives (1 is 1,000 tokens a minute)."""
    content: dict[str, Any] = {
        "id": f"{config.resource_id}/deployments/{record.name}",
        "type": "Microsoft.CognitiveServices/accounts/deployments",
        "name": record.name,
        "sku": {"name": record.sku, "capacity": record.capacity},
        "properties": {
            "model": {"format": "OpenAI", "name": record.model_name, "version": record.version},
            "versionUpgradeOption": "NoAutoUpgrade" if record.tuned else "OnceNewDefaultVersionAvailable",
            **record.settings,
            "currentCapacity": record.capacity,
            "capabilities": _capabilities(record.base),
            "provisioningState": record.provisioning_state,
            "deploymentState": "Paused" if record.paused else "Running",
            "rateLimits": [
                {"key": "request", "renewalPeriod": 10, "count": record.capacity},
                {"key": "token", "renewalPeriod": 60, "count": record.capacity * 1000},
            ],
        },
        "systemData": _system_data(record.created_at, record.changed_at),
        "etag": f'"{record.etag}"',
    }
    return content if record.tags is None else {**content, "tags": record.tags}


def _system_data(created: datetime, modified: datetime) -> dict[str, str]:
    return {
        "createdBy": _PRINCIPAL,
        "createdByType": "Application",
        "createdAt": timestamp(created),
        "lastModifiedBy": _PRINCIPAL,
        "lastModifiedByType": "Application",
        "lastModifiedAt": timestamp(modified),
    }


def _capabilities(base: BaseModel) -> dict[str, str]:
    return {
        "chatCompletion": "true",
        "maxContextToken": str(base.context_tokens),
        "maxOutputToken": str(base.output_tokens),
    }


def account_json(config: EmulatorConfig, endpoint: str) -> dict[str, Any]:
    """Return the account with the limits that a recorded account shows among its capabilities."""
    limits = config.limits
    capabilities = {
        "MaxFineTuneCount": limits.jobs,
        "MaxRunningFineTuneCount": limits.running_jobs,
        "MaxRunningGlobalStandardFineTuneCount": limits.running_jobs,
        "MaxUserFileCount": limits.files,
        "MaxTrainingFileSize": limits.file_bytes,
        "MaxUserFileImportDurationInHours": limits.import_seconds // 3600,
        "MaxFineTuneJobDurationInHours": 720,
    }
    return {
        "id": config.resource_id,
        "name": config.account,
        "type": "Microsoft.CognitiveServices/accounts",
        "kind": "OpenAI",
        "location": config.region,
        "sku": {"name": "S0"},
        "properties": {
            "endpoint": f"{endpoint}/",
            "endpoints": {"OpenAI Language Model Instance API": f"{endpoint}/"},
            "provisioningState": "Succeeded",
            "customSubDomainName": config.account,
            "publicNetworkAccess": "Enabled",
            "capabilities": [{"name": name, "value": str(value)} for name, value in capabilities.items()],
        },
    }


def base_account_model(config: EmulatorConfig, model: BaseModel) -> dict[str, Any]:
    """Return a base model as the account lists it."""
    tunable = {f"{method}FineTune": "true" for method in sorted(model.methods)}
    return {
        "format": "OpenAI",
        "name": model.name,
        "version": model.version,
        "isDefaultVersion": True,
        "skus": _skus(config, model, fine_tuned=False),
        "maxCapacity": config.default_quota,
        "capabilities": {**_capabilities(model), **({"fineTune": "true"} if model.methods else {})},
        **({"finetuneCapabilities": tunable} if tunable else {}),
        "lifecycleStatus": "GenerallyAvailable",
    }


def tuned_account_model(config: EmulatorConfig, model: TunedModelRecord) -> dict[str, Any]:
    """Return a fine-tuned model as the account lists it: with the model it was made of."""
    return {
        "format": "OpenAI",
        "name": model.name,
        "version": "1",
        "baseModel": {"format": "OpenAI", "name": model.base.name, "version": model.base.version},
        "isDefaultVersion": True,
        "skus": _skus(config, model.base, fine_tuned=True),
        "maxCapacity": config.default_finetune_quota,
        "capabilities": _capabilities(model.base),
        "lifecycleStatus": "GenerallyAvailable",
    }


def _skus(config: EmulatorConfig, model: BaseModel, *, fine_tuned: bool) -> list[dict[str, Any]]:
    return [
        _sku(config, model.usage_name(sku, fine_tuned=fine_tuned), sku)
        for sku in model.skus(config.region, fine_tuned=fine_tuned)
    ]


def _sku(config: EmulatorConfig, usage_name: str, sku: str) -> dict[str, Any]:
    most = config.quota(usage_name)
    capacity = {"minimum": 1, "maximum": most, "step": 1, "default": min(10, most)}
    return {"name": sku, "usageName": usage_name, "capacity": capacity}


def sku_resources(config: EmulatorConfig, record: DeploymentRecord) -> list[dict[str, Any]]:
    """Return the SKUs that a deployment could have."""
    skus = _skus(config, record.base, fine_tuned=record.tuned is not None)
    kind = "Microsoft.CognitiveServices/accounts/deployments"
    return [{"resourceType": kind, "sku": {"name": sku["name"]}, "capacity": sku["capacity"]} for sku in skus]


def usages(account: Account) -> list[dict[str, Any]]:
    """Return every quota of the region with how much of it is taken."""
    names = [
        model.usage_name(sku, fine_tuned=fine_tuned)
        for model in MODELS
        for fine_tuned in ((False, True) if model.methods else (False,))
        for sku in model.skus(account.config.region, fine_tuned=fine_tuned)
    ]
    return [
        {
            "name": {"value": name, "localizedValue": quota_title(name)},
            "currentValue": usage(account, name),
            "limit": account.config.quota(name),
            "unit": "Count",
        }
        for name in names
    ]


def capacities(account: Account, model: BaseModel) -> list[dict[str, Any]]:
    """Return how much of a model can still be deployed here, by SKU."""
    config = account.config
    found = []
    for sku in model.skus(config.region, fine_tuned=bool(model.methods)):
        free = {
            tuned: config.quota(name) - usage(account, name)
            for tuned in (False, True)
            for name in [model.usage_name(sku, fine_tuned=tuned)]
        }
        properties = {
            "model": {"format": "OpenAI", "name": model.name, "version": model.version},
            "skuName": sku,
            "availableCapacity": free[False],
            "availableFinetuneCapacity": free[True],
        }
        found.append({"name": sku, "location": config.region, "properties": properties})
    return found


def operation_json(record: OperationRecord, identifier: str) -> Mapping[str, Any]:
    """Return how far an operation of ARM has come."""
    content = {
        "id": identifier,
        "name": record.id,
        "status": record.status,
        "startTime": timestamp(record.started_at),
        "endTime": None if record.ended_at is None else timestamp(record.ended_at),
    }
    if record.status == "Failed":
        error = {"code": "InternalServerError", "message": "The deployment could not be created."}
        return {**content, "error": error}
    return content if record.ended_at is not None else {name: value for name, value in content.items() if value}
