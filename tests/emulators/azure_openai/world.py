"""A small account with a clock that the test moves, and plain HTTP to it."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import requests

from emulators.azure_openai.config import EmulatorConfig, Pace
from emulators.azure_openai.server import AzureOpenAIEmulator

START = datetime(2026, 11, 24, 12, tzinfo=UTC)
PACE = Pace(
    mode="timed",
    file_processing=timedelta(seconds=20),
    queue=timedelta(minutes=10),
    training=timedelta(minutes=100),
    postprocessing=timedelta(minutes=20),
    pausing=timedelta(minutes=5),
    deployment=timedelta(minutes=3),
)


def dataset(count: int = 10) -> bytes:
    """Return a training set of so many examples."""
    lines = (
        {"messages": [{"role": "user", "content": f"Question {n}?"}, {"role": "assistant", "content": f"Answer {n}."}]}
        for n in range(count)
    )
    return "".join(json.dumps(line) + "\n" for line in lines).encode()


class World:
    """An emulated account, its clock, and plain HTTP to it."""

    def __init__(self) -> None:
        self.at = START
        self.emulator = AzureOpenAIEmulator()

    def now(self) -> datetime:
        """Return the virtual time."""
        return self.at

    def wait(self, **duration: float) -> None:
        """Let time go by."""
        self.at += timedelta(**duration)

    def ask(self, method: str, path: str, **content: object) -> requests.Response:
        """Ask the v1 API."""
        headers = {"api-key": self.emulator.api_key}
        url = f"{self.emulator.url}/openai/v1{path}"
        return requests.request(method, url, headers=headers, timeout=30, **content)  # pyright: ignore[reportArgumentType]

    def upload(self, content: bytes = b"") -> str:
        """Upload a file and return its id."""
        form = {"files": {"file": ("train.jsonl", content or dataset())}, "data": {"purpose": "fine-tune"}}
        return self.ask("POST", "/files", **form).json()["id"]

    def create_job(self, file_id: str, **options: object) -> str:
        """Create a job of ten epochs and return its id."""
        body = {"model": "gpt-4.1-mini", "training_file": file_id, "trainingType": "globalStandard", **options}
        return self.ask("POST", "/fine_tuning/jobs", json=body).json()["id"]

    def job(self, job_id: str) -> dict[str, object]:
        """Return a job."""
        return self.ask("GET", f"/fine_tuning/jobs/{job_id}").json()

    def status(self, job_id: str) -> object:
        """Return the status of a job."""
        return self.job(job_id)["status"]

    def messages(self, job_id: str) -> list[str]:
        """Return what happened to a job, the oldest first."""
        events = self.ask("GET", f"/fine_tuning/jobs/{job_id}/events?limit=1000").json()["data"]
        return [event["message"] for event in reversed(events)]


type Start = Callable[[EmulatorConfig], World]
