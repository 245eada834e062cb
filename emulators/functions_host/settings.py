"""Reads an app's host.json and local.settings.json, and the keys that guard the host's endpoints."""

import json
import os
import secrets
from collections.abc import Iterable, Mapping, MutableMapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from emulators import azurite
from emulators.functions_host.errors import SettingsError

DEVELOPMENT_STORAGE = "UseDevelopmentStorage=true"
DEFAULT_CONNECTION = "AzureWebJobsStorage"


@dataclass(frozen=True)
class HostSettings:
    """What this host reads from host.json; the defaults are the Functions host's own."""

    route_prefix: str = "api"
    hub_name: str = "TestHubName"
    # The extension's default is ten times the number of cores, and ten on a Consumption plan.
    max_activities: int = 10
    max_orchestrators: int = 10
    queue_encoding: str = "base64"
    queue_batch_size: int = 16
    queue_max_dequeue_count: int = 5
    queue_retry_seconds: float = 0.0

    @classmethod
    def from_app(cls, app_dir: Path) -> Self:
        """Read host.json of an app directory; a missing file means the defaults."""
        extensions = _read_json(app_dir / "host.json").get("extensions", {})
        durable = extensions.get("durableTask", {})
        queues = extensions.get("queues", {})
        return cls(
            route_prefix=extensions.get("http", {}).get("routePrefix", cls.route_prefix).strip("/"),
            hub_name=durable.get("hubName", cls.hub_name),
            max_activities=durable.get("maxConcurrentActivityFunctions", cls.max_activities),
            max_orchestrators=durable.get("maxConcurrentOrchestratorFunctions", cls.max_orchestrators),
            queue_encoding=queues.get("messageEncoding", cls.queue_encoding).lower(),
            queue_batch_size=queues.get("batchSize", cls.queue_batch_size),
            queue_max_dequeue_count=queues.get("maxDequeueCount", cls.queue_max_dequeue_count),
            queue_retry_seconds=_seconds(queues.get("visibilityTimeout", "00:00:00")),
        )


@dataclass(frozen=True)
class Keys:
    """The secrets that callers present: of the administrator, of all functions, of extensions, of single functions."""

    master: str
    default: str
    system: str
    functions: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def random(cls) -> Self:
        """Return keys that nobody knows yet."""
        return cls(secrets.token_urlsafe(30), secrets.token_urlsafe(30), secrets.token_urlsafe(30))

    @classmethod
    def same(cls, key: str) -> Self:
        """Return keys that are all one and the same."""
        return cls(key, key, key)

    @classmethod
    def from_options(cls, options: Iterable[str], saved: Path) -> Self:
        """Build keys from `KEY`, `master=KEY`, `default=KEY`, `system=KEY` or `function.NAME=KEY` options.

        Whatever no option names is random and kept in the file `saved`, readable by its owner alone.
        """
        if saved.exists():
            keys = json.loads(saved.read_text())
        else:
            random = cls.random()
            keys = {"master": random.master, "default": random.default, "system": random.system}
            saved.parent.mkdir(parents=True, exist_ok=True)
            saved.touch(mode=0o600)
            saved.write_text(json.dumps(keys))
        functions: dict[str, str] = {}
        for option in options:
            name, separator, value = option.partition("=")
            if separator and name in keys:
                keys[name] = value
            elif separator and name.startswith("function."):
                functions[name.removeprefix("function.")] = value
            else:
                keys = dict.fromkeys(keys, option)
        return cls(keys["master"], keys["default"], keys["system"], functions)


def apply_app_settings(
    app_dir: Path, environ: MutableMapping[str, str], storage_connection_string: str | None = None
) -> None:
    """Put the Values of local.settings.json into the environment, whose own values win.

    A setting that says UseDevelopmentStorage=true becomes the connection string given here, or that of a storage
    emulator on its usual ports. A connection string given here also becomes AzureWebJobsStorage.

    Raises:
        SettingsError: the file is not valid JSON, or is encrypted.
    """
    settings = _read_json(app_dir / "local.settings.json")
    if settings.get("IsEncrypted"):
        msg = f"{app_dir / 'local.settings.json'} is encrypted; run `func settings decrypt` first"
        raise SettingsError(msg)
    for name, value in settings.get("Values", {}).items():
        environ.setdefault(name, str(value))
    if storage_connection_string:
        environ[DEFAULT_CONNECTION] = storage_connection_string
    for name, value in list(environ.items()):
        if value.strip().rstrip(";").lower() == DEVELOPMENT_STORAGE.lower():
            environ[name] = storage_connection_string or azurite.connection_string()


def connection_setting(name: str, environ: Mapping[str, str] = os.environ) -> str:
    """Return the storage connection string that a trigger's `connection` names; an empty name is the host's own.

    Raises:
        SettingsError: the setting is missing, or holds an identity-based connection.
    """
    name = name or DEFAULT_CONNECTION
    # The Functions host looks for the name with this prefix first.
    for candidate in (f"AzureWebJobs{name}", name):
        if candidate in environ:
            return environ[candidate]
    if identity := [other for other in environ if other.startswith(f"{name}__")]:
        msg = f"{identity[0]}: the local host takes connection strings only; set {name} to one"
    else:
        msg = f"the application setting {name} is missing (a storage connection string)"
    raise SettingsError(msg)


def _read_json(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except json.JSONDecodeError as error:
        msg = f"{path} is not valid JSON: {error}"
        raise SettingsError(msg) from error


def _seconds(text: str) -> float:
    hours, minutes, seconds = text.split(":")
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds)
