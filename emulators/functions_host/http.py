"""Serves the host's HTTP side: function routes with their access levels, and the admin endpoints."""

import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

from aiohttp import web

from emulators.functions_host.routes import Route, parameters, routes_for
from emulators.functions_host.settings import HostSettings, Keys
from emulators.functions_host.worker import Function, FunctionError, Message, Worker, http_request, typed

LOG = logging.getLogger(__name__)
MAX_BODY_BYTES = 210_000_000  # the Functions host's own limit on a request


class Fires(Protocol):
    """Runs a function that has no HTTP trigger, on an input given by an administrator."""

    async def fire(self, function: Function, text: str) -> None:
        """Run the function once."""
        ...


class HttpFront:
    """The HTTP application of a worker; extensions add their webhooks to `app` before it is served."""

    def __init__(self, worker: Worker, settings: HostSettings, keys: Keys, triggers: Fires) -> None:
        self._worker = worker
        self._keys = keys
        self._triggers = triggers
        self._routes = routes_for(worker.by_type("httpTrigger"), settings.route_prefix)
        self.app = web.Application(client_max_size=MAX_BODY_BYTES)
        self.app.router.add_get("/admin/host/status", self._admin(self._status))
        self.app.router.add_get("/admin/functions", self._admin(self._list_functions))
        self.app.router.add_post("/admin/functions/{name}", self._admin(self._run_function))

    def add_webhook(self, path: str, answer: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> None:
        """Serve an extension's webhook to callers with the system key."""
        self.app.router.add_route("*", path, self._guarded(answer, {self._keys.master, self._keys.system}))

    async def start(self, site: Callable[[web.AppRunner], web.BaseSite]) -> web.AppRunner:
        """Serve on the site made by the caller; clean up the returned runner to stop."""
        # Last, so that it takes only what nothing else does.
        self.app.router.add_route("*", "/{path:.*}", self._call_function)
        runner = web.AppRunner(self.app, access_log=None)
        await runner.setup()
        await site(runner).start()
        return runner

    # Functions.

    async def _call_function(self, request: web.Request) -> web.StreamResponse:
        matches = [(r, p) for r in self._routes if (p := parameters(r, request.rel_url.raw_path)) is not None]
        if not matches:
            return web.Response(status=404)
        # A GET function answers HEAD too, without its body, and OPTIONS says what there is.
        wanted = {request.method, "GET"} if request.method == "HEAD" else {request.method}
        for route, params in matches:
            if wanted & route.methods:
                if not self._is_allowed(request, route):
                    return web.Response(status=401)
                return await self._invoke(request, route.function, params)
        allowed = ", ".join(sorted(set().union(*(route.methods for route, _ in matches)) | {"OPTIONS"}))
        return web.Response(status=204 if request.method == "OPTIONS" else 405, headers={"Allow": allowed})

    async def _invoke(self, request: web.Request, function: Function, params: Mapping[str, str]) -> web.Response:
        data = http_request(
            method=request.method,
            url=str(request.url),
            headers={name.lower(): value for name, value in request.headers.items()},
            body=typed("bytes", await request.read()),
            query=dict(request.query),
            params=params,
        )
        try:
            result = await self._worker.invoke(function, typed("http", data))
        except FunctionError as error:
            LOG.error("function %s failed: %s\n%s", function.name, error, error.stack)
            return web.Response(status=500)
        return _response(result)

    def _is_allowed(self, request: web.Request, route: Route) -> bool:
        name = route.function.name
        accepted = {self._keys.master}
        if route.auth_level == "FUNCTION":
            accepted |= {self._keys.default, self._keys.functions.get(name, self._keys.default)}
        return route.auth_level == "ANONYMOUS" or _presented(request) in accepted

    # Administration.

    def _admin(self, answer: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> Callable[..., Awaitable]:
        return self._guarded(answer, {self._keys.master})

    def _guarded(
        self, answer: Callable[[web.Request], Awaitable[web.StreamResponse]], accepted: set[str]
    ) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def guarded(request: web.Request) -> web.StreamResponse:
            return await answer(request) if _presented(request) in accepted else web.Response(status=401)

        return guarded

    async def _status(self, _request: web.Request) -> web.Response:
        return web.json_response({"id": "local", "state": "Running", "errors": []})

    async def _list_functions(self, request: web.Request) -> web.Response:
        urls = {r.function.name: f"{request.url.origin()}/{r.template}" for r in self._routes}
        return web.json_response(
            [
                {
                    "name": f.name,
                    "language": "python",
                    "isDisabled": False,
                    "config": {"bindings": list(f.bindings)},
                    "invoke_url_template": urls.get(f.name),
                }
                for f in self._worker.functions.values()
            ]
        )

    async def _run_function(self, request: web.Request) -> web.Response:
        function = self._worker.functions.get(request.match_info["name"])
        if not function:
            return web.Response(status=404)
        try:
            body = json.loads(await request.text() or "{}")
        except json.JSONDecodeError:
            return web.Response(status=400)
        text = body.get("input", "") if isinstance(body, dict) else ""
        try:
            await self._triggers.fire(function, text if isinstance(text, str) else json.dumps(text))
        except FunctionError as error:
            LOG.error("function %s failed: %s", function.name, error)
        except LookupError as error:
            return web.Response(status=400, text=str(error))
        return web.Response(status=202)


def _presented(request: web.Request) -> str | None:
    return request.headers.get("x-functions-key") or request.query.get("code")


def _response(result: Message | None) -> web.Response:
    if result is None:
        return web.Response(status=204)
    if result.WhichOneof("data") != "http":
        value = getattr(result, result.WhichOneof("data") or "", "")
        return web.Response(body=value if isinstance(value, bytes) else str(value).encode())
    http = result.http
    body = http.body.bytes if http.body else b""
    response = web.Response(status=int(http.status_code), headers=http.headers, body=body)
    for cookie in http.cookies or ():
        response.set_cookie(
            cookie.name,
            cookie.value,
            path=_plain(cookie.path) or "/",
            domain=_plain(cookie.domain),
            secure=_plain(cookie.secure),
            httponly=_plain(cookie.http_only),
        )
    return response


def _plain(value: Any) -> Any:
    """Unwrap one of the protocol's nullable values."""
    return next(iter(vars(value).values()), None) if isinstance(value, Message) else value
