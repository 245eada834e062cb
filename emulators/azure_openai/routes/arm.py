"""ARM's Microsoft.CognitiveServices: deployments, and what an account or a region has and may."""

import re
from typing import Any

from aiohttp import web

from emulators.azure_openai import errors
from emulators.azure_openai.catalogue import MODELS
from emulators.azure_openai.routes.arm_body import read_patch, read_put
from emulators.azure_openai.routes.serving import Action, Call, Route, reply
from emulators.azure_openai.state import deployments
from emulators.azure_openai.wire import arm

_SUBSCRIPTION = "/subscriptions/{subscription}"
_PROVIDER = "/providers/Microsoft.CognitiveServices"
_ACCOUNT = f"{_SUBSCRIPTION}/resourceGroups/{{group}}{_PROVIDER}/accounts/{{account}}"
_LOCATION = f"{_SUBSCRIPTION}{_PROVIDER}/locations/{{location}}"
_DEPLOYMENT_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_LONGEST_RETRY_SECONDS = 10


def _check_account(call: Call) -> None:
    config, given = call.service.config, call.request.match_info
    wanted = [config.subscription_id, config.resource_group, config.account]
    asked = [given.get(name, wanted[place]) for place, name in enumerate(("subscription", "group", "account"))]
    if [name.casefold() for name in asked] != [name.casefold() for name in wanted]:
        raise errors.arm_resource_not_found(call.request.path)


async def list_deployments(call: Call) -> web.Response:
    """List the deployments of the account."""
    _check_account(call)
    found = call.service.account.deployments.values()
    return reply({"value": [arm.deployment_json(call.service.config, record) for record in found]})


async def get_deployment(call: Call) -> web.Response:
    """Return a deployment."""
    _check_account(call)
    record = deployments.get_deployment(call.service.account, call.part("deployment"))
    return reply(arm.deployment_json(call.service.config, record))


async def put_deployment(call: Call) -> web.Response:
    """Create or replace a deployment."""
    _check_account(call)
    name = call.part("deployment")
    if not _DEPLOYMENT_NAME.fullmatch(name):
        raise errors.arm_invalid(f"The deployment name '{name}' is invalid.", "InvalidResourceName")
    request = read_put(await call.body())
    record, created = deployments.put_deployment(call.service.account, name, request)
    content = arm.deployment_json(call.service.config, record)
    if not created:
        return reply(content)
    in_progress = record.provisioning_state == "Creating"
    headers = {"Azure-AsyncOperation": _operation_url(call, record.operation), "Retry-After": _retry_after(call)}
    return reply(content, 201, headers if in_progress else None)


async def patch_deployment(call: Call) -> web.Response:
    """Change a deployment's SKU or tags."""
    _check_account(call)
    sku, capacity, tags = read_patch(await call.body())
    record = deployments.patch_deployment(call.service.account, call.part("deployment"), sku, capacity, tags)
    return reply(arm.deployment_json(call.service.config, record))


async def delete_deployment(call: Call) -> web.Response:
    """Remove a deployment."""
    _check_account(call)
    record = deployments.delete_deployment(call.service.account, call.part("deployment"))
    if record is None:
        return web.Response(status=204)
    if record.provisioning_state != "Deleting":
        return web.Response(status=200)
    headers = {"Location": _operation_url(call, record.operation, "&deletion=true"), "Retry-After": _retry_after(call)}
    return web.Response(status=202, headers=headers)


def _set_paused(*, paused: bool) -> Action:
    async def act(call: Call) -> web.Response:
        _check_account(call)
        record = deployments.set_paused(call.service.account, call.part("deployment"), paused=paused)
        return reply(arm.deployment_json(call.service.config, record))

    return act


async def list_deployment_skus(call: Call) -> web.Response:
    """List the SKUs that a deployment could have."""
    _check_account(call)
    record = deployments.get_deployment(call.service.account, call.part("deployment"))
    return reply({"value": arm.sku_resources(call.service.config, record)})


async def get_account(call: Call) -> web.Response:
    """Return the account."""
    _check_account(call)
    return reply(arm.account_json(call.service.config, call.origin))


async def list_account_models(call: Call) -> web.Response:
    """List base models and the account's own."""
    _check_account(call)
    own = {model.name: model for model in call.service.account.models.values()}
    found = [arm.base_account_model(call.service.config, model) for model in MODELS]
    found += [arm.tuned_account_model(call.service.config, model) for model in own.values()]
    return reply({"value": found})


async def list_usages(call: Call) -> web.Response:
    """List the quotas of the region; other regions have none."""
    return reply({"value": arm.usages(call.service.account) if _is_here(call) else []})


async def list_account_usages(call: Call) -> web.Response:
    """List the quotas that the account uses."""
    _check_account(call)
    return reply({"value": arm.usages(call.service.account)})


async def list_location_models(call: Call) -> web.Response:
    """List the base models of the region."""
    models = [arm.base_account_model(call.service.config, model) for model in MODELS] if _is_here(call) else []
    return reply({"value": [{"kind": "OpenAI", "skuName": "S0", "model": model} for model in models]})


async def list_capacities(call: Call) -> web.Response:
    """List how much of a model can still be deployed."""
    query = call.request.query
    found: list[dict[str, Any]] = []
    for model in MODELS:
        named = query.get("modelName") == model.name and query.get("modelVersion") in (None, model.version)
        if named and query.get("modelFormat") == "OpenAI" and _is_here(call):
            found += arm.capacities(call.service.account, model)
    return reply({"value": found})


async def get_operation(call: Call) -> web.Response:
    """Return how far an operation has come."""
    record = call.service.account.operations.get(call.part("operation"))
    if record is None:
        raise errors.arm_resource_not_found(call.part("operation"))
    if "deletion" in call.request.query:  # final state via location: 202 until done, then nothing more to say
        headers = {"Location": str(call.request.url), "Retry-After": _retry_after(call)}
        return web.Response(status=202, headers=headers) if record.ended_at is None else web.Response(status=204)
    return reply(arm.operation_json(record, call.request.path))


def _is_here(call: Call) -> bool:
    location = call.request.match_info.get("location", call.service.config.region)
    return location.casefold().replace(" ", "") == call.service.config.region.casefold()


def _retry_after(call: Call) -> str:
    # At least 1: Azure's SDKs take 0 for "not said" and then wait half a minute.
    pace = call.service.config.pace
    expected = max(pace.deployment, pace.deletion).total_seconds() if pace.mode == "timed" else 0
    return str(min(_LONGEST_RETRY_SECONDS, max(1, round(expected / 3))))


def _operation_url(call: Call, operation: str, extra: str = "") -> str:
    config = call.service.config
    path = _LOCATION.format(subscription=config.subscription_id, location=config.region)
    return f"{call.origin}{path}/operationResults/{operation}?api-version={call.api_version}{extra}"


def routes() -> list[Route]:
    """Return ARM's routes."""
    one = f"{_ACCOUNT}/deployments/{{deployment}}"
    table: list[tuple[str, str, str, Action]] = [
        ("GET", _ACCOUNT, "get_account", get_account),
        ("GET", f"{_ACCOUNT}/models", "list_account_models", list_account_models),
        ("GET", f"{_ACCOUNT}/usages", "list_account_usages", list_account_usages),
        ("GET", f"{_ACCOUNT}/deployments", "list_deployments", list_deployments),
        ("GET", one, "get_deployment", get_deployment),
        ("PUT", one, "put_deployment", put_deployment),
        ("PATCH", one, "patch_deployment", patch_deployment),
        ("DELETE", one, "delete_deployment", delete_deployment),
        ("POST", f"{one}/pause", "pause_deployment", _set_paused(paused=True)),
        ("POST", f"{one}/resume", "resume_deployment", _set_paused(paused=False)),
        ("GET", f"{one}/skus", "list_deployment_skus", list_deployment_skus),
        ("GET", f"{_LOCATION}/usages", "list_usages", list_usages),
        ("GET", f"{_LOCATION}/models", "list_location_models", list_location_models),
        ("GET", f"{_LOCATION}/modelCapacities", "list_model_capacities", list_capacities),
        ("GET", f"{_SUBSCRIPTION}{_PROVIDER}/modelCapacities", "list_model_capacities", list_capacities),
        ("GET", f"{_LOCATION}/operationResults/{{operation}}", "get_operation", get_operation),
    ]
    # A deployment may name a model whose job is just over: look at jobs before writing.
    return [Route(method, path, name, action, "arm", "job") for method, path, name, action in table]
