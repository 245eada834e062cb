"""Carries work items from the task hub to the app's functions, and their answers back."""

import asyncio
import base64
import contextlib
import logging
import threading
import uuid
from collections.abc import Awaitable, Callable

import durabletask.internal.orchestrator_service_pb2 as pb
import durabletask.internal.orchestrator_service_pb2_grpc as stubs
import grpc
from durabletask.internal import helpers
from google.protobuf import empty_pb2
from google.protobuf.message import Message as Protobuf

from emulators.functions_host.delivery import WORKER_ID_KEY
from emulators.functions_host.hub import GRPC_OPTIONS
from emulators.functions_host.worker import Function, FunctionError, Message, Worker, typed

LOG = logging.getLogger(__name__)
HEARTBEAT_SECONDS = 1.0
RECONNECT_SECONDS = 0.2  # a hub that was killed listens again within a second


class Bridge:
    """Runs the durable functions of a worker against the hub at an address, until cancelled."""

    def __init__(self, worker: Worker, address: str, *, max_activities: int, max_orchestrators: int) -> None:
        self._worker = worker
        self._address = address
        self._activities = {f.durable_name.lower(): f for f in worker.by_type("activityTrigger")}
        self._orchestrators = {f.durable_name.lower(): f for f in worker.by_type("orchestrationTrigger")}
        self._entities = {f.durable_name.lower(): f for f in worker.by_type("entityTrigger")}
        self._activity_slots = asyncio.Semaphore(max_activities)
        self._orchestrator_slots = asyncio.Semaphore(max_orchestrators)
        self._identity = ((WORKER_ID_KEY, uuid.uuid4().hex),)

    async def run(self) -> None:
        """Serve work items; when the hub goes away, wait for it and go on."""
        async with _heartbeat(self._address, self._identity):
            while True:
                try:
                    await self._serve()
                except* grpc.aio.AioRpcError:
                    LOG.warning("the task hub's stream ended, connecting again")
                await asyncio.sleep(RECONNECT_SECONDS)

    async def _serve(self) -> None:
        # Leaving the group cancels what still runs: the hub hands it out again, to this worker or another.
        async with (
            grpc.aio.insecure_channel(self._address, options=GRPC_OPTIONS) as channel,
            asyncio.TaskGroup() as tasks,
        ):
            self._hub = stubs.TaskHubSidecarServiceStub(channel)
            stream = self._hub.GetWorkItems(pb.GetWorkItemsRequest(), metadata=self._identity)
            async for item in stream:
                tasks.create_task(self._work(item))

    async def _work(self, item: pb.WorkItem) -> None:
        if item.HasField("orchestratorRequest"):
            async with self._orchestrator_slots:
                turn = await self._orchestrator(item.orchestratorRequest)
            turn.completionToken = item.completionToken
            await _deliver(self._hub.CompleteOrchestratorTask, turn)
        elif item.HasField("activityRequest"):
            async with self._activity_slots:
                result = await self._activity(item.activityRequest)
            result.completionToken = item.completionToken
            await _deliver(self._hub.CompleteActivityTask, result)
        elif item.HasField("entityRequestV2"):
            batch = await self._entity(item.entityRequestV2)
            batch.completionToken = item.completionToken
            await _deliver(self._hub.CompleteEntityTask, batch)

    async def _orchestrator(self, request: pb.OrchestratorRequest) -> pb.OrchestratorResponse:
        events = (*request.pastEvents, *request.newEvents)
        name = next((e.executionStarted.name for e in reversed(events) if e.HasField("executionStarted")), "")
        try:
            result = await self._invoke(self._orchestrators, "orchestrator", name, _encoded(request))
            return pb.OrchestratorResponse.FromString(base64.b64decode(result.string))
        except FunctionError as error:
            LOG.warning("orchestrator %s of %s failed: %s", name, request.instanceId, error)
            failed = helpers.new_complete_orchestration_action(
                -1, pb.ORCHESTRATION_STATUS_FAILED, None, _failure(error)
            )
            return pb.OrchestratorResponse(instanceId=request.instanceId, actions=[failed])

    async def _activity(self, request: pb.ActivityRequest) -> pb.ActivityResponse:
        response = pb.ActivityResponse(instanceId=request.orchestrationInstance.instanceId, taskId=request.taskId)
        try:
            data = typed("json", request.input.value or "null")
            result = await self._invoke(self._activities, "activity", request.name, data)
            if result is not None:
                response.result.value = result.json
        except FunctionError as error:
            LOG.info("activity %s of %s failed: %s", request.name, response.instanceId, error)
            response.failureDetails.CopyFrom(_failure(error))
        return response

    async def _entity(self, request: pb.EntityRequest) -> pb.EntityBatchResult:
        batch, operations = helpers.convert_to_entity_batch_request(request)
        name = batch.instanceId.split("@")[1]
        try:
            result = await self._invoke(self._entities, "entity", name, _encoded(batch))
            response = pb.EntityBatchResult.FromString(base64.b64decode(result.string))
        except FunctionError as error:
            LOG.warning("entity %s failed: %s", batch.instanceId, error)
            failure = pb.OperationResult(failure=pb.OperationResultFailure(failureDetails=_failure(error)))
            response = pb.EntityBatchResult(entityState=batch.entityState, results=[failure] * len(batch.operations))
        response.operationInfos.extend(operations)
        return response

    async def _invoke(self, table: dict[str, Function], kind: str, name: str, data: Message) -> Message:
        function = table.get(name.lower())
        if not function:
            msg = f"LookupError: The {kind} function '{name}' doesn't exist."
            raise FunctionError(msg, "")
        return await self._worker.invoke(function, data)


def _encoded(message: Protobuf) -> Message:
    return typed("string", base64.b64encode(message.SerializeToString()).decode())


def _failure(error: FunctionError) -> pb.TaskFailureDetails:
    return pb.TaskFailureDetails(
        errorType=error.kind, errorMessage=error.text, stackTrace=helpers.get_string_value(error.stack)
    )


async def _deliver(call: Callable[[Protobuf], Awaitable[object]], answer: Protobuf) -> None:
    try:
        await call(answer)
    except grpc.aio.AioRpcError as error:  # the hub is gone: it hands the work out again when it is back
        LOG.warning("an answer was not delivered: %s", error.code().name)


@contextlib.asynccontextmanager
async def _heartbeat(address: str, identity: tuple[tuple[str, str], ...]):  # noqa: ANN202 - a context manager
    """Tell the hub every second that this process lives; a thread does it, so that busy functions do not stop it."""
    stop = threading.Event()

    def beat() -> None:
        with grpc.insecure_channel(address) as channel:
            hub = stubs.TaskHubSidecarServiceStub(channel)
            while not stop.is_set():
                with contextlib.suppress(grpc.RpcError):
                    hub.Hello(empty_pb2.Empty(), metadata=identity, timeout=HEARTBEAT_SECONDS)
                stop.wait(HEARTBEAT_SECONDS)

    thread = threading.Thread(target=beat, name="heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
