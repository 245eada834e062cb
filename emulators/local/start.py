"""Keeps the app running on this machine until somebody stops it, and says how to use it."""

import json
import time
from pathlib import Path

from rich.console import Console

from emulators.local.drop import SAMPLES
from emulators.local.stack import DATASETS, FAST, PROJECT, Services, Stack, local_services, local_stack

CHECK_SECONDS = 0.5


def keep_running(state: Path, console: Console) -> None:
    """Run the app, with the state of the last time, until a signal or the end of a part of it.

    Raises:
        StackError, ChildError: the app could not be run here, or a part of it ended.
    """
    console.print("Starting storage, Azure OpenAI and the Functions host, all emulated here …", style="dim")
    with local_stack(state / "start", fresh=False) as stack:
        console.print(how_to_use(stack), soft_wrap=True, markup=False, highlight=False)
        _watch(stack)


def keep_services_running(state: Path, console: Console) -> None:
    """Run only what the app needs, for a Functions host of one's own, until a signal or the end of a part of it.

    Raises:
        StackError, ChildError: it could not be run here, or a part of it ended.
    """
    console.print("Starting storage and Azure OpenAI, both emulated here …", style="dim")
    with local_services(state / "services") as services:
        settings = state / "services/local.settings.json"
        settings.write_text(local_settings(services))
        console.print(how_to_use_core_tools(services, settings), soft_wrap=True, markup=False, highlight=False)
        _watch(services)


def _watch(services: Services) -> None:
    while True:
        services.check()
        time.sleep(CHECK_SECONDS)


def local_settings(services: Services) -> str:
    """Return the file from which Azure Functions Core Tools take the app's settings."""
    own = {
        "FUNCTIONS_WORKER_RUNTIME": "python",
        # Event Grid reaches no host on this machine; Core Tools look into the container themselves.
        "DATASETS_TRIGGER_SOURCE": "LogsAndContainerScan",
        "AZURE_FUNCTIONS_DURABLE_STRICT_TYPING": "1",
    }
    return json.dumps({"IsEncrypted": False, "Values": {**FAST, **services.settings, **own}}, indent=2) + "\n"


def how_to_use_core_tools(services: Services, settings: Path) -> str:
    """Return what a person pastes to run the app with Azure Functions Core Tools."""
    return f"""
Storage and Azure OpenAI run.

  Azure OpenAI  {services.openai_url}
  Storage       {services.connection_string}

In another terminal, in the project's folder, with .venv activated:

  cp '{settings}' local.settings.json
  func start

Ctrl-C stops everything; datasets and reports stay for the next time, the settings are new each time.
"""


def how_to_use(stack: Stack) -> str:
    """Return what a person pastes to drop a dataset and look at the runs."""
    samples = SAMPLES.relative_to(PROJECT)
    return f"""
The app runs.

  App           {stack.url}/api/runs
  Function key  {stack.key}
  Azure OpenAI  {stack.openai_url}
  Storage       {stack.connection_string}

In another terminal, first:

  export AZURE_STORAGE_CONNECTION_STRING='{stack.connection_string}'

Drop a dataset with the Azure CLI (the training part last: its arrival starts the run):

  az storage blob upload -c {DATASETS} -n lighthouse/validation_set.jsonl -f {samples}/validation_set.jsonl --overwrite
  az storage blob upload -c {DATASETS} -n lighthouse/training_set.jsonl -f {samples}/training_set.jsonl --overwrite

or with the Python SDK (.venv/bin/python):

  import os
  from azure.storage.blob import ContainerClient
  datasets = ContainerClient.from_connection_string(os.environ["AZURE_STORAGE_CONNECTION_STRING"], "{DATASETS}")
  for name in ("validation_set.jsonl", "training_set.jsonl"):
      datasets.upload_blob(f"lighthouse/{{name}}", open(f"{samples}/{{name}}", "rb"), overwrite=True)

A dataset that lies in the container can also be started, and every run followed, over HTTP:

  curl -i -H 'x-functions-key: {stack.key}' -d '{{"dataset": "lighthouse/training_set.jsonl"}}' {stack.url}/api/runs
  curl -H 'x-functions-key: {stack.key}' {stack.url}/api/runs

Ctrl-C stops everything; the data stay for the next start.
"""
