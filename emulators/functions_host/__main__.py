"""The command line of the local Functions host: `python -m emulators.functions_host --app DIR`."""

import argparse
import asyncio
import logging
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from emulators.azurite import free_ports
from emulators.functions_host.options import HostOptions
from emulators.functions_host.processes import run_child
from emulators.functions_host.supervisor import HostFailedError, Supervisor, listen

# These log every call and every invocation, which buries what the app says.
_CHATTY = ("azure.core", "azure.functions", "azure.durable_functions", "azure_functions_runtime", "durabletask")
LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")


def main(arguments: Sequence[str]) -> int:
    """Run a host, or one of its child processes; return the exit code."""
    if arguments[:1] == ["--child"]:
        options = HostOptions.from_json(arguments[2])
        _set_up_logging(options.log_level, arguments[1])
        return run_child(arguments[1], options)
    chosen = _parser().parse_args(arguments)
    state = chosen.state or chosen.app / ".functions-host"
    with listen(chosen.port) as listening:
        options = HostOptions(
            app=str(chosen.app.resolve()),
            state=str(state.resolve()),
            hub_port=chosen.hub_port or free_ports(1)[0],
            socket_fd=listening.fileno(),
            url=f"http://127.0.0.1:{listening.getsockname()[1]}",
            clock_scale=chosen.clock_scale,
            clock_origin=datetime.now(UTC).isoformat(),
            log_level=chosen.log_level,
            key_options=tuple(chosen.key),
            storage_connection_string=chosen.storage_connection_string,
        )
        try:
            asyncio.run(Supervisor(options, chosen.ready_file).run())
        except HostFailedError as error:
            print(f"the local Functions host stops: {error}", file=sys.stderr)  # noqa: T201 - meant for the terminal
            return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m emulators.functions_host", description=__doc__)
    add = parser.add_argument
    add("--app", type=Path, default=Path(), help="directory of function_app.py (default: the current one)")
    add("--port", type=int, default=7071, help="HTTP port, 0 for any free one (default: 7071)")
    add("--hub-port", type=int, default=0, help="port of the task hub, 0 for any free one (default)")
    add("--state", type=Path, help="directory that keeps the task hub and keys (default: APP/.functions-host)")
    add("--storage-connection-string", help="for AzureWebJobsStorage and every UseDevelopmentStorage=true setting")
    add(
        "--key",
        action="append",
        default=[],
        metavar="KEY",
        help="one key for everything, or master=KEY, default=KEY, system=KEY, function.NAME=KEY; may be repeated "
        "(default: random ones in STATE/keys.json)",
    )
    add("--clock-scale", type=float, default=1.0, help="durable and schedule time runs this many times as fast")
    add("--ready-file", type=Path, help="JSON file that exists while the host runs: url, hub, functions, pids")
    add("--log-level", choices=LEVELS, default="INFO", help="of the app's logs, on standard error")
    return parser


def _set_up_logging(level: str, role: str) -> None:
    logging.basicConfig(level=level, format=f"%(asctime)s {role} %(levelname)s %(name)s: %(message)s")
    for chatty in _CHATTY:
        logging.getLogger(chatty).setLevel("WARNING" if level != "DEBUG" else "DEBUG")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
