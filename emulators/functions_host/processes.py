"""The two kinds of child process of a supervised host: the task hub, and the worker that runs the app."""

import asyncio
import json
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from aiohttp import web

from emulators.clock import Clock
from emulators.functions_host.app_host import AppHost
from emulators.functions_host.hub import Hub
from emulators.functions_host.settings import Keys, SettingsError, apply_app_settings
from emulators.functions_host.snapshot import Snapshot
from emulators.functions_host.worker import IndexingError

# Exit code of a child that would fail the same way again, so that starting it anew is of no use.
HOPELESS = 3


@dataclass(frozen=True)
class HostOptions:
    """What the command line says, with ports chosen: everything a child needs, as JSON in its arguments."""

    app: str
    state: str
    hub_port: int
    socket_fd: int
    url: str
    clock_scale: float
    clock_origin: str
    log_level: str
    key_options: tuple[str, ...] = ()
    storage_connection_string: str | None = None

    def to_json(self) -> str:
        """Return the text that `from_json` reads."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what `to_json` wrote."""
        fields = json.loads(text)
        return cls(**{**fields, "key_options": tuple(fields["key_options"])})

    @property
    def hub_address(self) -> str:
        """Return where the hub listens."""
        return f"127.0.0.1:{self.hub_port}"

    def keys(self) -> Keys:
        """Return the host's keys."""
        return Keys.from_options(self.key_options, self.keys_file)

    @property
    def keys_file(self) -> Path:
        """Return where keys that no option gives are kept."""
        return Path(self.state) / "keys.json"

    def clock(self) -> Clock:
        """Return a clock that agrees with that of every other process of this host."""
        return Clock(self.clock_scale, origin=datetime.fromisoformat(self.clock_origin))


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
    hub = Hub(options.clock(), Snapshot(Path(options.state) / "hub.sqlite3"))
    hub.serve(options.hub_port)
    announce({})
    stop.wait()
    hub.stop()


async def _run_worker(options: HostOptions, announce: Callable[[dict[str, Any]], None], stop: threading.Event) -> None:
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
