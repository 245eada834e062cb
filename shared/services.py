"""Composition root: from the environment to the implementations of the ports, once a worker, each built when needed."""

import os
import threading
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from shared.ports import BlobStore, Deployments, FineTuning, TokenCounter
from shared.settings import Settings

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential


class Services:
    """The settings and the ports; an SDK is imported and a port built when it is first asked for, whatever the thread.

    Raises (at any attribute):
        SettingsError: naming every variable that is missing or wrong.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._counters: dict[str, TokenCounter] = {}
        # Reentrant: building a port reads the settings.
        self._lock = threading.RLock()

    @property
    def settings(self) -> Settings:
        """Return the app's settings."""
        with self._lock:
            return self._settings

    @property
    def blobs(self) -> BlobStore:
        """Return the storage account of datasets, reports and state."""
        with self._lock:
            return self._blobs

    @property
    def fine_tuning(self) -> FineTuning:
        """Return Azure OpenAI's data plane."""
        with self._lock:
            return self._fine_tuning

    @property
    def deployments(self) -> Deployments:
        """Return the account's deployments."""
        with self._lock:
            return self._deployments

    def counter_for(self, encoding: str) -> TokenCounter:
        """Return the counter of an encoding, its ranks loaded once."""
        from shared.clients.fast_tokenizer import FastTokenizer
        from shared.clients.tokenizer import Tokenizer

        with self._lock:
            if encoding not in self._counters:
                self._counters[encoding] = FastTokenizer(Tokenizer(encoding))
            return self._counters[encoding]

    @cached_property
    def _settings(self) -> Settings:
        return Settings.from_env(self._environ)

    @cached_property
    def _blobs(self) -> BlobStore:
        from shared.clients.blobs import AzureBlobs

        # An identity of storage's own, where DATASETS_STORAGE__clientId names one, else the one that everything shares.
        own = bool(self.settings.storage_client_id)
        return AzureBlobs(self.settings, None if own else self._credential)

    @cached_property
    def _fine_tuning(self) -> FineTuning:
        from shared.clients.azure_openai import OpenAIFineTuning

        return OpenAIFineTuning(self.settings, self._credential)

    @cached_property
    def _deployments(self) -> Deployments:
        from shared.clients.arm import ArmDeployments

        return ArmDeployments(self.settings, self._credential)

    @cached_property
    def _credential(self) -> "TokenCredential":
        from shared.clients.credentials import AppCredential

        return AppCredential()


_current: Services | None = None
_current_lock = threading.Lock()


def services() -> Services:
    """Return this worker's services, made from the process's environment at the first call."""
    global _current
    with _current_lock:
        if _current is None:
            _current = Services(os.environ)
        return _current


def use_services(replacement: Services | None) -> None:
    """Make `services()` return a replacement; None makes the next call read the environment anew."""
    global _current
    with _current_lock:
        _current = replacement
