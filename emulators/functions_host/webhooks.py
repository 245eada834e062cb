"""Serves the durable extension's HTTP API under /runtime/webhooks/durabletask, as its HttpApiHandler does."""

import json
import warnings
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import azure.durable_functions as df
import azure.functions as func
import durabletask.internal.orchestrator_service_pb2 as pb
import durabletask.internal.orchestrator_service_pb2_grpc as stubs
import grpc
from aiohttp import web
from durabletask.client import OrchestrationStatus
from durabletask.entities import EntityInstanceId
from multidict import MultiMapping

from emulators.functions_host.hub import GRPC_OPTIONS

PREFIX = "/runtime/webhooks/durabletask"
_ENDED = frozenset({"Completed", "Failed", "Terminated", "Canceled"})
_RETRY_AFTER = {"Retry-After": "5"}
# The only public source of the API's own JSON shape is the client's deprecated get_status().to_json().
warnings.filterwarnings("ignore", category=DeprecationWarning, module=__name__)


class DurableWebhooks:
    """Answers management requests through the public durable client."""

    def __init__(self, client_config: str, hub_address: str) -> None:
        self.client = df.DurableFunctionsClient(client_config)
        self._channel = grpc.aio.insecure_channel(hub_address, options=GRPC_OPTIONS)
        self._hub = stubs.TaskHubSidecarServiceStub(self._channel)

    async def close(self) -> None:
        """Close the connections to the hub."""
        await self.client.close()
        await self._channel.close()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer one request below the prefix."""
        parts = [part for part in request.match_info["path"].split("/") if part]
        routes = {"orchestrators": self._start, "instances": self._instances, "entities": self._entities}
        if not parts or parts[0].lower() not in routes:
            return web.Response(status=404)
        try:
            return await routes[parts[0].lower()](request, parts[1:])
        except grpc.aio.AioRpcError as error:
            return web.json_response({"message": error.details()}, status=400)
        except (json.JSONDecodeError, ValueError) as error:
            return web.json_response({"message": f"Something in the request is not valid: {error}"}, status=400)

    async def _start(self, request: web.Request, path: list[str]) -> web.Response:
        if request.method != "POST" or not path:
            return web.Response(status=404)
        body = json.loads(await request.text() or "null")
        instance_id = path[1] if len(path) > 1 else None
        started = await self.client.schedule_new_orchestration(path[0], input=body, instance_id=instance_id)
        return self._links(request, started)

    def _links(self, request: web.Request, instance_id: str) -> web.Response:
        call = func.HttpRequest("POST", str(request.url), headers=dict(request.headers), body=b"")
        response = self.client.create_check_status_response(call, instance_id)
        return web.Response(status=response.status_code, body=response.get_body(), headers=dict(response.headers))

    # Instances.

    async def _instances(self, request: web.Request, path: list[str]) -> web.Response:
        if not path:
            return await (self._purge_many(request) if request.method == "DELETE" else self._list(request))
        instance_id, operation = path[0], path[1:]
        query = request.query
        status = await self.client.get_status(
            instance_id,
            show_history=_flag(query, "showHistory"),
            show_history_output=_flag(query, "showHistoryOutput"),
            show_input=_flag(query, "showInput", default=True),
        )
        if not status:
            return web.Response(status=404)
        state = status.runtime_status.value if status.runtime_status else ""
        if operation and request.method == "POST":
            return await self._operate(request, instance_id, state, operation)
        if operation:
            return web.Response(status=404)
        if request.method == "DELETE":
            purged = await self.client.purge_orchestration(instance_id)
            return web.json_response({"instancesDeleted": purged.deleted_instance_count})
        return _status_response(request, state, status.to_json())

    async def _operate(self, request: web.Request, instance_id: str, state: str, operation: list[str]) -> web.Response:
        name, reason = operation[0].lower(), request.query.get("reason")
        if name == "restart":
            fresh = _flag(request.query, "restartWithNewInstanceId", default=True)
            restarted = await self.client.restart_orchestration(instance_id, restart_with_new_instance_id=fresh)
            return self._links(request, restarted)
        if state in (_ENDED - {"Failed"} if name == "rewind" else _ENDED):
            return web.Response(status=410)
        calls = {
            "terminate": lambda: self.client.terminate_orchestration(instance_id, output=reason),
            "suspend": lambda: self.client.suspend_orchestration(instance_id, reason=reason),
            "resume": lambda: self.client.resume_orchestration(instance_id, reason=reason),
            "rewind": lambda: self.client.rewind_orchestration(instance_id, reason=reason),
        }
        if name == "raiseevent" and len(operation) > 1:
            return await self._raise_event(request, instance_id, operation[1])
        if name not in calls:
            return web.Response(status=404)
        await calls[name]()
        return web.Response(status=202)

    async def _raise_event(self, request: web.Request, instance_id: str, event: str) -> web.Response:
        if request.content_type != "application/json":
            message = "Only application/json request content is supported"
            return web.json_response({"message": message}, status=400)
        await self.client.raise_orchestration_event(instance_id, event, data=json.loads(await request.text() or "null"))
        return web.Response(status=202)

    async def _list(self, request: web.Request) -> web.Response:
        query = request.query
        wanted = pb.InstanceQuery(fetchInputsAndOutputs=True, maxInstanceCount=int(query.get("top", 100)))
        _set_filter(query, wanted)
        if prefix := query.get("instanceIdPrefix"):
            wanted.instanceIdPrefix.value = prefix
        if token := request.headers.get("x-ms-continuation-token"):
            wanted.continuationToken.value = token
        found = await self._hub.QueryInstances(pb.QueryInstancesRequest(query=wanted))
        rows = [
            _summary(state, show_input=_flag(query, "showInput", default=True)) for state in found.orchestrationState
        ]
        return web.json_response(rows, headers={"x-ms-continuation-token": found.continuationToken.value})

    async def _purge_many(self, request: web.Request) -> web.Response:
        if not request.query.get("createdTimeFrom"):
            return web.Response(status=400, text="Please provide value for 'createdTimeFrom' parameter.")
        wanted = pb.PurgeInstanceFilter()
        _set_filter(request.query, wanted)
        purged = await self._hub.PurgeInstances(pb.PurgeInstancesRequest(purgeInstanceFilter=wanted))
        count = purged.deletedInstanceCount
        return web.json_response({"instancesDeleted": count}, status=200 if count else 404)

    # Entities.

    async def _entities(self, request: web.Request, path: list[str]) -> web.Response:
        if len(path) < 2:
            found = await self.client.get_all_entities()
            return web.json_response(
                [
                    {"entityId": {"name": e.id.entity, "key": e.id.key}}
                    for e in found
                    if not path or e.id.entity == path[0].lower()
                ]
            )
        entity_id = EntityInstanceId(path[0], path[1])
        if request.method == "GET":
            entity = await self.client.get_entity(entity_id)
            if not entity:
                return web.Response(status=404)
            state = entity.get_state()
            text = state if isinstance(state, str) else json.dumps(state)
            return web.Response(text=text, content_type="application/json")
        body = await request.text()
        operation = "delete" if request.method == "DELETE" else request.query.get("op", "")
        await self.client.signal_entity(entity_id, operation, input=json.loads(body) if body else None)
        return web.Response(status=202)


def _status_response(request: web.Request, state: str, status: dict[str, Any]) -> web.Response:
    body = {"input": None, "output": None, "customStatus": None, **status}
    if state not in _ENDED:
        return web.json_response(body, status=202, headers={"Location": str(request.url), **_RETRY_AFTER})
    failed = state == "Failed" and _flag(request.query, "returnInternalServerErrorOnFailure")
    return web.json_response(body, status=500 if failed else 200)


def _summary(state: pb.OrchestrationState, *, show_input: bool) -> dict[str, Any]:
    return {
        "name": state.name,
        "instanceId": state.instanceId,
        "runtimeStatus": OrchestrationStatus(state.orchestrationStatus).name.title(),
        "input": json.loads(state.input.value or "null") if show_input else None,
        "customStatus": json.loads(state.customStatus.value or "null"),
        "output": json.loads(state.output.value or "null"),
        "createdTime": state.createdTimestamp.ToJsonString(),
        "lastUpdatedTime": state.lastUpdatedTimestamp.ToJsonString(),
    }


def _set_filter(query: MultiMapping[str], message: pb.InstanceQuery | pb.PurgeInstanceFilter) -> None:
    for name in ("createdTimeFrom", "createdTimeTo"):
        if text := query.get(name):
            at = datetime.fromisoformat(text)
            getattr(message, name).FromDatetime(at if at.tzinfo else at.replace(tzinfo=UTC))
    statuses = {s.name.replace("_", "").lower(): s.value for s in OrchestrationStatus}
    names = ",".join(query.getall("runtimeStatus", [])).lower().split(",")
    message.runtimeStatus.extend(statuses[name] for name in names if name in statuses)


def _flag(query: Mapping[str, str], name: str, *, default: bool = False) -> bool:
    return query.get(name, str(default)).lower() == "true"
