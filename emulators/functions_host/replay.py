"""Replays a recorded history against today's orchestrator code and reports every difference.

Record with `LocalHost.history(instance_id)`. The engine itself notices only renamed, reordered, dropped and inserted
steps (NonDeterminismError); this also notices changed inputs, changed due times, early ends, extra steps at the end
and changed results, each of which breaks or silently changes instances that are under way.
"""

import base64
from collections.abc import Callable, Sequence
from typing import Any

import azure.durable_functions as df
import durabletask.internal.orchestrator_service_pb2 as pb
from google.protobuf import json_format

_ACTION_OF_EVENT = {
    "taskScheduled": "scheduleTask",
    "timerCreated": "createTimer",
    "eventSent": "sendEvent",
    "subOrchestrationInstanceCreated": "createSubOrchestration",
    "entityOperationCalled": "sendEntityMessage",
    "entityOperationSignaled": "sendEntityMessage",
    "entityLockRequested": "sendEntityMessage",
    "entityUnlockSent": "sendEntityMessage",
}


def replay(orchestrator: Callable[..., Any], history: Sequence[dict[str, Any]], instance_id: str = "") -> list[str]:
    """Return the differences between what a history records and what the code does now; none when it is compatible.

    Pass the id that the instance had when the code derives names from it.
    """
    events = list(json_format.ParseDict({"events": list(history)}, pb.HistoryChunk()).events)
    run = df.Orchestrator.create(orchestrator)
    starts = [i for i, event in enumerate(events) if event.HasField("orchestratorStarted")]
    problems: list[str] = []
    for start, end in zip(starts, [*starts[1:], len(events)], strict=True):
        turn = events[start:end]
        request = pb.OrchestratorRequest(instanceId=instance_id, pastEvents=events[:start], newEvents=_inputs(turn))
        encoded = run(base64.b64encode(request.SerializeToString()).decode())
        answer = pb.OrchestratorResponse.FromString(base64.b64decode(encoded))
        fatal, found = _compare(turn, answer.actions)
        problems += [f"turn at event {start}: {problem}" for problem in found]
        if fatal:
            break
    return problems


def _inputs(turn: Sequence[pb.HistoryEvent]) -> list[pb.HistoryEvent]:
    outputs = {*_ACTION_OF_EVENT, "executionCompleted", "orchestratorCompleted"}
    return [event for event in turn if event.WhichOneof("eventType") not in outputs]


def _compare(turn: Sequence[pb.HistoryEvent], actions: Sequence[pb.OrchestratorAction]) -> tuple[bool, list[str]]:
    ends = [a.completeOrchestration for a in actions if a.HasField("completeOrchestration")]
    if ends and ends[0].failureDetails.errorType.endswith("NonDeterminismError"):
        return True, [ends[0].failureDetails.errorMessage]
    steps = {a.id: a for a in actions if not a.HasField("completeOrchestration")}
    problems = []
    for event in turn:
        if event.WhichOneof("eventType") in _ACTION_OF_EVENT:
            problems += _compare_step(event, steps.pop(event.eventId, None))
    problems += [f"new step #{a.id} {a.WhichOneof('orchestratorActionType')}" for a in steps.values()]
    recorded = [e.executionCompleted.result.value for e in turn if e.HasField("executionCompleted")]
    now = [end.result.value for end in ends]
    if recorded != now:
        problems.append(f"the result was {recorded or 'still open'} and is {now or 'still open'}")
    return False, problems


def _compare_step(event: pb.HistoryEvent, action: pb.OrchestratorAction | None) -> list[str]:
    kind = event.WhichOneof("eventType") or ""
    step = f"#{event.eventId} {kind}"
    if action is None:
        return [f"{step} is gone"]
    if action.WhichOneof("orchestratorActionType") != _ACTION_OF_EVENT[kind]:
        return [f"{step} has become {action.WhichOneof('orchestratorActionType')}"]
    if kind == "taskScheduled":
        before, after = event.taskScheduled, action.scheduleTask
        was, now = (before.name, before.input.value), (after.name, after.input.value)
    elif kind == "subOrchestrationInstanceCreated":
        old, new = event.subOrchestrationInstanceCreated, action.createSubOrchestration
        was, now = (old.name, old.input.value), (new.name, new.input.value)
    elif kind == "timerCreated":
        was, now = event.timerCreated.fireAt.ToJsonString(), action.createTimer.fireAt.ToJsonString()
    else:
        return []
    return [f"{step} was {was} and is {now}"] if was != now else []
