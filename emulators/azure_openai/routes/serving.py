"""What every request goes through: its id, the trouble on order, who calls, which version, and errors as answers."""

import asyncio
import json
import logging
import re
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Literal

from aiohttp import web

from emulators.azure_openai import errors
from emulators.azure_openai.errors import ServiceError
from emulators.azure_openai.faults import Fault
from emulators.azure_openai.identity import ARM_AUDIENCES, DATA_PLANE_AUDIENCES, bearer, is_key, token_problem
from emulators.azure_openai.progression import Kind
from emulators.azure_openai.service import Service

LOG = logging.getLogger(__name__)
Surface = Literal["v1", "dated", "arm", "open"]
DATED_VERSIONS = ("2024-10-21", "2025-04-01-preview")
_V1_VERSIONS = frozenset({"v1", "preview"})
_ARM_VERSION = re.compile(r"20\d\d-\d\d-\d\d(-preview)?")
# A version of the data plane that documentation shows on ARM in places; ARM refuses it.
_NOT_ARM = frozenset({"2024-10-21"})


@dataclass(frozen=True)
class Call:
    """A request that was let in."""

    service: Service
    request: web.Request
    surface: Surface

    @property
    def v1(self) -> bool:
        """Return whether the request came in by the v1 paths."""
        return self.surface == "v1"

    @property
    def api_version(self) -> str:
        """Return the version asked for; on v1 it may be left out."""
        return self.request.query.get("api-version", "v1")

    @property
    def origin(self) -> str:
        """Return the address that the caller used, without a path."""
        return str(self.request.url.origin())

    def part(self, name: str) -> str:
        """Return a variable part of the path."""
        return self.request.match_info[name]

    async def body(self) -> dict[str, Any]:
        """Return the JSON object that was sent.

        Raises:
            ServiceError: there is none.
        """
        try:
            content = json.loads(await self.request.read())
        except ValueError:
            content = None
        if not isinstance(content, dict):
            raise (
                errors.arm_invalid("The request content was invalid.")
                if self.surface == "arm"
                else (errors.invalid_payload("The request body is not a JSON object."))
            )
        return content


Answer = web.StreamResponse
Action = Callable[[Call], Awaitable[Answer]]


@dataclass(frozen=True)
class Route:
    """One path of the service: the stable name of its operation, and what it does."""

    method: str
    path: str
    operation: str
    action: Action
    surface: Surface
    looks_at: Kind | None = None
    versions: tuple[str, ...] = DATED_VERSIONS

    def handler(self, service: Service) -> Callable[[web.Request], Awaitable[Answer]]:
        """Return what aiohttp calls."""

        async def handle(request: web.Request) -> Answer:
            service.counts[self.operation] += 1
            fault = service.faults.meet(self.operation)
            call = Call(service, request, self.surface)
            answer = await _answer(self, call, fault)
            if answer is None:
                service.log(self.operation, request.method, request.path, None)
                _drop(request)
                return web.Response()
            service.log(self.operation, request.method, request.path, answer.status)
            return answer

        return handle


def reply(content: Any, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    """Return a JSON answer."""
    return web.json_response(content, status=status, headers=headers)


def request_headers() -> dict[str, str]:
    """Return the ids that the service gives every request."""
    identifier = str(uuid.uuid4())
    return {"apim-request-id": identifier, "x-request-id": identifier, "x-ms-request-id": identifier}


async def _answer(route: Route, call: Call, fault: Fault | None) -> Answer | None:
    """Return the answer to a request, or None when the connection shall be dropped."""
    if fault is not None and fault.delay_seconds and fault.when == "before":
        await asyncio.sleep(fault.delay_seconds)
    answer: Answer | None = None
    if fault is None or fault.when == "after" or not (fault.drop or fault.status):
        answer = await _serve(route, call)
    if fault is not None and fault.delay_seconds and fault.when == "after":
        await asyncio.sleep(fault.delay_seconds)
    if fault is not None and fault.drop:
        return None
    if fault is not None and fault.status:
        answer = _faulty(fault)
    if answer is not None and not answer.prepared:
        answer.headers.update({name: value for name, value in request_headers().items() if name not in answer.headers})
    return answer


async def _serve(route: Route, call: Call) -> Answer:
    try:
        _admit(route, call)
        await call.service.progression.settle(route.looks_at)
        return await route.action(call)
    except ServiceError as error:
        return reply(error.body(), error.status, error.headers)
    except Exception:  # whatever breaks here must reach the client as a 500, and the log
        LOG.exception("%s failed", route.operation)
        error = ServiceError(500, "InternalServerError", "The emulator failed; its log says why.")
        return reply(error.body(), error.status)


def _admit(route: Route, call: Call) -> None:
    if route.surface == "arm":
        _admit_to_arm(call)
    elif route.surface in ("v1", "dated"):
        _admit_to_data_plane(route, call)


def _admit_to_data_plane(route: Route, call: Call) -> None:
    headers = call.request.headers
    token = bearer(headers)
    known = is_key(headers, call.service.config.api_key)
    if not known and (token is None or token_problem(token, DATA_PLANE_AUDIENCES)):
        raise errors.wrong_key()
    version = call.request.query.get("api-version")
    if route.surface == "v1" and version is not None and version not in _V1_VERSIONS:
        text = "api-version query parameter is not allowed when using /v1 path"
        raise ServiceError(400, "BadRequest", text)
    if route.surface == "dated" and version not in route.versions:
        raise errors.no_such_route()


def _admit_to_arm(call: Call) -> None:
    token = bearer(call.request.headers)
    if token is None:
        raise errors.arm_not_authenticated("Authentication failed. The 'Authorization' header is missing.")
    problem = token_problem(token, ARM_AUDIENCES)
    if problem:
        raise errors.arm_not_authenticated(problem, "InvalidAuthenticationToken")
    version = call.request.query.get("api-version")
    if version is None:
        text = "The api-version query parameter (?api-version=) is required for all requests."
        raise ServiceError(400, "MissingApiVersionParameter", text)
    if not _ARM_VERSION.fullmatch(version) or version in _NOT_ARM:
        raise ServiceError(400, "InvalidApiVersionParameter", f"The api-version '{version}' is invalid.")


def _faulty(fault: Fault) -> web.Response:
    body = fault.body
    if body is None:
        body = {"error": {"code": str(fault.status), "message": "This answer was ordered."}}
    if isinstance(body, str):
        return web.Response(text=body, status=fault.status or 500, headers=dict(fault.headers))
    return reply(body, fault.status or 500, dict(fault.headers))


def _drop(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()
