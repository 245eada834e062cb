"""The rules of deployments: what may be deployed how, who may write, what it costs in quota."""

import dataclasses
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from emulators.azure_openai import errors
from emulators.azure_openai.catalogue import SKU_NAMES, BaseModel, find_model
from emulators.azure_openai.errors import ServiceError
from emulators.azure_openai.model.answering import TunedModel
from emulators.azure_openai.state.account import Account
from emulators.azure_openai.state.records import DeploymentRecord, OperationRecord

_IN_PROGRESS = frozenset({"Accepted", "Creating", "Deleting"})


@dataclass(frozen=True)
class DeploymentRequest:
    """What a PUT asks for, already bound to its types."""

    model_format: str
    model_name: str
    version: str | None
    source: str | None
    sku: str
    capacity: int
    tags: dict[str, str] | None
    settings: dict[str, Any]


def get_deployment(account: Account, name: str) -> DeploymentRecord:
    """Return a deployment; names are compared without regard to letter case, as everywhere in ARM."""
    record = account.deployments.get(name.casefold())
    if record is None:
        raise errors.arm_resource_not_found(f"{account.config.resource_id}/deployments/{name}")
    return record


def put_deployment(account: Account, name: str, request: DeploymentRequest) -> tuple[DeploymentRecord, bool]:
    """Create or replace a deployment and return it with whether it is new.

    Raises:
        ServiceError: another write goes on, the model or SKU does not fit, or the quota is used up.
    """
    _check_conflict(account, name)
    base, tuned, model_name = _resolve(account, request)
    sku = _check_sku(account, request.sku, base, tuned)
    existing = account.deployments.get(name.casefold())
    if existing is not None and existing.model_name != model_name:
        text = f"The model of the existing deployment '{name}' cannot be changed to '{model_name}'."
        raise ServiceError(400, "ModelUpgradeNotSupported", text)
    _check_quota(account, base.usage_name(sku, fine_tuned=tuned is not None), request.capacity, existing)
    if existing is None:
        _check_number(account, tuned)
    at = account.now()
    record = existing or DeploymentRecord(
        name, model_name, "1" if tuned else base.version, base, tuned, sku, request.capacity, at, at, at
    )
    record.sku, record.capacity, record.tags, record.settings = sku, request.capacity, request.tags, request.settings
    _touch(account, record, at)
    if existing is None:
        account.deployments[name.casefold()] = record
        _begin(account, record, at)
    return record, existing is None


def patch_deployment(
    account: Account, name: str, sku: str | None, capacity: int | None, tags: dict[str, str] | None
) -> DeploymentRecord:
    """Change SKU, capacity or tags of a deployment; what is None stays."""
    _check_conflict(account, name)
    record = get_deployment(account, name)
    new_sku = record.sku if sku is None else _check_sku(account, sku, record.base, record.tuned)
    new_capacity = record.capacity if capacity is None else capacity
    usage_name = record.base.usage_name(new_sku, fine_tuned=record.tuned is not None)
    _check_quota(account, usage_name, new_capacity, record)
    record.sku, record.capacity = new_sku, new_capacity
    record.tags = record.tags if tags is None else tags
    _touch(account, record, account.now())
    return record


def delete_deployment(account: Account, name: str) -> DeploymentRecord | None:
    """Remove a deployment, at once or in its own time; None when there was none."""
    if name.casefold() not in account.deployments:
        return None
    _check_conflict(account, name)
    record = account.deployments[name.casefold()]
    at = account.now()
    _touch(account, record, at)
    if account.config.pace.mode == "timed" and account.config.pace.deletion > timedelta(0):
        record.provisioning_state = "Deleting"
        account.operations[record.operation] = OperationRecord(record.operation, at)
    else:
        remove(account, record)
    return record


def remove(account: Account, record: DeploymentRecord) -> None:
    """Take a deployment away."""
    account.deployments.pop(record.name.casefold(), None)


def set_paused(account: Account, name: str, *, paused: bool) -> DeploymentRecord:
    """Pause or resume a deployment; doing so twice is as good as once."""
    record = get_deployment(account, name)
    if record.sku not in ("Standard", "GlobalStandard", "DataZoneStandard"):
        raise errors.unsupported_sku(record.sku, record.model_name, record.version)
    record.paused = paused
    return record


def finish_creation(account: Account, record: DeploymentRecord, at: datetime) -> None:
    """Let a deployment become ready, or fail if that was ordered."""
    failed = record.outcome is not None and record.outcome["result"] == "fail"
    record.provisioning_state = "Failed" if failed else "Succeeded"
    lag = account.config.pace.data_plane_lag if account.config.pace.mode == "timed" else timedelta(0)
    record.serving_from = None if failed else at + lag
    record.last_used_at = at
    end_operation(account, record, at)


def end_operation(account: Account, record: DeploymentRecord, at: datetime) -> None:
    """Note how ARM's operation on a deployment ended."""
    operation = account.operations.get(record.operation)
    if operation is not None:
        operation.status = "Failed" if record.provisioning_state == "Failed" else "Succeeded"
        operation.ended_at = at


def usage(account: Account, usage_name: str) -> int:
    """Return how much of a quota is taken, in thousands of tokens per minute."""
    return sum(record.capacity for record in account.deployments.values() if record.usage_name == usage_name)


def _begin(account: Account, record: DeploymentRecord, at: datetime) -> None:
    record.outcome = account.outcomes.take("deployment")
    if record.tuned is None and record.outcome is None:
        finish_creation(account, record, at)  # a base model is there already: recorded as Succeeded at once
    else:
        account.operations[record.operation] = OperationRecord(record.operation, at)


def _touch(account: Account, record: DeploymentRecord, at: datetime) -> None:
    record.changed_at = account.written_at = at
    record.etag, record.operation = str(uuid.uuid4()), str(uuid.uuid4())


def _check_conflict(account: Account, name: str) -> None:
    existing = account.deployments.get(name.casefold())
    itself = existing is not None and existing.provisioning_state in _IN_PROGRESS
    pace = account.config.pace
    accepting = pace.accepting if pace.mode == "timed" else timedelta(0)
    others = account.written_at is not None and account.now() < account.written_at + accepting
    if itself or others:
        raise errors.request_conflict(account.config.resource_id)


def _resolve(account: Account, request: DeploymentRequest) -> tuple[BaseModel, TunedModel | None, str]:
    refusal = errors.unsupported_model(request.model_format, request.model_name, request.version or "")
    own = request.source is None or request.source.casefold() == account.config.resource_id.casefold()
    if request.model_format != "OpenAI" or not own:
        raise refusal
    tuned = account.models.get(request.model_name)
    if tuned is not None and request.version in (None, "1"):
        return tuned.base, tuned.model, tuned.name
    base = find_model(request.model_name)
    if base is None or request.version not in (None, base.version):
        raise refusal
    return base, None, base.name


def _check_sku(account: Account, name: str, base: BaseModel, tuned: TunedModel | None) -> str:
    sku = SKU_NAMES.get(name.lower(), name)
    if sku not in base.skus(account.config.region, fine_tuned=tuned is not None):
        raise errors.unsupported_sku(sku, base.name, base.version)
    return sku


def _check_quota(account: Account, usage_name: str, capacity: int, existing: DeploymentRecord | None) -> None:
    held = existing.capacity if existing is not None and existing.usage_name == usage_name else 0
    used, limit = usage(account, usage_name), account.config.quota(usage_name)
    if capacity - held > limit - used:
        raise errors.insufficient_quota(capacity - held, quota_title(usage_name), used, limit)


def quota_title(usage_name: str) -> str:
    """Return how a quota is called in texts."""
    _, sku, model = usage_name.split(".", 2)
    return f"Tokens Per Minute (thousands) - {model} - {sku}"


def _check_number(account: Account, tuned: TunedModel | None) -> None:
    most = account.config.limits.fine_tuned_deployments
    if tuned is not None and sum(1 for record in account.deployments.values() if record.tuned) >= most:
        text = f"The maximum number of fine-tuned model deployments ({most}) is reached."
        raise ServiceError(400, "DeploymentQuotaExceeded", text)


def describe(record: DeploymentRecord) -> Mapping[str, Any]:
    """Return what tests look at in a deployment."""
    names = ("name", "model_name", "sku", "capacity", "provisioning_state", "paused", "tags")
    content = {field.name: getattr(record, field.name) for field in dataclasses.fields(record) if field.name in names}
    return {**content, "fine_tuned": record.tuned is not None}
