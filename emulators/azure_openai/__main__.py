"""Runs one emulated account from the command line until it is told to stop."""

import argparse
import json
import logging
import os
import signal
import sys
import threading
from pathlib import Path

from emulators.azure_openai.config import PACES, EmulatorConfig
from emulators.azure_openai.server import AzureOpenAIEmulator

LOG = logging.getLogger("emulators.azure_openai")


def _arguments(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m emulators.azure_openai", description=__doc__)
    defaults = EmulatorConfig()
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--pace", choices=sorted(PACES), default="demo", help="how long things take")
    parser.add_argument("--state", type=Path, help="where scratch files go; default: a temporary directory")
    parser.add_argument("--ready-file", type=Path, help="written, as JSON, when the emulator answers")
    parser.add_argument("--log-level", default="INFO", choices=["DEBUG", "INFO", "WARNING", "ERROR"])
    parser.add_argument("--account", default=defaults.account)
    parser.add_argument("--region", default=defaults.region)
    parser.add_argument("--resource-group", default=defaults.resource_group)
    parser.add_argument("--subscription-id", default=defaults.subscription_id)
    parser.add_argument("--api-key", default=defaults.api_key, help="default: a fresh one")
    parser.add_argument("--identity-header", default=defaults.identity_header, help="default: a fresh one")
    parser.add_argument("--enforce-rate-limits", action="store_true", help="answer 429 beyond a deployment's capacity")
    return parser.parse_args(arguments)


def _config(arguments: argparse.Namespace) -> EmulatorConfig:
    return EmulatorConfig(
        subscription_id=arguments.subscription_id,
        resource_group=arguments.resource_group,
        account=arguments.account,
        region=arguments.region,
        api_key=arguments.api_key,
        identity_header=arguments.identity_header,
        pace=PACES[arguments.pace](),
        enforce_rate_limits=arguments.enforce_rate_limits,
        state_directory=arguments.state,
    )


def _announce(emulator: AzureOpenAIEmulator, path: Path | None) -> None:
    environment = emulator.identity_environment
    content = {
        "url": emulator.url,
        "resource_id": emulator.resource_id,
        "api_key": emulator.api_key,
        "identity_endpoint": environment["IDENTITY_ENDPOINT"],
        "identity_header": environment["IDENTITY_HEADER"],
        "pid": os.getpid(),
    }
    LOG.info("serving %s at %s", emulator.resource_id, emulator.url)
    if path is not None:  # renamed into place, so that nobody reads half of it
        partial = path.with_name(f"{path.name}.partial")
        partial.write_text(json.dumps(content))
        partial.replace(path)


def main(arguments: list[str] | None = None) -> int:
    """Serve until SIGINT or SIGTERM and return the exit code."""
    options = _arguments(sys.argv[1:] if arguments is None else arguments)
    logging.basicConfig(level=options.log_level, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    emulator = AzureOpenAIEmulator(_config(options))
    try:
        emulator.start(options.port)
    except OSError as error:
        LOG.error("cannot serve on port %d: %s", options.port, error)
        return 1
    _announce(emulator, options.ready_file)
    stopping.wait()
    emulator.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
