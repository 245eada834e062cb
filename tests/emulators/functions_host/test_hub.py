"""What the hub does that Microsoft's in-memory backend does not; each test is a defect of the stock backend."""

import asyncio
import time
from datetime import UTC, datetime, timedelta

from durabletask.entities import EntityInstanceId

from emulators.functions_host.bridge import Bridge
from emulators.functions_host.testing import LocalHost

from .conftest import eventually, outcome, run, start, traced


async def test_a_sub_orchestration_may_take_a_week(virtual: LocalHost) -> None:
    """A parent gets the result of a child however long it takes; the stock backend gives up after 30 s."""
    assert await run(virtual, "parent", {"v": 1, "wait": 7 * 86400}) == ("COMPLETED", 2)


async def test_a_parent_learns_why_its_child_failed(virtual: LocalHost) -> None:
    """The failure of a sub-orchestration keeps its type and message."""
    status, text = await run(virtual, "parent", {"v": 1, "fails": True})
    assert (status, text) == ("COMPLETED", "builtins.ValueError: the child failed")


async def test_a_child_knows_its_parent(virtual: LocalHost) -> None:
    """parent_instance_id is the parent's id inside of a sub-orchestration."""
    assert await run(virtual, "whoami", instance_id="the-parent") == ("COMPLETED", "the-parent")


async def test_a_lost_timer_does_not_shorten_the_next_generation(host: LocalHost) -> None:
    """A timer of generation one (1 s) never fires into generation two, which waits its own 2 s."""
    instance_id = await start(host, "stale_timer")
    await host.client.raise_orchestration_event(instance_id, "go")
    status, seconds = await outcome(host, instance_id)
    assert status == "COMPLETED"
    assert 2.0 <= seconds < 3.0


async def test_a_lost_timer_does_not_swallow_an_activity_of_the_next_generation(host: LocalHost) -> None:
    """An activity with the task id of an older generation's timer still delivers its result."""
    instance_id = await start(host, "stale_timer", {"then": "activity"})
    await host.client.raise_orchestration_event(instance_id, "go")
    assert await outcome(host, instance_id) == ("COMPLETED", 2)


async def test_a_late_activity_does_not_answer_for_the_next_generation(host: LocalHost) -> None:
    """Generation two gets its own activity's result (222), not that of generation one (111)."""
    instance_id = await start(host, "stale_activity")
    await host.client.raise_orchestration_event(instance_id, "go")
    assert await outcome(host, instance_id) == ("COMPLETED", 222)


async def test_many_clients_may_wait_at_once(host: LocalHost) -> None:
    """Forty clients that wait do not keep the instance from finishing."""
    instance_id = await start(host, "approval", {"timeout": 0.5})
    outcomes = await asyncio.gather(*(outcome(host, instance_id) for _ in range(40)))
    assert outcomes == [("COMPLETED", {"approved": None})] * 40


async def test_the_id_of_an_ended_instance_may_be_used_again(host: LocalHost) -> None:
    """A second start with the id of a completed instance runs, as the Functions host allows by default."""
    assert await run(host, "chain", {"n": 1}, instance_id="same") == ("COMPLETED", 1)
    assert await run(host, "chain", {"n": 2}, instance_id="same") == ("COMPLETED", 2)


async def test_start_at_waits(host: LocalHost) -> None:
    """An orchestration scheduled for later stays pending until then."""
    began = time.monotonic()
    at = datetime.now(UTC) + timedelta(seconds=1)
    assert await run(host, "chain", {"n": 1}, start_at=at) == ("COMPLETED", 1)
    assert 0.9 <= time.monotonic() - began < 3.0


async def test_a_history_may_be_larger_than_four_megabytes(host: LocalHost) -> None:
    """Six results of 1 MB each pass through, in spite of gRPC's default limit."""
    assert await run(host, "big", {"n": 6, "kilobytes": 1000}) == ("COMPLETED", "ok")


async def test_nothing_is_added_to_a_terminated_instance(host: LocalHost) -> None:
    """An activity that ends after its orchestration was terminated changes nothing."""
    instance_id = await start(host, "stale_activity")
    await eventually(lambda: _is_waiting(host, instance_id), "the activity is under way")
    await host.client.terminate_orchestration(instance_id)
    assert (await outcome(host, instance_id))[0] == "TERMINATED"
    events = len(host.history(instance_id))
    await run(host, "chain", {"n": 1})
    await asyncio.sleep(1.0)  # the activity takes 0.8 s; that nothing happens has no condition to wait for
    assert len(host.history(instance_id)) == events


async def _is_waiting(host: LocalHost, instance_id: str) -> bool:
    return any("taskScheduled" in event for event in host.history(instance_id))


async def test_every_event_has_its_time(host: LocalHost) -> None:
    """No event of a history is stamped 1970."""
    await run(host, "chain", {"n": 2}, instance_id="timed")
    history = host.history("timed")
    assert len(history) > 8
    assert {event["timestamp"][:2] for event in history} == {"20"}


async def test_a_lock_keeps_other_orchestrations_out(host: LocalHost) -> None:
    """A call by another orchestration waits until the critical section has ended."""
    given = {"key": "calls", "seconds": 1}
    holder = await start(host, "hold_lock", given)
    await eventually(lambda: _is_locked(host, "calls"), "the entity is locked")
    assert await run(host, "call_locked", given) == ("COMPLETED", 11)
    assert await outcome(host, holder) == ("COMPLETED", 1)


async def test_a_lock_keeps_clients_out(host: LocalHost) -> None:
    """A client's signal waits until the critical section has ended."""
    holder = await start(host, "hold_lock", {"key": "signals", "seconds": 1})
    await eventually(lambda: _is_locked(host, "signals"), "the entity is locked")
    entity = EntityInstanceId("semaphore", "signals")
    await host.client.signal_entity(entity, "acquire", input=10)
    assert await outcome(host, holder) == ("COMPLETED", 1)
    await eventually(lambda: _has_state(host, entity, "11"), "the signal has been delivered")


async def _is_locked(host: LocalHost, key: str) -> bool:
    # The client cannot say it: it takes the id of a critical section for that of an entity.
    entity = host.hub._entities.get(f"@semaphore@{key}")
    return bool(entity and entity.locked_by)


async def _has_state(host: LocalHost, entity: EntityInstanceId, state: str) -> bool:
    found = await host.client.get_entity(entity)
    return bool(found and str(found.get_state()) == state)


async def test_ten_days_of_polling_pass_in_seconds(virtual: LocalHost) -> None:
    """A poller that begins 240 generations an hour apart has seen ten days go by, in a few real seconds."""
    began = time.monotonic()
    status, result = await run(virtual, "poll", {"until": 240, "every": 3600})
    assert (status, result["polls"]) == ("COMPLETED", 240)
    passed = datetime.fromisoformat(result["ended"]) - datetime.fromisoformat(result["started"])
    assert timedelta(hours=239) <= passed < timedelta(hours=240)
    assert time.monotonic() - began < 10


async def test_a_held_clock_does_not_jump(virtual: LocalHost) -> None:
    """While a test holds the hub, an event arrives before a timeout a day away."""
    with virtual.hub.hold():
        instance_id = await start(virtual, "approval", {"timeout": 86400})
        await virtual.client.raise_orchestration_event(instance_id, "approve", data="me")
        assert await outcome(virtual, instance_id) == ("COMPLETED", {"approved": "me"})


async def test_advancing_the_clock_fires_timers(host: LocalHost) -> None:
    """A real clock that is moved a day forward times an approval out."""
    instance_id = await start(host, "approval", {"timeout": 86400})
    await eventually(lambda: _has_timer(host, instance_id), "the timer is set")
    host.hub.advance(timedelta(days=1))
    assert await outcome(host, instance_id) == ("COMPLETED", {"approved": None})


async def _has_timer(host: LocalHost, instance_id: str) -> bool:
    return any("timerCreated" in event for event in host.history(instance_id))


async def test_work_of_a_lost_worker_is_handed_out_again(host: LocalHost, settings: dict[str, str]) -> None:
    """An activity and a turn that a worker took with it into its end are done by the next one."""
    instance_id = await start(host, "pipeline", {"sleep": 0.5})
    await eventually(lambda: _has_worked(settings), "an activity is under way")
    host._work.cancel()
    await asyncio.gather(host._work, return_exceptions=True)
    bridge = Bridge(host.app.worker, f"127.0.0.1:{host.hub.port}", max_activities=10, max_orchestrators=10)
    host._work = asyncio.create_task(bridge.run())
    assert await outcome(host, instance_id) == ("COMPLETED", {"xs": [0, 1, 2], "last": 7, "child": 6})
    assert host.hub.redelivered > 0


async def _has_worked(settings: dict[str, str]) -> bool:
    return bool(traced(settings, "work"))
