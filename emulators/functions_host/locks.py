"""Enforces entity locks: while a critical section holds an entity, everybody else's operations wait."""

from dataclasses import dataclass, field

import durabletask.internal.orchestrator_service_pb2 as pb
import grpc
from durabletask.testing.in_memory_backend import EntityState, PendingLockRequest
from google.protobuf.timestamp_pb2 import Timestamp

from emulators.functions_host.delivery import RedeliveringBackend


@dataclass
class EntityLock:
    """Who holds an entity, and the operations (serialized events) that wait until it is free."""

    holder: str
    parked: list[bytes] = field(default_factory=list)


class LockingBackend(RedeliveringBackend):
    """The redelivering backend, with locks that exclude orchestrations, entities and clients alike."""

    def SignalEntity(  # noqa: N802, D102 - the gRPC service's own name
        self,
        request: pb.SignalEntityRequest,
        context: grpc.ServicerContext,  # noqa: ARG002 - the service's signature
    ) -> pb.SignalEntityResponse:
        event = pb.HistoryEvent(
            eventId=-1,
            timestamp=Timestamp(),
            entityOperationSignaled=pb.EntityOperationSignaledEvent(
                requestId=request.requestId, operation=request.name, input=request.input
            ),
        )
        event.entityOperationSignaled.targetInstanceId.value = request.instanceId
        if not request.HasField("input"):
            event.entityOperationSignaled.ClearField("input")
        with self._lock:
            due = request.scheduledTime.ToDatetime(tzinfo=self.clock.now().tzinfo)
            if request.HasField("scheduledTime") and due > self.clock.now():
                self._schedule_delayed_entity_operation(request.instanceId, event, due)
            else:
                self._queue_entity_operation(request.instanceId, event)
        return pb.SignalEntityResponse()

    def CompleteEntityTask(  # noqa: N802, D102 - the gRPC service's own name
        self, request: pb.EntityBatchResult, context: grpc.ServicerContext
    ) -> pb.CompleteTaskResponse:
        with self._lock:
            response = super().CompleteEntityTask(request, context)
            self._try_grant_pending_locks()  # a critical section may have waited for this batch
            return response

    def CleanEntityStorage(  # noqa: N802, D102 - the gRPC service's own name
        self, request: pb.CleanEntityStorageRequest, context: grpc.ServicerContext
    ) -> pb.CleanEntityStorageResponse:
        # The base class looks for the critical section among the instances, so it calls every lock an orphan.
        with self._lock:
            orphans = (
                [e for e in self._entities.values() if self._is_orphaned(e)] if request.releaseOrphanedLocks else []
            )
            for entity in orphans:
                entity.locked_by = None
            self._try_grant_pending_locks()
            request.releaseOrphanedLocks = False
            before = set(self._entities)
            response = super().CleanEntityStorage(request, context)
            self._touched |= {("entity", e) for e in before - set(self._entities)}
            response.orphanedLocksReleased = len(orphans)
            return response

    def _is_orphaned(self, entity: EntityState) -> bool:
        lock = lock_of(entity)
        holder = self._instances.get(lock.holder) if lock else None
        return bool(entity.locked_by) and (holder is None or self._is_terminal_status(holder.status))

    def _can_grant_lock(self, pending: PendingLockRequest) -> bool:
        # Operations that came first are done first, as in the queue of a real entity.
        busy = any(
            entity_id in self._entity_in_flight
            or (entity_id in self._entities and self._entities[entity_id].pending_operations)
            for entity_id in pending.lock_set
        )
        return not busy and super()._can_grant_lock(pending)

    def _grant_lock(self, pending: PendingLockRequest) -> None:
        super()._grant_lock(pending)
        for entity_id in pending.lock_set:
            vars(self._entities[entity_id])["lock"] = EntityLock(pending.parent_instance_id)
            self._touched.add(("entity", entity_id))

    def _queue_entity_operation(self, entity_id: str, event: pb.HistoryEvent) -> None:
        entity = self._entities.get(entity_id)
        lock = lock_of(entity) if entity else None
        caller = event.entityOperationCalled.parentInstanceId.value
        if lock and caller != lock.holder:
            lock.parked.append(event.SerializeToString())
            self._touched.add(("entity", entity_id))
        else:
            super()._queue_entity_operation(entity_id, event)

    def _try_grant_pending_locks(self) -> None:
        for entity in list(self._entities.values()):
            lock = lock_of(entity)
            if lock and not entity.locked_by:
                del vars(entity)["lock"]
                self._touched.add(("entity", entity.instance_id))
                for event in lock.parked:
                    super()._queue_entity_operation(entity.instance_id, pb.HistoryEvent.FromString(event))
        super()._try_grant_pending_locks()


def lock_of(entity: EntityState) -> EntityLock | None:
    """Return the lock on an entity, or None when it is free."""
    return vars(entity).get("lock")
