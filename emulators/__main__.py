"""`python -m emulators`: demonstrate the app on this machine, or keep it (or what it needs) running."""

import argparse
import sys
from contextlib import suppress
from pathlib import Path

from rich.console import Console

from emulators.local.children import ChildError
from emulators.local.demo import demonstrate
from emulators.local.drop import DatasetError, dataset_for
from emulators.local.runs import RunsError
from emulators.local.signals import Stopped, stop_signals
from emulators.local.stack import PROJECT, StackError
from emulators.local.start import keep_running, keep_services_running

STATE = PROJECT / ".tunedrop"


def main(arguments: list[str] | None = None) -> int:
    """Run the command and return its exit status: 0 well, 1 failed, 2 called wrongly, 128 + n stopped by signal n."""
    options = _parser().parse_args(arguments)
    console = Console()
    try:
        with stop_signals():
            return options.run(options, console)
    except DatasetError as error:
        return _complain(str(error), 2)
    except (StackError, ChildError, RunsError) as error:
        return _complain(str(error), 1)
    except Stopped as stop:
        # Stopping it is how a start ends well; a demonstration that was stopped has shown nothing.
        with suppress(OSError):  # the terminal may be what went away
            sys.stderr.write("Stopped.\n")
        return 0 if options.run in (_start, _services) else 128 + stop.number


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m emulators", description=__doc__)
    parser.add_argument(
        "--state", type=Path, default=STATE, metavar="DIR", help="for data, logs and reports (default: .tunedrop)"
    )
    commands = parser.add_subparsers(required=True, metavar="demo|start|services")
    demo = commands.add_parser("demo", help="take one dataset through everything, then stop")
    for name in ("training", "validation", "options"):
        demo.add_argument(f"--{name}", type=Path, metavar="PATH", help=f"the {name} file, instead of the sample's")
    demo.set_defaults(run=_demo)
    start = commands.add_parser("start", help="keep the app running until Ctrl-C")
    start.set_defaults(run=_start)
    services = commands.add_parser("services", help="keep storage and Azure OpenAI running, for func start")
    services.set_defaults(run=_services)
    return parser


def _demo(options: argparse.Namespace, console: Console) -> int:
    dataset = dataset_for(options.training, options.validation, options.options)
    return 0 if demonstrate(dataset, options.state.resolve(), console) else 1


def _start(options: argparse.Namespace, console: Console) -> int:
    keep_running(options.state.resolve(), console)
    return 0


def _services(options: argparse.Namespace, console: Console) -> int:
    keep_services_running(options.state.resolve(), console)
    return 0


def _complain(message: str, status: int) -> int:
    sys.stderr.write(f"error: {message}\n")
    return status


if __name__ == "__main__":
    sys.exit(main())
