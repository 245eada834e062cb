"""What a test asks of the emulator itself: trouble, outcomes, the next state of a thing, what happened so far."""

from typing import Any

from aiohttp import web

from emulators.azure_openai.errors import ServiceError, invalid_payload, no_such_route, not_found
from emulators.azure_openai.faults import Fault
from emulators.azure_openai.identity import issue_token
from emulators.azure_openai.routes.serving import Call, Route, reply

_MOVABLE = ("file", "job", "deployment")


async def add_fault(call: Call) -> web.Response:
    """Put a rule in force."""
    try:
        fault = Fault.parse(await call.body())
    except (ValueError, TypeError) as error:
        raise invalid_payload(str(error)) from error
    return reply({"id": call.service.faults.add(fault)}, 201)


async def list_faults(call: Call) -> web.Response:
    """List the rules in force."""
    return reply({"faults": call.service.faults.describe()})


async def delete_faults(call: Call) -> web.Response:
    """Lift one rule, or all."""
    fault_id = call.request.match_info.get("fault_id")
    if fault_id is None:
        call.service.faults.clear()
    elif not call.service.faults.remove(fault_id):
        raise not_found("fault", fault_id)
    return web.Response(status=204)


async def order_outcome(call: Call) -> web.Response:
    """Order how the next jobs, files or deployments end."""
    body: dict[str, Any] = await call.body()
    try:
        call.service.account.outcomes.order(**body)
    except (ValueError, TypeError) as error:
        raise invalid_payload(str(error)) from error
    return reply(call.service.account.outcomes.describe(), 201)


async def advance(call: Call) -> web.Response:
    """Move one thing to its next state."""
    body = await call.body()
    kind, identifier = body.get("kind"), body.get("id")
    if kind not in _MOVABLE or not isinstance(identifier, str):
        raise invalid_payload(f"kind must be one of {', '.join(_MOVABLE)}, id a text.")
    if not await call.service.progression.step(kind, identifier):
        raise ServiceError(409, "unexpectedEntityState", f"There is nothing to move in the {kind} '{identifier}'.")
    return reply(call.service.state())


async def reset(call: Call) -> web.Response:
    """Forget everything."""
    call.service.reset()
    return web.Response(status=204)


async def state(call: Call) -> web.Response:
    """Tell what there is and what was asked."""
    return reply(call.service.state())


async def identity_token(call: Call) -> web.Response:
    """Give a token as App Service's identity endpoint does."""
    query, headers = call.request.query, call.request.headers
    if headers.get("X-IDENTITY-HEADER") != call.service.config.identity_header:
        raise ServiceError(401, "Unauthorized", "The header X-IDENTITY-HEADER is missing or wrong.")
    if query.get("api-version") != "2019-08-01" or not query.get("resource"):
        raise ServiceError(400, "BadRequest", "resource and api-version=2019-08-01 are required.")
    return reply(issue_token(query["resource"]))


async def unknown(_: Call) -> web.Response:
    """Answer for every path that is not the service's."""
    raise no_such_route()


def routes() -> list[Route]:
    """Return the admin routes, the identity endpoint, and the answer for all other paths, which must come last."""
    base = "/emulator"
    return [
        Route("POST", f"{base}/faults", "admin", add_fault, "open"),
        Route("GET", f"{base}/faults", "admin", list_faults, "open"),
        Route("DELETE", f"{base}/faults", "admin", delete_faults, "open"),
        Route("DELETE", f"{base}/faults/{{fault_id}}", "admin", delete_faults, "open"),
        Route("POST", f"{base}/outcomes", "admin", order_outcome, "open"),
        Route("POST", f"{base}/advance", "admin", advance, "open"),
        Route("POST", f"{base}/reset", "admin", reset, "open"),
        Route("GET", f"{base}/state", "admin", state, "open"),
        Route("GET", "/msi/token", "identity_token", identity_token, "open"),
        Route("*", "/{path:.*}", "unknown", unknown, "open"),
    ]
