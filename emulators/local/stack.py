"""Everything the app needs on this machine, started together: storage, Azure OpenAI, Functions host with the app."""

import fcntl
import os
import secrets
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from azure.core.exceptions import ResourceExistsError
from azure.storage.blob import BlobServiceClient

from emulators.azurite import Azurite
from emulators.local.children import Child, ChildError, Watchdog, child_process, has_ended
from emulators.local.signals import held

PROJECT = Path(__file__).resolve().parents[2]
DATASETS, REPORTS = "datasets", "reports"
# A minute of grace and minutes between polls fit Azure; here everything is over in seconds.
FAST = {"GRACE_SECONDS": "1", "MIN_POLL_SECONDS": "1", "MAX_POLL_SECONDS": "2"}
# Variables through which the app would reach a real subscription with a real identity.
REAL_AZURE = ("AZURE_", "ARM_", "IDENTITY_", "MSI_", "DATASETS_STORAGE", "AZUREWEBJOBSSTORAGE")


class StackError(Exception):
    """Why the app cannot be run here, in one line."""


@dataclass(frozen=True, kw_only=True)
class Services:
    """What the app needs, running: where it is, and the app settings that lead there."""

    connection_string: str
    openai_url: str
    settings: Mapping[str, str]
    azurite_pid: int
    children: tuple[Child, ...]

    @property
    def storage(self) -> BlobServiceClient:
        """Return a client of the emulated storage account."""
        return BlobServiceClient.from_connection_string(self.connection_string)

    def check(self) -> None:
        """Raise ChildError if a part of it has ended."""
        for child in self.children:
            child.check()
        if has_ended(self.azurite_pid):
            msg = "the storage emulator ended"
            raise ChildError(msg)


@dataclass(frozen=True, kw_only=True)
class Stack(Services):
    """The app, running with all that it needs: where it is, and the key that opens it."""

    url: str
    key: str


@contextmanager
def local_services(folder: Path) -> Iterator[Services]:
    """Run what the app needs, without the app, with its state in this folder; end every process afterwards.

    Raises:
        StackError: another one runs in this folder.
        ChildError: a part of it did not start.
    """
    with _launcher(folder, fresh=False) as launcher:
        yield _services(launcher)


@contextmanager
def local_stack(folder: Path, *, fresh: bool) -> Iterator[Stack]:
    """Run the app with its state in this folder, emptied before if `fresh`; end every process afterwards.

    Raises:
        StackError: another one runs in this folder.
        ChildError: a part of it did not start.
    """
    with _launcher(folder, fresh=fresh) as launcher:
        services, key = _services(launcher), _function_key(folder)
        options = _host_options(folder, services.connection_string, key)
        host = launcher.start("functions-host", options, services.settings)
        yield Stack(
            connection_string=services.connection_string,
            openai_url=services.openai_url,
            settings=services.settings,
            azurite_pid=services.azurite_pid,
            children=(*services.children, host),
            url=host.wait_until_ready()["url"].rstrip("/"),
            key=key,
        )


@dataclass(frozen=True, kw_only=True)
class _Launcher:
    """Starts the parts in one folder, and knows what ends them."""

    stack: ExitStack
    watchdog: Watchdog
    folder: Path
    environ: Mapping[str, str]

    def start(self, name: str, options: list[str], settings: Mapping[str, str]) -> Child:
        """Start one of this package's command lines, not waiting until it is ready."""
        command = [sys.executable, "-m", f"emulators.{name.replace('-', '_')}", *options]
        environ = {**self.environ, **settings}
        child = child_process(name, command, folder=self.folder / "logs", environ=environ, watchdog=self.watchdog)
        with held():
            return self.stack.enter_context(child)

    def start_azurite(self) -> Azurite:
        """Start storage and wait until it listens."""
        try:
            with held():
                azurite = self.stack.enter_context(Azurite(self.folder / "azurite"))
                self.watchdog.watch(azurite.pid)
        except (FileNotFoundError, RuntimeError) as error:
            raise ChildError(str(error)) from error
        return azurite


@contextmanager
def _launcher(folder: Path, *, fresh: bool) -> Iterator[_Launcher]:
    stack = ExitStack()
    try:
        stack.enter_context(_only_one(folder))
        if fresh:
            _empty(folder)
        with held():
            watchdog = stack.enter_context(Watchdog())
        yield _Launcher(stack=stack, watchdog=watchdog, folder=folder, environ=_own_environment())
    finally:
        with held():  # everything is ended, in the reverse order of its start, even if Ctrl-C is pressed meanwhile
            stack.close()


def _services(launcher: _Launcher) -> Services:
    openai = launcher.start("azure-openai", ["--port", "0", "--pace", "demo"], {})
    azurite = launcher.start_azurite()  # the other one comes up meanwhile
    _create_containers(azurite.connection_string)
    said = openai.wait_until_ready()
    return Services(
        connection_string=azurite.connection_string,
        openai_url=said["url"],
        settings=_app_settings(azurite.connection_string, said),
        azurite_pid=azurite.pid,
        children=(openai,),
    )


def _host_options(folder: Path, connection_string: str, key: str) -> list[str]:
    state = folder / "host"
    state.mkdir(parents=True, exist_ok=True)
    places = ["--app", str(PROJECT), "--port", "0", "--hub-port", "0", "--state", str(state)]
    return [*places, "--storage-connection-string", connection_string, "--key", key]


def _own_environment() -> dict[str, str]:
    """Return this environment without anything that leads to a real subscription, or around the loopback."""
    kept = {name: value for name, value in os.environ.items() if not name.upper().startswith(REAL_AZURE)}
    return FAST | kept | {"NO_PROXY": "127.0.0.1,localhost", "no_proxy": "127.0.0.1,localhost", "PYTHONPATH": _path()}


def _path() -> str:
    return os.pathsep.join(filter(None, [str(PROJECT), os.environ.get("PYTHONPATH")]))


def _app_settings(connection_string: str, openai: Mapping[str, str]) -> dict[str, str]:
    """Return the app's settings (README.md lists them all): everything here is an emulator on this machine."""
    return {
        "AzureWebJobsStorage": connection_string,
        "DATASETS_STORAGE": connection_string,
        "DATASETS_TRIGGER_SOURCE": "EventGrid",
        "AZURE_OPENAI_ENDPOINT": openai["url"],
        "AZURE_OPENAI_RESOURCE_ID": openai["resource_id"],
        "ARM_ENDPOINT": openai["url"],
        # One of the emulated account's own deployments; the comparison shows what training has changed.
        "BASE_DEPLOYMENT": "gpt-4o-mini",
        "IDENTITY_ENDPOINT": openai["identity_endpoint"],
        "IDENTITY_HEADER": openai["identity_header"],
    }


def _create_containers(connection_string: str) -> None:
    with BlobServiceClient.from_connection_string(connection_string) as storage:
        for name in (DATASETS, REPORTS):
            try:
                storage.create_container(name)
            except ResourceExistsError:
                continue  # kept from an earlier start


@contextmanager
def _only_one(folder: Path) -> Iterator[None]:
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            msg = f"another one runs here already (its state is in {folder}); end it first"
            raise StackError(msg) from None
        yield


def _empty(folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)


def _function_key(folder: Path) -> str:
    """Return the key of the app's HTTP functions, the same one as long as the folder lives."""
    file = folder / "function-key"
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        file.touch(mode=0o600)
        file.write_text(secrets.token_urlsafe(32))
    return file.read_text()
