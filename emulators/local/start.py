"""Keeps the app running on this machine until somebody stops it, and says how to use it."""

import time
from pathlib import Path

from rich.console import Console

from emulators.local.drop import SAMPLES
from emulators.local.stack import DATASETS, PROJECT, Stack, local_stack

CHECK_SECONDS = 0.5


def keep_running(state: Path, console: Console) -> None:
    """Run the app, with the state of the last time, until a signal or the end of a part of it.

    Raises:
        StackError, ChildError: the app could not be run here, or a part of it ended.
    """
    console.print("Starting storage, Azure OpenAI and the Functions host, all emulated here …", style="dim")
    with local_stack(state / "start", fresh=False) as stack:
        console.print(how_to_use(stack), soft_wrap=True, markup=False, highlight=False)
        while True:
            stack.check()
            time.sleep(CHECK_SECONDS)


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
