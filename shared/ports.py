"""What the stages need of the world: one Protocol a service, implemented by `clients` and by the tests' fakes.

Every method may raise a `ServiceError` of `shared.errors`; only the ones that a caller acts on are named below.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol

from shared.core.deployments import DeploymentSnapshot
from shared.core.files import FileSnapshot
from shared.core.jobs import JobSnapshot
from shared.core.plans import Blob, Plan
from shared.core.verification import ChatAnswer


class BlobStore(Protocol):
    """The storage account of datasets, reports and the product's private state."""

    def look(self, container: str, path: str) -> Blob | None:
        """Return the current version of a blob, or None when there is none."""
        ...

    def read(self, container: str, path: str) -> bytes | None:
        """Return a small blob's bytes, or None when there is none."""
        ...

    def stream(self, blob: Blob) -> Iterator[bytes]:
        """Yield the pinned version's bytes in chunks of a few MiB, in constant memory.

        Raises:
            BlobChanged: when the blob is no longer that version.
            NotFound: when it is gone.
        """
        ...

    def write(self, container: str, path: str, data: bytes, *, content_type: str = "application/json") -> Blob:
        """Write a small blob, replacing what was there."""
        ...

    def create(self, container: str, path: str, data: bytes) -> bool:
        """Write a small blob only if there is none; tell whether this call did it."""
        ...

    def replace(self, blob: Blob, data: bytes) -> bool:
        """Write over exactly this version of a blob; False when another writer was faster."""
        ...

    def write_stream(self, container: str, path: str, chunks: Iterable[bytes]) -> Blob:
        """Write a blob of any size from chunks, in constant memory, replacing what was there."""
        ...

    def delete(self, container: str, path: str) -> None:
        """Delete a blob; absent is as good as deleted."""
        ...

    def tag(self, blob: Blob, tags: Mapping[str, str]) -> bool:
        """Merge index tags onto a blob, its ETag untouched; False where the account has no tags or the blob is gone."""
        ...


class FineTuning(Protocol):
    """Azure OpenAI's data plane: files, fine-tuning jobs, chat."""

    def find_files(self, filename: str) -> list[FileSnapshot]:
        """Return the fine-tune files of that name, oldest first, deleted ones left out."""
        ...

    def create_file(self, filename: str, blob: Blob, chunks: Iterator[bytes]) -> FileSnapshot:
        """Upload a dataset under `filename`, in constant memory; through chunked Uploads from 100 MB on."""
        ...

    def check_file(self, file_id: str) -> FileSnapshot:
        """Return a file as the service describes it now."""
        ...

    def delete_file(self, file_id: str) -> None:
        """Delete a file; absent is as good as deleted."""
        ...

    def find_jobs(self, training_file: str) -> list[JobSnapshot]:
        """Return the jobs trained on that file, oldest first."""
        ...

    def create_job(self, plan: Plan, *, training_file: str, validation_file: str) -> JobSnapshot:
        """Create a fine-tuning job, without any retry: a lost answer may hide a job that is paid for."""
        ...

    def check_job(self, job_id: str) -> JobSnapshot:
        """Return a job with its last event and its last metrics."""
        ...

    def cancel_job(self, job_id: str) -> None:
        """Ask the service to cancel a job; one that has ended is left as it is."""
        ...

    def read_results(self, file_id: str) -> bytes:
        """Return a job's results.csv."""
        ...

    def chat(self, deployment: str, messages: list[dict[str, str]], *, max_tokens: int) -> ChatAnswer:
        """Return what a deployment answers at temperature 0; a filtered prompt is an answer with `filtered` set.

        Raises:
            NotFound: the data plane does not know the deployment (yet).
            TooManyRequests: with `retry_after` where the service gives one.
        """
        ...


class Deployments(Protocol):
    """The account's deployments, through ARM."""

    def check_deployment(self, name: str) -> DeploymentSnapshot | None:
        """Return a deployment, or None when there is none of that name."""
        ...

    def create_deployment(self, plan: Plan, model: str) -> DeploymentSnapshot:
        """Create or update the plan's deployment for `model`, fingerprint in its tags; the caller has looked."""
        ...

    def delete_deployment(self, name: str) -> None:
        """Delete a deployment; absent is as good as deleted. The caller has made sure that it is ours."""
        ...


class TokenCounter(Protocol):
    """Exact token counts of one encoding."""

    @property
    def encoding(self) -> str:
        """Return the name of the encoding, such as o200k_base."""
        ...

    def count(self, text: str) -> int:
        """Return how many tokens `text` is, special-token text as ordinary text; never fails, linear in its length."""
        ...
