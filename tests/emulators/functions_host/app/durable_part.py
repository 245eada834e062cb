"""Orchestrators, activities and entities of the test app."""

# ruff: noqa: D103 - the functions of a test app are named after what they do

import json
import os
import time
from datetime import timedelta
from pathlib import Path

import azure.durable_functions as df
from durabletask import task
from durabletask.entities import EntityInstanceId

blueprint = df.Blueprint()
SEMAPHORE = EntityInstanceId("semaphore", "gpu")


@blueprint.activity_trigger(input_name="step")
def work(step: dict) -> dict:
    attempts = 1
    if path := os.environ.get("APP_TRACE"):
        trace = Path(path)
        with trace.open("a") as lines:
            lines.write(json.dumps({"what": "work", **step}) + "\n")
        attempts = sum(json.loads(line) == {"what": "work", **step} for line in trace.read_text().splitlines())
    time.sleep(step.get("sleep", 0))
    if attempts < step.get("succeeds_at", 1):
        raise ValueError(f"attempt {attempts}")
    return {"n": step["n"]}


@blueprint.activity_trigger(input_name="n")
async def noop(n: int) -> int:
    return n


@blueprint.activity_trigger(input_name="kilobytes")
def bulk(kilobytes: int) -> str:
    return "x" * (kilobytes * 1024)


@blueprint.orchestration_trigger(context_name="context")
def v1_style(context: df.DurableOrchestrationContext):
    given = context.get_input() or {}
    xs = yield context.task_all([context.call_activity("noop", i) for i in range(3)])
    return {"given": given, "xs": xs}


@blueprint.orchestration_trigger(context_name="context")
def pipeline(ctx: task.OrchestrationContext, given: dict):
    with (yield ctx.lock_entities([SEMAPHORE])):
        used = yield ctx.call_entity(SEMAPHORE, "acquire", 1)
    key = ctx.instance_id
    xs = yield task.when_all(
        [ctx.call_activity("work", input={"key": key, "n": i, "sleep": given.get("sleep", 0)}) for i in range(3)]
    )
    policy = task.RetryPolicy(first_retry_interval=timedelta(milliseconds=100), max_number_of_attempts=5)
    last = yield ctx.call_activity("work", input={"key": key, "n": 7, "succeeds_at": 2}, retry_policy=policy)
    child = yield ctx.call_sub_orchestrator("child", input={"v": 5}, instance_id=f"{key}:child")
    yield ctx.create_timer(timedelta(seconds=given.get("timer", 0.1)))
    ctx.signal_entity(SEMAPHORE, "release", 1)
    ctx.set_custom_status({"stage": "done", "had_lock": used > 0})
    return {"xs": [x["n"] for x in xs], "last": last["n"], "child": child}


@blueprint.orchestration_trigger(context_name="context")
def child(ctx: task.OrchestrationContext, given: dict):
    value = yield ctx.call_activity("noop", input=given["v"])
    if given.get("wait"):
        yield ctx.create_timer(timedelta(seconds=given["wait"]))
    if given.get("fails"):
        raise ValueError("the child failed")
    return value + 1


@blueprint.orchestration_trigger(context_name="context")
def parent(ctx: task.OrchestrationContext, given: dict):
    try:
        return (yield ctx.call_sub_orchestrator("child", input=given))
    except task.TaskFailedError as error:
        return f"{error.details.error_type}: {error.details.message}"


@blueprint.orchestration_trigger(context_name="context")
def whoami(ctx: task.OrchestrationContext, given: dict):
    if given.get("child"):
        return ctx.parent_instance_id
    return (yield ctx.call_sub_orchestrator("whoami", input={"child": True}))


@blueprint.orchestration_trigger(context_name="context")
def approval(ctx: task.OrchestrationContext, given: dict):
    approved = ctx.wait_for_external_event("approve")
    timeout = ctx.create_timer(timedelta(seconds=given["timeout"]))
    winner = yield task.when_any([approved, timeout])
    if winner == timeout:
        return {"approved": None}
    timeout.cancel()
    return {"approved": approved.get_result()}


@blueprint.orchestration_trigger(context_name="context")
def poll(ctx: task.OrchestrationContext, given: dict):
    """Ask, wait, begin a new generation, as a watcher of a long job does."""
    polls = given.get("polls", 0) + 1
    started = given.get("started") or ctx.current_utc_datetime.isoformat()
    yield ctx.call_activity("noop", input=polls)
    if polls >= given["until"]:
        return {"polls": polls, "started": started, "ended": ctx.current_utc_datetime.isoformat()}
    yield ctx.create_timer(timedelta(seconds=given["every"]))
    ctx.continue_as_new({**given, "polls": polls, "started": started}, save_events=True)
    return None


@blueprint.orchestration_trigger(context_name="context")
def failing(ctx: task.OrchestrationContext, given: dict):
    step = {"key": ctx.instance_id, "n": 1, "succeeds_at": given["succeeds_at"]}
    return (yield ctx.call_activity("work", input=step))["n"]


@blueprint.orchestration_trigger(context_name="context")
def chain(ctx: task.OrchestrationContext, given: dict):
    for i in range(given["n"]):
        yield ctx.call_activity("noop", input=i)
    return given["n"]


@blueprint.orchestration_trigger(context_name="context")
def fan(ctx: task.OrchestrationContext, given: dict):
    yield task.when_all([ctx.call_activity("noop", input=i) for i in range(given["n"])])
    return given["n"]


@blueprint.orchestration_trigger(context_name="context")
def big(ctx: task.OrchestrationContext, given: dict):
    for _ in range(given["n"]):
        yield ctx.call_activity("bulk", input=given["kilobytes"])
    return "ok"


@blueprint.orchestration_trigger(context_name="context")
def stale_timer(ctx: task.OrchestrationContext, given: dict):
    """Lose a timer to an event; in the next generation, what awaits the same task id must not get it."""
    if not given.get("second"):
        timer = ctx.create_timer(timedelta(seconds=1))
        yield task.when_any([ctx.wait_for_external_event("go"), timer])
        ctx.continue_as_new({**given, "second": True})
        return None
    if given.get("then") == "activity":
        return (yield ctx.call_activity("work", input={"key": ctx.instance_id, "n": 2, "sleep": 1.5}))["n"]
    began = ctx.current_utc_datetime
    yield ctx.create_timer(timedelta(seconds=2))
    return (ctx.current_utc_datetime - began).total_seconds()


@blueprint.orchestration_trigger(context_name="context")
def stale_activity(ctx: task.OrchestrationContext, given: dict):
    if not given.get("second"):
        slow = ctx.call_activity("work", input={"key": ctx.instance_id, "n": 111, "sleep": 0.8})
        yield task.when_any([ctx.wait_for_external_event("go"), slow])
        ctx.continue_as_new({"second": True})
        return None
    return (yield ctx.call_activity("work", input={"key": ctx.instance_id, "n": 222, "sleep": 1.2}))["n"]


@blueprint.orchestration_trigger(context_name="context")
def hold_lock(ctx: task.OrchestrationContext, given: dict):
    entity = EntityInstanceId("semaphore", given["key"])
    with (yield ctx.lock_entities([entity])):
        yield ctx.create_timer(timedelta(seconds=given["seconds"]))
        return (yield ctx.call_entity(entity, "acquire", 1))


@blueprint.orchestration_trigger(context_name="context")
def call_locked(ctx: task.OrchestrationContext, given: dict):
    return (yield ctx.call_entity(EntityInstanceId("semaphore", given["key"]), "acquire", 10))


@blueprint.entity_trigger(context_name="context", entity_name="semaphore")
def semaphore(context: df.DurableEntityContext) -> None:
    used = context.get_state(lambda: 0)
    if context.operation_name == "acquire":
        used += context.get_input()
    elif context.operation_name == "release":
        used -= context.get_input()
    context.set_state(used)
    context.set_result(used)
