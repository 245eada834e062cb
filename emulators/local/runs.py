"""Reads the app's runs over HTTP, and what they left in storage, as any client of the app would."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import requests
from azure.core.exceptions import ResourceNotFoundError
from azure.storage.blob import BlobServiceClient

POLL_SECONDS = 0.4
# The app answers in milliseconds; what is silent for this long will not come.
SILENCE_SECONDS = 60.0
# What GET /api/runs/{run_id} says of a run: the app's own JSON, see README.md.
Run = dict[str, Any]


class RunsError(Exception):
    """The app did not answer, or not as it should; one line."""


class Runs:
    """The runs of one app, read with its function key; `check` raises when a part of the app has ended."""

    def __init__(self, url: str, key: str, check: Callable[[], None]) -> None:
        self._url = url
        self._check = check
        self._session = requests.Session()
        self._session.trust_env = False  # no proxy of this machine has to see the loopback
        self._session.headers["x-functions-key"] = key

    def first_of(self, dataset: str) -> str:
        """Wait until there is a run of this dataset and return its id. Raises: RunsError."""
        deadline = time.monotonic() + SILENCE_SECONDS
        while time.monotonic() < deadline:
            for run in self._get("/api/runs")["runs"]:
                if run["dataset"] == dataset:
                    return run["run_id"]
            self._wait()
        msg = f"no run of {dataset} began within {SILENCE_SECONDS:.0f} s"
        raise RunsError(msg)

    def follow(self, run_id: str, show: Callable[[Run], None]) -> Run:
        """Show the run each time it is read, until it has ended; return its last state. Raises: RunsError."""
        while True:
            run = self._get(f"/api/runs/{run_id}")
            show(run)
            if run["status"] != "running":
                return run
            self._wait()

    def _wait(self) -> None:
        self._check()
        time.sleep(POLL_SECONDS)

    def _get(self, path: str) -> Any:
        deadline = time.monotonic() + SILENCE_SECONDS
        while True:
            try:
                answer = self._session.get(f"{self._url}{path}", timeout=10)
                # 404 is how a run that was only just asked for looks.
                if answer.ok:
                    return answer.json()
                problem = f"HTTP {answer.status_code} {answer.text[:200]}"
            except requests.RequestException as error:
                problem = str(error)
            if time.monotonic() > deadline:
                msg = f"{path} gave no run for {SILENCE_SECONDS:.0f} s: {problem}"
                raise RunsError(msg)
            self._wait()


def answers_of(storage: BlobServiceClient, run_id: str) -> list[dict[str, Any]]:
    """Return the questions of a run with the answers, from the app's private container; none if it did not ask."""
    content = _content(storage, f"tunedrop/runs/{run_id}/verification.json")
    return json.loads(content)["answers"] if content is not None else []


def copy_report(storage: BlobServiceClient, links: dict[str, str], folder: Path) -> dict[str, Path]:
    """Copy the parts of a run's report into a folder and return where they lie, by kind ("json", "html")."""
    folder.mkdir(parents=True, exist_ok=True)
    copies = {}
    for kind, path in links.items():
        content = _content(storage, path)
        if content is not None:
            copies[kind] = folder / path.rpartition("/")[2]
            copies[kind].write_bytes(content)
    return copies


def _content(storage: BlobServiceClient, path: str) -> bytes | None:
    container, _, name = path.partition("/")
    try:
        return storage.get_blob_client(container, name).download_blob().readall()
    except ResourceNotFoundError:
        return None
