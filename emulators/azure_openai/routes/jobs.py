"""Fine-tuning jobs, their events and checkpoints, on both surfaces."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from aiohttp import web

from emulators.azure_openai.errors import invalid_payload
from emulators.azure_openai.progression import Kind
from emulators.azure_openai.routes.serving import DATED_VERSIONS, Call, Route, reply
from emulators.azure_openai.state import jobs
from emulators.azure_openai.wire.data_plane import checkpoint_json, event_json, job_json

_MOST_LISTED = 10_000
_PAUSE_VERSIONS = ("2025-04-01-preview",)


async def create_job(call: Call) -> web.Response:
    """Create a job."""
    job = jobs.create_job(call.service.account, await call.body(), v1=call.v1)
    if call.v1:
        return reply(job_json(job))
    location = f"{call.origin}/openai/fine_tuning/jobs/{job.id}?api-version={call.api_version}"
    return reply(job_json(job), 201, {"Location": location})


async def list_jobs(call: Call) -> web.Response:
    """List jobs, the newest first."""
    found = list(reversed(call.service.account.jobs.values()))
    data, has_more = _page(call, [job.id for job in found], [job_json(job) for job in found], 20)
    return reply({"object": "list", "data": data, "has_more": has_more})


async def get_job(call: Call) -> web.Response:
    """Return a job."""
    return reply(job_json(jobs.get_job(call.service.account, call.part("job_id"))))


async def delete_job(call: Call) -> web.Response:
    """Forget a job."""
    jobs.delete_job(call.service.account, call.part("job_id"))
    return web.Response(status=204)


async def list_events(call: Call) -> web.Response:
    """List the events of a job, the newest first."""
    job = jobs.get_job(call.service.account, call.part("job_id"))
    found = list(reversed(job.events))
    data, has_more = _page(call, [event.id for event in found], [event_json(event) for event in found], 20)
    return reply({"object": "list", "data": data, "has_more": has_more})


async def list_checkpoints(call: Call) -> web.Response:
    """List the kept checkpoints of a job, the newest first."""
    job = jobs.get_job(call.service.account, call.part("job_id"))
    found = list(reversed(job.checkpoints))
    ids = [checkpoint.id for checkpoint in found]
    data, has_more = _page(call, ids, [checkpoint_json(checkpoint, job) for checkpoint in found], 10)
    page: dict[str, Any] = {"object": "list", "data": data, "has_more": has_more}
    if call.v1:
        first, last = (data[0]["id"], data[-1]["id"]) if data else ("", "")
        page |= {"first_id": first, "last_id": last}
    return reply(page)


def _act(action: Callable[..., Any]) -> Callable[[Call], Awaitable[web.Response]]:
    async def act(call: Call) -> web.Response:
        return reply(job_json(action(call.service.account, call.part("job_id"))))

    return act


def _page(call: Call, ids: Sequence[str], items: Sequence[Any], default: int) -> tuple[list[Any], bool]:
    query = call.request.query
    after, limit = query.get("after"), query.get("limit", str(default))
    if not limit.isdigit() or not 1 <= int(limit) <= _MOST_LISTED:
        raise invalid_payload(f"limit must be between 1 and {_MOST_LISTED}.")
    if after is not None and after not in ids:
        raise invalid_payload(f"The item '{after}' of the parameter 'after' does not exist.")
    begin = 0 if after is None else ids.index(after) + 1
    end = begin + int(limit)
    return list(items[begin:end]), end < len(items)


def routes() -> list[Route]:
    """Return the routes of jobs on both surfaces."""
    one = "/fine_tuning/jobs/{job_id}"
    table = [
        ("POST", "/fine_tuning/jobs", "create_fine_tuning_job", create_job, DATED_VERSIONS),
        ("GET", "/fine_tuning/jobs", "list_fine_tuning_jobs", list_jobs, DATED_VERSIONS),
        ("GET", one, "get_fine_tuning_job", get_job, DATED_VERSIONS),
        ("POST", f"{one}/cancel", "cancel_fine_tuning_job", _act(jobs.cancel_job), DATED_VERSIONS),
        ("POST", f"{one}/pause", "pause_fine_tuning_job", _act(jobs.pause_job), _PAUSE_VERSIONS),
        ("POST", f"{one}/resume", "resume_fine_tuning_job", _act(jobs.resume_job), _PAUSE_VERSIONS),
        ("GET", f"{one}/events", "list_fine_tuning_events", list_events, DATED_VERSIONS),
        ("GET", f"{one}/checkpoints", "list_fine_tuning_checkpoints", list_checkpoints, DATED_VERSIONS),
    ]
    found = []
    for method, path, operation, action, versions in table:
        looks_at: Kind = "file" if operation == "create_fine_tuning_job" else "job"
        found.append(Route(method, f"/openai/v1{path}", operation, action, "v1", looks_at))
        found.append(Route(method, f"/openai{path}", operation, action, "dated", looks_at, versions))
    found.append(Route("DELETE", f"/openai{one}", "delete_fine_tuning_job", delete_job, "dated", "job"))
    return found
