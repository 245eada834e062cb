"""Puts all routes on one aiohttp application."""

from aiohttp import web

from emulators.azure_openai.routes import admin, arm, chat, files, jobs, models, uploads
from emulators.azure_openai.service import Service

# JSON bodies; forms with files are read as a stream and have limits of their own.
_BODY_BYTES = 16 << 20


def build_app(service: Service) -> web.Application:
    """Return the application that serves an account."""
    app = web.Application(client_max_size=_BODY_BYTES)
    for area in (files, uploads, jobs, models, chat, arm, admin):  # admin last: it has the route for all else
        for route in area.routes():
            app.router.add_route(route.method, route.path, route.handler(service))
    return app
