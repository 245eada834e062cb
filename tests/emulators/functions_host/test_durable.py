"""Every durable feature that an app may use, through the public client."""

from durabletask.entities import EntityInstanceId

from emulators.functions_host.testing import LocalHost

from .conftest import eventually, outcome, run, start


async def test_v1_style_orchestrators_run(host: LocalHost) -> None:
    """An orchestrator written for the older SDK's context runs unchanged."""
    assert await run(host, "v1_style", {"a": 1}) == ("COMPLETED", {"given": {"a": 1}, "xs": [0, 1, 2]})


async def test_a_pipeline_with_every_kind_of_task_completes(host: LocalHost) -> None:
    """Lock, entity call, fan-out, retry, sub-orchestration, timer and signal work together."""
    assert await run(host, "pipeline") == ("COMPLETED", {"xs": [0, 1, 2], "last": 7, "child": 6})


async def test_a_wide_fan_out_completes(host: LocalHost) -> None:
    """Two hundred activities of one turn all answer."""
    assert await run(host, "fan", {"n": 200}) == ("COMPLETED", 200)


async def test_suspended_instances_keep_their_events_until_resumed(host: LocalHost) -> None:
    """An event raised while an instance is suspended takes effect when it is resumed."""
    instance_id = await start(host, "approval", {"timeout": 60})
    await host.client.suspend_orchestration(instance_id)
    await eventually(lambda: _has_status(host, instance_id, "SUSPENDED"), "the instance is suspended")
    await host.client.raise_orchestration_event(instance_id, "approve", data=1)
    assert await _has_status(host, instance_id, "SUSPENDED")
    await host.client.resume_orchestration(instance_id)
    assert await outcome(host, instance_id) == ("COMPLETED", {"approved": 1})


async def test_a_failed_instance_can_be_rewound(host: LocalHost) -> None:
    """Rewinding runs the failed activity again and goes on."""
    instance_id = await start(host, "failing", {"succeeds_at": 2})
    assert (await outcome(host, instance_id))[0] == "FAILED"
    state = await host.client.get_orchestration_state(instance_id)
    assert state is not None
    assert state.failure_details is not None
    assert "attempt 1" in state.failure_details.message
    await host.client.rewind_orchestration(instance_id, reason="again")
    assert await outcome(host, instance_id) == ("COMPLETED", 1)


async def test_an_ended_instance_can_be_restarted_and_purged(host: LocalHost) -> None:
    """A restart runs the same input under a new id, and a purge forgets it."""
    await run(host, "chain", {"n": 1}, instance_id="first")
    again = await host.client.restart_orchestration("first", restart_with_new_instance_id=True)
    assert await outcome(host, again) == ("COMPLETED", 1)
    purged = await host.client.purge_orchestration(again)
    assert purged.deleted_instance_count == 1
    assert await host.client.get_orchestration_state(again) is None


async def test_an_unknown_orchestrator_fails(host: LocalHost) -> None:
    """A start by a name that the app does not have ends as a failure that names it."""
    instance_id = await start(host, "nobody")
    await outcome(host, instance_id)
    state = await host.client.get_orchestration_state(instance_id)
    assert state is not None
    assert state.failure_details is not None
    assert state.failure_details.message == "The orchestrator function 'nobody' doesn't exist."


async def test_entities_keep_state_between_signals(host: LocalHost) -> None:
    """Two signals add up."""
    entity = EntityInstanceId("semaphore", "plain")
    await host.client.signal_entity(entity, "acquire", input=3)
    await host.client.signal_entity(entity, "acquire", input=4)

    async def has_seven() -> bool:
        found = await host.client.get_entity(entity)
        return bool(found and str(found.get_state()) == "7")

    await eventually(has_seven, "the entity holds 7")


async def _has_status(host: LocalHost, instance_id: str, name: str) -> bool:
    state = await host.client.get_orchestration_state(instance_id)
    return bool(state and state.runtime_status.name == name)
