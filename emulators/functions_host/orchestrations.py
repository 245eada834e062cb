"""The Functions host's rules for orchestrations: starts, timers and sub-orchestrations of any length."""

import uuid
from datetime import UTC, datetime

import durabletask.internal.orchestrator_service_pb2 as pb
import grpc
from durabletask.internal import helpers
from durabletask.testing.in_memory_backend import OrchestrationInstance

from emulators.clock import Clock
from emulators.functions_host.alarms import Alarms
from emulators.functions_host.executions import Watcher, execution_of
from emulators.functions_host.locks import LockingBackend

TERMINAL = (pb.ORCHESTRATION_STATUS_COMPLETED, pb.ORCHESTRATION_STATUS_FAILED, pb.ORCHESTRATION_STATUS_TERMINATED)


class OrchestratingBackend(LockingBackend):
    """The locking backend, with event-driven timers and sub-orchestrations on a virtual clock."""

    def __init__(self, clock: Clock, heartbeat_timeout: float) -> None:
        super().__init__(clock, heartbeat_timeout)
        self._alarms = Alarms(clock, self._lock)
        self._delayed: dict[str, tuple[str, datetime, bytes]] = {}  # entity operations: entity, due, event

    def StartInstance(  # noqa: N802, D102 - the gRPC service's own name
        self, request: pb.CreateInstanceRequest, context: grpc.ServicerContext
    ) -> pb.CreateInstanceResponse:
        if not request.orchestrationIdReusePolicy.replaceableStatus:
            # host.json's default, overridableExistingInstanceStates = NonRunningStates
            request.orchestrationIdReusePolicy.replaceableStatus.extend(TERMINAL)
        with self._lock:
            response = super().StartInstance(request, context)
            start_at = request.scheduledStartTimestamp.ToDatetime(tzinfo=UTC)
            if request.HasField("scheduledStartTimestamp") and start_at > self.clock.now():
                self._orchestration_queue.remove(response.instanceId)
                self._orchestration_queue_set.discard(response.instanceId)
                instance = self._instances[response.instanceId]
                execution_of(instance).start_at = start_at
                self._set_start(instance, start_at)
            return response

    def PurgeInstances(  # noqa: N802, D102 - the gRPC service's own name
        self, request: pb.PurgeInstancesRequest, context: grpc.ServicerContext
    ) -> pb.PurgeInstancesResponse:
        with self._lock:
            before = set(self._instances)
            response = super().PurgeInstances(request, context)
            self._touched |= {("instance", i) for i in before - set(self._instances)}
            return response

    # Timers.

    def _process_create_timer_action(self, instance: OrchestrationInstance, action: pb.OrchestratorAction) -> None:
        due = action.createTimer.fireAt.ToDatetime(tzinfo=UTC)
        instance.history.append(helpers.new_timer_created_event(action.id, due))
        execution_of(instance).timers[action.id] = due
        self._set_timer(instance, action.id, due)

    def _set_timer(self, instance: OrchestrationInstance, timer_id: int, due: datetime) -> None:
        instance_id, epoch = instance.instance_id, execution_of(instance).epoch

        def fire() -> None:
            current = self._instances[instance_id]
            execution_of(current).timers.pop(timer_id, None)
            current.pending_events.append(helpers.new_timer_fired_event(timer_id, due))
            self._enqueue_unless_suspended(current)

        self._alarms.add(due, fire, lambda: self._is_current(instance_id, epoch))

    def _set_start(self, instance: OrchestrationInstance, start_at: datetime) -> None:
        instance_id, epoch = instance.instance_id, execution_of(instance).epoch

        def start() -> None:
            execution_of(self._instances[instance_id]).start_at = None
            self._enqueue_orchestration(instance_id)

        self._alarms.add(start_at, start, lambda: self._is_current(instance_id, epoch))

    def _schedule_delayed_entity_operation(self, entity_id: str, event: pb.HistoryEvent, fire_at: datetime) -> None:
        name = uuid.uuid4().hex
        self._delayed[name] = (entity_id, fire_at, event.SerializeToString())
        self._touched.add(("delayed", name))
        self._set_delayed(name)

    def _set_delayed(self, name: str) -> None:
        entity_id, due, event = self._delayed[name]

        def deliver() -> None:
            del self._delayed[name]
            self._touched.add(("delayed", name))
            self._queue_entity_operation(entity_id, pb.HistoryEvent.FromString(event))

        self._alarms.add(due, deliver)

    def _enqueue_unless_suspended(self, instance: OrchestrationInstance) -> None:
        # A suspended instance keeps what arrives; the backend delivers it all when the instance is resumed.
        self._touched.add(("instance", instance.instance_id))
        if instance.status != pb.ORCHESTRATION_STATUS_SUSPENDED:
            self._enqueue_orchestration(instance.instance_id)

    # Sub-orchestrations.

    def _process_create_sub_orchestration_action(
        self, instance: OrchestrationInstance, action: pb.OrchestratorAction
    ) -> None:
        super()._process_create_sub_orchestration_action(instance, action)
        child = self._instances.get(action.createSubOrchestration.instanceId)
        for event in child.pending_events if child else []:
            if event.HasField("executionStarted"):  # what the child reads as its parent_instance_id
                event.executionStarted.parentInstance.orchestrationInstance.instanceId = instance.instance_id

    def _watch_sub_orchestration(self, parent_instance_id: str, sub_instance_id: str, task_id: int) -> None:
        epoch = execution_of(self._instances[parent_instance_id]).epoch
        watchers = execution_of(self._instances[sub_instance_id]).watchers
        watchers.append(Watcher(parent_instance_id, epoch, task_id))
        self._notify_waiters(sub_instance_id)  # it may have ended already, when its parent was rewound

    def _notify_waiters(self, instance_id: str) -> None:
        super()._notify_waiters(instance_id)
        child = self._instances.get(instance_id)
        if child and self._is_terminal_status(child.status):
            execution = execution_of(child)
            watchers, execution.watchers = execution.watchers, []
            for watcher in watchers:
                self._tell_parent(watcher, child)

    def _tell_parent(self, watcher: Watcher, child: OrchestrationInstance) -> None:
        if not self._is_current(watcher.parent_id, watcher.parent_epoch):
            return
        if child.status == pb.ORCHESTRATION_STATUS_COMPLETED:
            event = helpers.new_sub_orchestration_completed_event(watcher.task_id, child.output)
        else:
            event = helpers.new_sub_orchestration_failed_event(watcher.task_id, RuntimeError("The instance was ended."))
            if child.failure_details:
                event.subOrchestrationInstanceFailed.failureDetails.CopyFrom(child.failure_details)
        parent = self._instances[watcher.parent_id]
        parent.pending_events.append(event)
        self._enqueue_unless_suspended(parent)
