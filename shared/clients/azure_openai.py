"""The FineTuning port on the openai SDK: Azure's v1 API, and the dated API for what v1 lacks (chunked Uploads)."""

import logging
import tempfile
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any

from shared.clients import openai_json
from shared.clients.credentials import token_provider
from shared.clients.openai_errors import SERVICE, is_filtered, openai_errors, unreadable
from shared.clients.openai_uploads import MIME_TYPE, PART_BYTES, upload_in_parts
from shared.core.files import FileSnapshot
from shared.core.jobs import JobSnapshot, job_outcome
from shared.core.plans import Blob, Plan
from shared.core.verification import ChatAnswer
from shared.errors import Conflict, NotFound, RequestRefused, ServiceError
from shared.settings import Settings

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential
    from openai import AzureOpenAI, OpenAI

# The service accepts a larger file in one request as well, but from about 150 MB on the job that trains on it fails
# with a 500 (Microsoft's fine-tuning guidance); 100 MB stay clear of that.
CHUNKED_FROM_BYTES = 100_000_000
# One request: no call here takes longer than a generated answer or the storing of a file does.
TIMEOUT_SECONDS = 120.0
CONNECT_SECONDS = 10.0
# Reads are repeated by the SDK within seconds; what creates or answers is repeated by the stage, which looks first.
READ_RETRIES = 2
JOBS_PER_PAGE = 100
# Enough for the six or so messages that follow a job's last metrics.
EVENTS_PER_CHECK = 50

_log = logging.getLogger(__name__)


class OpenAIFineTuning:
    """Azure OpenAI's data plane, by key where one is configured, else by `credential`."""

    def __init__(
        self,
        settings: Settings,
        credential: "TokenCredential",
        *,
        chunked_from_bytes: int = CHUNKED_FROM_BYTES,
        part_bytes: int = PART_BYTES,
    ) -> None:
        self._settings = settings
        self._token = token_provider(credential, settings.openai_token_scope, SERVICE)
        self._chunked_from_bytes = chunked_from_bytes
        self._part_bytes = part_bytes

    def find_files(self, filename: str) -> list[FileSnapshot]:
        """Return the fine-tune files of that name, oldest first, deleted ones left out."""
        found = self._all("find_files", lambda: self._v1.files.list(purpose="fine-tune"))
        ours = [item for item in found if item.get("filename") == filename and item.get("purpose") == "fine-tune"]
        files = [openai_json.file_from(item) for item in sorted(ours, key=openai_json.created_order)]
        return [file for file in files if file.status not in ("deleted", "deleting")]

    def create_file(self, filename: str, blob: Blob, chunks: Iterator[bytes]) -> FileSnapshot:
        """Upload a dataset under `filename`, in constant memory; through chunked Uploads from 100 MB on.

        The request that creates the file is sent once: a lost answer may hide a file.
        """
        if blob.size >= self._chunked_from_bytes:
            return openai_json.file_from(
                self._ask(
                    "create_file",
                    lambda: upload_in_parts(self._dated, filename, blob.size, chunks, self._part_bytes),
                )
            )
        # The request's length must be known before its first byte: the disk holds what memory should not.
        with tempfile.TemporaryFile() as spool:
            for chunk in chunks:
                spool.write(chunk)
            spool.seek(0)
            content = (filename, spool, MIME_TYPE)
            answer = self._ask("create_file", lambda: self._once.files.create(file=content, purpose="fine-tune"))
        return openai_json.file_from(answer)

    def check_file(self, file_id: str) -> FileSnapshot:
        """Return a file as the service describes it now."""
        return openai_json.file_from(self._ask("check_file", lambda: self._v1.files.retrieve(file_id)))

    def delete_file(self, file_id: str) -> None:
        """Delete a file; absent is as good as deleted."""
        try:
            with self._errors("delete_file"):
                self._v1.files.delete(file_id)
        except NotFound:
            return

    def find_jobs(self, training_file: str) -> list[JobSnapshot]:
        """Return the jobs trained on that file, oldest first."""
        found = self._all("find_jobs", lambda: self._v1.fine_tuning.jobs.list(limit=JOBS_PER_PAGE))
        # The list is newest first, and the sort keeps the order of what was created within one second.
        ours = [item for item in reversed(found) if item.get("training_file") == training_file]
        return [openai_json.job_from(item) for item in sorted(ours, key=openai_json.created_order)]

    def create_job(self, plan: Plan, *, training_file: str, validation_file: str) -> JobSnapshot:
        """Create a fine-tuning job, without any retry: a lost answer may hide a job that is paid for."""
        request = openai_json.job_request(plan, training_file, validation_file)
        return openai_json.job_from(self._ask("create_job", lambda: self._once.fine_tuning.jobs.create(**request)))

    def check_job(self, job_id: str) -> JobSnapshot:
        """Return a job with its last event and its last metrics, as far as the newest page of its events tells them."""
        job = self._ask("check_job", lambda: self._v1.fine_tuning.jobs.retrieve(job_id))
        return openai_json.job_from(job, self._events(job_id))

    def cancel_job(self, job_id: str) -> None:
        """Ask the service to cancel a job; one that has ended, or is unknown, is left as it is."""
        try:
            with self._errors("cancel_job"):
                self._once.fine_tuning.jobs.cancel(job_id)
        except NotFound:
            return
        except (Conflict, RequestRefused):
            # How the service says that a job has ended is not documented; the job's own status is.
            job = openai_json.job_from(self._ask("check_job", lambda: self._v1.fine_tuning.jobs.retrieve(job_id)))
            if job_outcome(job.status) == "wait":
                raise

    def read_results(self, file_id: str) -> bytes:
        """Return a job's results.csv."""
        with self._errors("read_results"):
            return self._v1.files.content(file_id).read()

    def chat(self, deployment: str, messages: list[dict[str, str]], *, max_tokens: int) -> ChatAnswer:
        """Return what a deployment answers at temperature 0; a filtered prompt is an answer with `filtered` set.

        Raises:
            NotFound: the data plane does not know the deployment (yet).
            TooManyRequests: with `retry_after` where the service gives one.
        """
        from openai import BadRequestError

        def ask() -> Any:
            # v1 has deprecated `max_tokens`, which the o-series refuses; every model takes `max_completion_tokens`.
            conversation: Any = messages
            return self._once.chat.completions.create(
                model=deployment, messages=conversation, temperature=0, max_completion_tokens=max_tokens
            )

        with self._errors("chat"):
            try:
                answer = ask()
            except BadRequestError as error:
                if not is_filtered(error):
                    raise
                return ChatAnswer(text="", finish_reason="content_filter", model="", filtered=True)
        return openai_json.chat_answer_from(_plain(answer, "chat"))

    def _events(self, job_id: str) -> list[dict[str, Any]]:
        try:
            with self._errors("check_job"):
                page = self._v1.fine_tuning.jobs.list_events(job_id, limit=EVENTS_PER_CHECK)
                return [_plain(event, "check_job") for event in page.data or []]
        except ServiceError as error:
            # Events adorn a status that is known already: the next check brings them.
            _log.warning("events of job %s are left out: %s", job_id, error)
            return []

    @cached_property
    def _v1(self) -> "OpenAI":
        from openai import OpenAI, Timeout

        return OpenAI(
            base_url=f"{self._settings.openai_endpoint}/openai/v1/",
            api_key=self._settings.openai_api_key or self._token,
            timeout=Timeout(TIMEOUT_SECONDS, connect=CONNECT_SECONDS),
            max_retries=READ_RETRIES,
        )

    @cached_property
    def _once(self) -> "OpenAI":
        return self._v1.with_options(max_retries=0)

    @cached_property
    def _dated(self) -> "AzureOpenAI":
        from openai import AzureOpenAI, Timeout

        key = self._settings.openai_api_key
        return AzureOpenAI(
            azure_endpoint=self._settings.openai_endpoint,
            api_version=self._settings.openai_dated_api_version,
            api_key=key or None,
            azure_ad_token_provider=None if key else self._token,
            timeout=Timeout(TIMEOUT_SECONDS, connect=CONNECT_SECONDS),
            max_retries=READ_RETRIES,
        )

    def _errors(self, operation: str) -> Any:
        return openai_errors(operation, self._settings.openai_api_key)

    def _ask(self, operation: str, request: Callable[[], Any]) -> dict[str, Any]:
        with self._errors(operation):
            return _plain(request(), operation)

    def _all(self, operation: str, first_page: Callable[[], Any]) -> list[dict[str, Any]]:
        """Return the items of all pages; a page without anything new ends a list that ignores `after`."""
        items: dict[str, dict[str, Any]] = {}
        with self._errors(operation):
            page = first_page()
            while True:
                known = len(items)
                entries = [_plain(entry, operation) for entry in page.data or []]
                items.update({str(entry.get("id")): entry for entry in entries})
                if len(items) == known or not page.has_next_page():
                    return list(items.values())
                page = page.get_next_page()


def _plain(answer: Any, operation: str) -> dict[str, Any]:
    """Return an SDK object as JSON values: its types describe OpenAI's service, from which Azure's departs."""
    from openai import BaseModel

    # The SDK hands out text when an answer is not JSON, such as a gateway's page with status 200.
    if not isinstance(answer, BaseModel):
        raise unreadable(operation)
    return answer.to_dict(warnings=False)
