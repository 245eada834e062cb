"""The HTTP side: routes, access levels, administration and the extensions' webhooks."""

import json
from typing import Any

import aiohttp

from emulators.functions_host.settings import Keys
from emulators.functions_host.testing import KEY, LocalHost

from .conftest import APP, APP_MODULES, eventually, traced

HOOKS = "/runtime/webhooks/durabletask"


async def call(
    host: LocalHost, method: str, path: str, body: Any = None, key: str | None = None, **headers: str
) -> tuple[int, str, Any]:
    """Return status, body and headers of a call."""
    if key:
        headers["x-functions-key"] = key
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, host.url + path, json=body, headers=headers) as answer,
    ):
        return answer.status, await answer.text(), answer.headers


async def test_routes_take_parameters_and_constraints(host: LocalHost) -> None:
    """A template matches its optional integer, and nothing else in its place."""
    status, _, headers = await call(host, "POST", "/api/jobs/mine/3", key=KEY)
    assert (status, headers["X-Dataset"]) == (202, "mine/3")
    assert (await call(host, "POST", "/api/jobs/mine", key=KEY))[2]["X-Dataset"] == "mine/None"
    assert (await call(host, "POST", "/api/jobs/mine/three", key=KEY))[0] == 404
    assert (await call(host, "GET", "/api/files/a/b%20c/d"))[:2] == (200, "a/b c/d")


async def test_methods_that_a_function_lacks_are_refused(host: LocalHost) -> None:
    """HEAD follows GET without a body, OPTIONS lists the methods, others get 405."""
    assert (await call(host, "HEAD", "/api/files/a"))[:2] == (200, "")
    status, _, headers = await call(host, "OPTIONS", "/api/echo")
    assert (status, headers["Allow"]) == (204, "GET, OPTIONS, POST")
    assert (await call(host, "DELETE", "/api/echo"))[0] == 405
    assert (await call(host, "GET", "/api/nothing"))[0] == 404


async def test_a_function_that_raises_answers_500_without_its_secrets(host: LocalHost) -> None:
    """The body of a failed call is empty."""
    assert (await call(host, "GET", "/api/echo?boom=1"))[:2] == (500, "")


async def test_access_levels(settings: dict[str, str]) -> None:
    """Each level takes exactly the keys that the Functions host would take, in the header or the query."""
    keys = Keys("the-master", "the-default", "the-system", {"start_job": "its-own"})
    async with LocalHost(APP, settings, keys=keys, app_modules=APP_MODULES) as host:
        assert (await call(host, "POST", "/api/jobs/a", key="its-own"))[0] == 202
        for key, allowed in {None: 401, "the-system": 401, "the-default": 202, "the-master": 202}.items():
            assert (await call(host, "POST", "/api/jobs/a", key=key))[0] == allowed
        assert (await call(host, "POST", "/api/jobs/a?code=the-default"))[0] == 202
        for key, allowed in {None: 401, "the-default": 401, "the-master": 200}.items():
            assert (await call(host, "GET", "/api/secret", key=key))[0] == allowed
            assert (await call(host, "GET", "/admin/host/status", key=key))[0] == allowed
        for key, allowed in {None: 401, "the-default": 401, "the-system": 200, "the-master": 200}.items():
            assert (await call(host, "GET", f"{HOOKS}/instances", key=key))[0] == allowed
        assert (await call(host, "GET", "/api/echo"))[0] == 201


async def test_administrators_list_and_run_functions(host: LocalHost, settings: dict[str, str]) -> None:
    """A timer function runs on demand; a function without such a trigger is refused."""
    listed = json.loads((await call(host, "GET", "/admin/functions", key=KEY))[1])
    assert {"tick", "on_dataset", "start_job", "pipeline"} <= {f["name"] for f in listed}
    assert (await call(host, "POST", "/admin/functions/tick", {}, KEY))[0] == 202
    assert traced(settings, "tick") == [{"what": "tick", "past_due": False}]
    assert (await call(host, "POST", "/admin/functions/on_message", {"input": "hi"}, KEY))[0] == 202
    assert traced(settings, "message") == [{"what": "message", "text": "hi", "attempt": 1}]
    assert (await call(host, "POST", "/admin/functions/pipeline", {}, KEY))[0] == 400
    assert (await call(host, "POST", "/admin/functions/nobody", {}, KEY))[0] == 404


async def test_links_of_a_started_job_lead_through_its_life(host: LocalHost) -> None:
    """The status link of create_check_status_response goes from 202 to 200 with the output."""
    _, body, _ = await call(host, "POST", "/api/jobs/mine", key=KEY)
    link = json.loads(body)["statusQueryGetUri"].removeprefix(host.url)

    async def is_done() -> Any:
        status, text, _ = await call(host, "GET", link)
        return status == 200 and json.loads(text)

    state = await eventually(is_done, "the job is done")
    assert (state["runtimeStatus"], state["output"]) == ("Completed", 1)


async def test_webhooks_manage_instances(host: LocalHost) -> None:
    """Start, read, raise, end, purge: every status code of the extension's API."""
    body = {"timeout": 60}
    assert (await call(host, "POST", f"{HOOKS}/orchestrators/approval/one", body, KEY))[0] == 202
    status, _, headers = await call(host, "GET", f"{HOOKS}/instances/one", key=KEY)
    assert (status, headers["Retry-After"]) == (202, "5")
    assert (await call(host, "POST", f"{HOOKS}/instances/one/raiseEvent/approve", 1, KEY))[0] == 202
    await host.client.wait_for_orchestration_completion("one", timeout=10)
    status, text, _ = await call(host, "GET", f"{HOOKS}/instances/one?showHistory=true", key=KEY)
    state = json.loads(text)
    assert (status, state["output"], state["input"]) == (200, {"approved": 1}, body)
    assert state["historyEvents"]
    assert (await call(host, "POST", f"{HOOKS}/instances/one/terminate", key=KEY))[0] == 410
    assert (await call(host, "DELETE", f"{HOOKS}/instances/one", key=KEY))[:2] == (200, '{"instancesDeleted": 1}')
    assert (await call(host, "GET", f"{HOOKS}/instances/one", key=KEY))[0] == 404


async def test_webhooks_list_instances_in_pages(host: LocalHost) -> None:
    """A list is filtered by id and continued by its token."""
    for name in ("a1", "a2", "b1"):
        await host.client.schedule_new_orchestration("chain", input={"n": 1}, instance_id=name)
        await host.client.wait_for_orchestration_completion(name, timeout=10)
    listing = f"{HOOKS}/instances?instanceIdPrefix=a&runtimeStatus=Completed&top=1"
    _, text, headers = await call(host, "GET", listing, key=KEY)
    token = headers["x-ms-continuation-token"]
    _, rest, _ = await call(host, "GET", listing, key=KEY, **{"x-ms-continuation-token": token})
    assert [i["instanceId"] for i in json.loads(text) + json.loads(rest)] == ["a1", "a2"]


async def test_webhooks_reject_what_is_not_json(host: LocalHost) -> None:
    """An event whose body is no JSON is refused with a reason."""
    await host.client.schedule_new_orchestration("approval", input={"timeout": 60}, instance_id="bad")
    async with (
        aiohttp.ClientSession() as session,
        session.post(
            f"{host.url}{HOOKS}/instances/bad/raiseEvent/approve?code={KEY}",
            data="{",
            headers={"content-type": "application/json"},
        ) as answer,
    ):
        assert answer.status == 400
    await host.client.terminate_orchestration("bad")


async def test_webhooks_read_and_signal_entities(host: LocalHost) -> None:
    """A posted operation changes what a later read returns."""
    path = f"{HOOKS}/entities/semaphore/web"
    assert (await call(host, "GET", path, key=KEY))[0] == 404
    assert (await call(host, "POST", f"{path}?op=acquire", 5, KEY))[0] == 202

    async def has_five() -> bool:
        return (await call(host, "GET", path, key=KEY))[:2] == (200, "5")

    await eventually(has_five, "the entity holds 5")


async def test_event_grid_validates_its_subscription(host: LocalHost) -> None:
    """The handshake returns the code it was given."""
    event = {"eventType": "Microsoft.EventGrid.SubscriptionValidationEvent", "data": {"validationCode": "abc"}}
    path = "/runtime/webhooks/blobs?functionName=Host.Functions.on_incoming"
    assert (await call(host, "POST", path, [event], KEY))[:2] == (200, '{"validationResponse": "abc"}')
    assert (await call(host, "POST", path, [event]))[0] == 401
    assert (await call(host, "POST", path, {"eventType": 5}, KEY))[0] == 202
    assert (await call(host, "POST", path, ["nonsense"], KEY))[0] == 400
