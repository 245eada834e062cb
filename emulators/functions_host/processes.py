"""The two kinds of child process of a supervised host: the task hub, and the worker that runs the app."""

import asyncio
import json
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from emulators.functions_host.errors import IndexingError, SettingsError
from emulators.functions_host.options import HOPELESS, HostOptions
from emulators.functions_host.settings import apply_app_settings

# Each role imports what it runs when it runs it: the hub is back in half the time without the app's libraries.


def run_child(role: str, options: HostOptions) -> int:
    """Be the hub or the worker until SIGTERM, or until the supervisor is gone; return the exit code."""
    announce = _take_stdout()
    stop = threading.Event()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the supervisor ends its children
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    threading.Thread(target=_follow_supervisor, name="lifeline", daemon=True).start()
    try:
        if role == "hub":
            _run_hub(options, announce, stop)
        else:
            asyncio.run(_run_worker(options, announce, stop))
    except (IndexingError, SettingsError) as error:
        print(f"the app cannot be started: {error}", file=sys.stderr, flush=True)  # noqa: T201 - meant for the terminal
        return HOPELESS
    return 0


def _run_hub(options: HostOptions, announce: Callable[[dict[str, Any]], None], stop: threading.Event) -> None:
    from emulators.functions_host.hub import Hub
    from emulators.functions_host.snapshot import Snapshot

    hub = Hub(options.clock(), Snapshot(Path(options.state) / "hub.sqlite3"))
    hub.serve(options.hub_port)
    announce({})
    stop.wait()
    hub.stop()


async def _run_worker(options: HostOptions, announce: Callable[[dict[str, Any]], None], stop: threading.Event) -> None:
    from aiohttp import web

    from emulators.functions_host.app_host import AppHost

    app_dir, state = Path(options.app), Path(options.state)
    apply_app_settings(app_dir, os.environ, options.storage_connection_string)
    host = AppHost(app_dir, options.hub_address, options.url, options.keys(), options.clock(), state)
    await host.load()
    listening = socket.socket(fileno=options.socket_fd)
    await host.start(lambda runner: web.SockSite(runner, listening))
    work = asyncio.create_task(host.run())
    announce({"functions": sorted(host.worker.functions)})
    stopped = asyncio.create_task(asyncio.to_thread(stop.wait))
    await asyncio.wait({work, stopped}, return_when=asyncio.FIRST_COMPLETED)
    if work.done():
        work.result()
    # A synchronous function that still runs would hold up the end; its work is handed out again.
    sys.stderr.flush()
    os._exit(0)


def _take_stdout() -> Callable[[dict[str, Any]], None]:
    """Keep standard output for one line to the supervisor; what the app prints goes to standard error."""
    channel = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)

    def announce(message: dict[str, Any]) -> None:
        channel.write(json.dumps(message) + "\n")
        channel.close()

    return announce


def _follow_supervisor() -> None:
    # The other end of standard input is the supervisor's: it closes when the supervisor dies, however it dies.
    while os.read(0, 1024):
        pass
    os._exit(1)
