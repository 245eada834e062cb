"""Hands out work at least once: what a dead or frozen worker had not answered is handed out again."""

import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import durabletask.internal.orchestrator_service_pb2 as pb
import grpc
from durabletask.testing.in_memory_backend import ActivityWorkItem, InMemoryOrchestrationBackend, OrchestrationInstance
from google.protobuf import empty_pb2

from emulators.clock import Clock
from emulators.functions_host import contract
from emulators.functions_host.executions import execution_of, renew_execution

contract.check()
LOG = logging.getLogger(__name__)
WORKER_ID_KEY = "x-worker-id"  # gRPC metadata that ties a worker's heartbeat to its stream of work items
# A worker beats every second from a thread of its own; only a process that is stopped or gone misses this many.
HEARTBEAT_TIMEOUT_SECONDS = 5.0
# The Functions host has no limit; the backend's default aborts the turn and leaves the instance running for ever.
MAX_HISTORY_EVENTS = 10**9

type WorkKey = tuple[str, ...]


@dataclass(eq=False)
class _Stream:
    context: grpc.ServicerContext
    worker_id: str
    items: dict[WorkKey, pb.WorkItem] = field(default_factory=dict)
    last_beat: float | None = None  # None: a worker that does not beat is judged by its connection alone


class RedeliveringBackend(InMemoryOrchestrationBackend):
    """The backend, with delivery at least once and answers accepted at most once."""

    def __init__(self, clock: Clock, heartbeat_timeout: float = HEARTBEAT_TIMEOUT_SECONDS) -> None:
        super().__init__(max_history_size=MAX_HISTORY_EVENTS)
        self.clock = clock
        # Tokens never repeat, so a worker's answer to a hub that has since restarted is recognised as stale.
        self._next_completion_token = time.time_ns()
        self._heartbeat_timeout = heartbeat_timeout
        self._streams: list[_Stream] = []
        self._unanswered: set[WorkKey] = set()
        self._touched: set[tuple[str, str]] = set()
        self.redelivered = 0

    # The gRPC service's own method names, in its own spelling.

    def Hello(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> empty_pb2.Empty:  # noqa: N802, D102
        worker_id = _worker_id(context)
        for stream in list(self._streams):
            if stream.worker_id == worker_id:
                stream.last_beat = time.monotonic()
        return super().Hello(request, context)

    def GetWorkItems(  # noqa: N802, D102
        self, request: pb.GetWorkItemsRequest, context: grpc.ServicerContext
    ) -> Iterator[pb.WorkItem]:
        stream = _Stream(context, _worker_id(context))
        if stream.worker_id != context.peer():  # it will beat; being frozen before the first time counts, too
            stream.last_beat = time.monotonic()
        self._streams.append(stream)
        try:
            for item in super().GetWorkItems(request, context):
                stream.items[_key(item)] = item
                yield item
        finally:
            with self._lock:
                self._streams.remove(stream)
                for key, item in stream.items.items():
                    self._requeue(key, item)

    def CompleteOrchestratorTask(  # noqa: N802, D102
        self, request: pb.OrchestratorResponse, context: grpc.ServicerContext
    ) -> pb.CompleteTaskResponse:
        with self._lock:
            self._answered(("orchestration", request.completionToken))
            instance = self._instances.get(request.instanceId)
            if instance and str(instance.completion_token) != request.completionToken:
                return pb.CompleteTaskResponse()  # the base class would clear the in-flight mark of the newer turn
            known = len(instance.history) if instance else 0
            response = super().CompleteOrchestratorTask(request, context)
            if instance:
                self._stamp(instance, known)
                self._forget_if_terminal(instance)
            return response

    def CompleteActivityTask(  # noqa: N802, D102
        self, request: pb.ActivityResponse, context: grpc.ServicerContext
    ) -> pb.CompleteTaskResponse:
        key = ("activity", request.instanceId, str(request.taskId), request.completionToken)
        with self._lock:
            self._answered(key)
            if key not in self._unanswered:  # a second answer, or one for a generation that is gone
                return pb.CompleteTaskResponse()
            self._unanswered.discard(key)
            execution_of(self._instances[request.instanceId]).activities.pop(request.taskId, None)
            return super().CompleteActivityTask(request, context)

    def CompleteEntityTask(  # noqa: N802, D102
        self, request: pb.EntityBatchResult, context: grpc.ServicerContext
    ) -> pb.CompleteTaskResponse:
        with self._lock:
            self._answered(("entity", request.completionToken))
            self._touched |= {
                ("entity", e.instance_id)
                for e in self._entities.values()
                if str(e.completion_token) == request.completionToken
            }
            return super().CompleteEntityTask(request, context)

    # What the base class calls on the way.

    def _enqueue_orchestration(self, instance_id: str) -> None:
        self._touched.add(("instance", instance_id))
        super()._enqueue_orchestration(instance_id)

    def _enqueue_entity(self, entity_id: str) -> None:
        self._touched.add(("entity", entity_id))
        super()._enqueue_entity(entity_id)

    def _process_schedule_task_action(self, instance: OrchestrationInstance, action: pb.OrchestratorAction) -> None:
        super()._process_schedule_task_action(instance, action)
        work = self._activity_queue.pop()
        execution_of(instance).activities[work.task_id] = work
        self._queue_activity(instance, work)

    def _process_complete_orchestration_action(
        self, instance: OrchestrationInstance, complete_action: pb.CompleteOrchestrationAction
    ) -> None:
        if complete_action.orchestrationStatus == pb.ORCHESTRATION_STATUS_CONTINUED_AS_NEW:
            self._forget_activities(instance)
            renew_execution(instance)
        super()._process_complete_orchestration_action(instance, complete_action)

    # Redelivery.

    def drop_frozen_workers(self) -> None:
        """End the streams of workers whose heart has stopped, which puts their work back."""
        for stream in list(self._streams):
            if stream.last_beat and time.monotonic() - stream.last_beat > self._heartbeat_timeout:
                LOG.warning("worker %s has stopped beating; its work is handed out again", stream.worker_id)
                stream.last_beat = None
                stream.context.cancel()

    def _requeue(self, key: WorkKey, item: pb.WorkItem) -> None:
        self.redelivered += 1
        if key[0] == "activity":
            self._requeue_activity(key, item.activityRequest)
        elif key[0] == "orchestration":
            self._requeue_orchestration(key[1], item.orchestratorRequest.instanceId)
        else:
            self._requeue_entity(key[1], item.entityRequestV2.instanceId)
        self._work_available.set()

    def _requeue_activity(self, key: WorkKey, request: pb.ActivityRequest) -> None:
        if key in self._unanswered:
            instance = self._instances[request.orchestrationInstance.instanceId]
            self._queue_activity(instance, execution_of(instance).activities[request.taskId])

    def _requeue_orchestration(self, token: str, instance_id: str) -> None:
        instance = self._instances.get(instance_id)
        if instance and str(instance.completion_token) == token:
            instance.pending_events[:0] = instance.dispatched_events
            instance.dispatched_events.clear()
            instance.completion_token = self._token()  # a late answer of the old worker is now stale
            self._orchestration_in_flight.discard(instance_id)
            self._enqueue_orchestration(instance_id)

    def _requeue_entity(self, token: str, entity_id: str) -> None:
        entity = self._entities.get(entity_id)
        if entity and str(entity.completion_token) == token:
            entity.pending_operations[:0] = entity.dispatched_operations
            entity.dispatched_operations.clear()
            entity.completion_token = self._token()
            self._entity_in_flight.discard(entity_id)
            self._enqueue_entity(entity_id)

    def _queue_activity(self, instance: OrchestrationInstance, work: ActivityWorkItem) -> None:
        self._unanswered.add(_activity_key(instance.instance_id, work.task_id, work.completion_token))
        self._activity_queue.append(work)
        self._work_available.set()

    def _token(self) -> int:
        self._next_completion_token += 1
        return self._next_completion_token - 1

    def _answered(self, key: WorkKey) -> None:
        for stream in self._streams:
            stream.items.pop(key, None)

    # Generations and history.

    def _is_current(self, instance_id: str, epoch: int) -> bool:
        instance = self._instances.get(instance_id)
        if not instance or self._is_terminal_status(instance.status):
            return False
        return execution_of(instance).epoch == epoch

    def _forget_if_terminal(self, instance: OrchestrationInstance) -> None:
        if self._is_terminal_status(instance.status):
            self._forget_activities(instance)
            execution_of(instance).activities.clear()
            execution_of(instance).timers.clear()

    def _forget_activities(self, instance: OrchestrationInstance) -> None:
        for work in execution_of(instance).activities.values():
            self._unanswered.discard(_activity_key(instance.instance_id, work.task_id, work.completion_token))

    def _stamp(self, instance: OrchestrationInstance, known: int) -> None:
        # The base class leaves most events at 1970. A rewind rewrites the history; its events may then all be new.
        for event in instance.history[known if known < len(instance.history) else 0 :]:
            if not event.timestamp.seconds:
                event.timestamp.FromDatetime(self.clock.now())


def _worker_id(context: grpc.ServicerContext) -> str:
    metadata = {key: str(value) for key, value in context.invocation_metadata()}
    return metadata.get(WORKER_ID_KEY, context.peer())


def _activity_key(instance_id: str, task_id: int, token: int) -> WorkKey:
    return ("activity", instance_id, str(task_id), str(token))


def _key(item: pb.WorkItem) -> WorkKey:
    if item.HasField("activityRequest"):
        request = item.activityRequest
        return ("activity", request.orchestrationInstance.instanceId, str(request.taskId), item.completionToken)
    return ("orchestration" if item.HasField("orchestratorRequest") else "entity", item.completionToken)
