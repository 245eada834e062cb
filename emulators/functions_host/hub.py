"""The task hub: Microsoft's in-memory Durable Task backend, made fit for work that must survive.

What differs from the stock backend (each difference has a test):

- Work of a dead or frozen worker is handed out again (`delivery.py`).
- Timers and activities of an earlier generation never reach the next one (`executions.py`).
- One heap and one thread serve all timers, on a clock that can run fast or jump (`alarms.py`, `virtual_time.py`).
- A sub-orchestration may take as long as it likes, knows its parent, and hands its failure up in full.
- An id may be used again once its instance has ended, as the Functions host allows by default; `start_at` waits.
- Entity locks exclude everybody but their holder (`locks.py`).
- Every event of a history has its time; a history may be of any length, a message of any size.
- The server listens on loopback alone, with enough threads for clients that block.
- With a snapshot, whatever was acknowledged survives the hub's process: each call is answered after its changes are
  written (`snapshot.py`). A worker may be handed work before the turn that made it is written; after a crash it is
  simply handed out once more.

The private names of the base class that this uses are in `contract.py`. Like the extension's Azure Storage provider,
the hub does not end sub-orchestrations with a terminated parent.
"""

import pickle
import threading
from collections.abc import Callable, Iterator
from concurrent import futures
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, cast

import durabletask.internal.orchestrator_service_pb2 as pb
import durabletask.internal.orchestrator_service_pb2_grpc as stubs
import grpc
from durabletask.testing.in_memory_backend import EntityState, OrchestrationInstance, PendingLockRequest

from emulators.clock import Clock
from emulators.functions_host import virtual_time
from emulators.functions_host.delivery import HEARTBEAT_TIMEOUT_SECONDS
from emulators.functions_host.executions import execution_of
from emulators.functions_host.orchestrations import TERMINAL, OrchestratingBackend
from emulators.functions_host.snapshot import Row, Snapshot

# A client that waits for an instance, and a worker's stream, each hold a thread for as long as they last.
SERVER_THREADS = 64
GRPC_OPTIONS = [
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
    ("grpc.so_reuseport", 0),  # a second hub on the same port must fail, not share its clients
]


class Hub(OrchestratingBackend):
    """A task hub on a loopback port; `serve` starts it, `stop` ends it."""

    def __init__(
        self,
        clock: Clock | None = None,
        snapshot: Snapshot | None = None,
        heartbeat_timeout: float = HEARTBEAT_TIMEOUT_SECONDS,
    ) -> None:
        super().__init__(clock or Clock(), heartbeat_timeout)
        self._snapshot = snapshot
        self._held = 0
        self._saved_locks = b""
        if snapshot:
            with self._lock:
                self._restore(snapshot)

    # Life.

    def serve(self, port: int = 0) -> str:
        """Listen on a loopback port (0: any free one) and return the address."""
        virtual_time.install()
        pool = futures.ThreadPoolExecutor(SERVER_THREADS, initializer=virtual_time.follow, initargs=(self.clock,))
        self._grpc = grpc.server(pool, interceptors=[_CommitBeforeAnswer(self)], options=GRPC_OPTIONS)
        stubs.add_TaskHubSidecarServiceServicer_to_server(self, self._grpc)
        self.port = self._grpc.add_insecure_port(f"127.0.0.1:{port}")
        self._grpc.start()
        self._timer_thread = threading.Thread(target=self._run_alarms, name="hub-alarms", daemon=True)
        self._timer_thread.start()
        return f"127.0.0.1:{self.port}"

    def stop(self, grace: float | None = None) -> None:
        """End the server and the timers, and give the backend's module its time back."""
        self._shutdown_event.set()
        self._work_available.set()
        with self._lock:
            self._alarms.reconsider()
            for waiter in [w for waiters in self._state_waiters.values() for w in waiters]:
                waiter.event.set()
        self._grpc.stop(grace).wait()
        self._timer_thread.join()
        self.commit()
        if self._snapshot:
            self._snapshot.close()
        virtual_time.uninstall()

    # Time.

    def idle(self) -> bool:
        """Say whether nothing is left to do until the next timer or the next call from outside."""
        with self._lock:
            return not (
                self._held
                or self._orchestration_queue
                or self._orchestration_in_flight
                or self._activity_queue
                or self._unanswered
                or self._entity_queue
                or self._entity_in_flight
            )

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Keep an automatic clock from jumping, while something outside of the hub is under way."""
        with self._lock:
            self._held += 1
        try:
            yield
        finally:
            with self._lock:
                self._held -= 1
                self._alarms.reconsider()

    def advance(self, by: timedelta) -> None:
        """Move the hub's clock forward; timers that have come due fire at once."""
        self.clock.advance(by)
        with self._lock:
            self._alarms.reconsider()

    def _run_alarms(self) -> None:
        virtual_time.follow(self.clock)
        while not self._shutdown_event.is_set():
            with self._lock:
                self.drop_frozen_workers()
                if self._alarms.ring_next(idle=self.idle):
                    self.commit()

    # State.

    def history(self, instance_id: str) -> list[pb.HistoryEvent]:
        """Return a copy of the events of an instance's current generation; none when it does not exist."""
        with self._lock:
            instance = self._instances.get(instance_id)
            return [pb.HistoryEvent.FromString(e.SerializeToString()) for e in instance.history] if instance else []

    def commit(self, instance_id: str = "") -> None:
        """Write every change since the last commit; the given instance may have changed in ways nobody noted."""
        with self._lock:
            touched, self._touched = self._touched | {("instance", instance_id)}, set()
            self._alarms.reconsider()
            if not self._snapshot:
                return
            changes: dict[Row, object] = {(kind, key): self._table(kind).get(key) for kind, key in touched}
            locks = pickle.dumps(self._pending_lock_requests)
            if locks != self._saved_locks:
                self._saved_locks = locks
                changes["locks", ""] = list(self._pending_lock_requests)
            self._snapshot.write(changes)

    def _table(self, kind: str) -> dict[str, Any]:
        return {"instance": self._instances, "entity": self._entities, "delayed": self._delayed}[kind]

    def _restore(self, snapshot: Snapshot) -> None:
        for (kind, key), value in snapshot.load().items():
            if kind == "locks":
                self._pending_lock_requests = cast("list[PendingLockRequest]", value)
            else:
                self._table(kind)[key] = value
        for instance in self._instances.values():
            self._resume_instance(instance)
        for entity in self._entities.values():
            self._resume_entity(entity)
        for name in self._delayed:
            self._set_delayed(name)

    def _resume_instance(self, instance: OrchestrationInstance) -> None:
        """Put back what was in flight or waited for when the state was written; nothing is in flight now."""
        if instance.status in TERMINAL:
            return
        instance.pending_events[:0] = instance.dispatched_events
        instance.dispatched_events.clear()
        instance.completion_token = self._token()
        execution = execution_of(instance)
        for work in execution.activities.values():
            self._queue_activity(instance, work)
        for timer_id, due in execution.timers.items():
            self._set_timer(instance, timer_id, due)
        if execution.start_at:
            self._set_start(instance, execution.start_at)
        elif instance.pending_events:
            self._enqueue_orchestration(instance.instance_id)

    def _resume_entity(self, entity: EntityState) -> None:
        entity.pending_operations[:0] = entity.dispatched_operations
        entity.dispatched_operations.clear()
        entity.completion_token = self._token()
        if entity.pending_operations:
            self._enqueue_entity(entity.instance_id)


class _CommitBeforeAnswer(grpc.ServerInterceptor):
    """Writes the hub's changes after a call has done its work and before the caller hears of it."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], grpc.RpcMethodHandler | None],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> grpc.RpcMethodHandler | None:
        handler = continuation(handler_call_details)
        if handler is None or handler.unary_unary is None:
            return handler
        call = handler.unary_unary

        def answer(request: Any, context: grpc.ServicerContext) -> Any:
            response = call(request, context)
            self._hub.commit(getattr(request, "instanceId", ""))
            return response

        return grpc.unary_unary_rpc_method_handler(answer, handler.request_deserializer, handler.response_serializer)
