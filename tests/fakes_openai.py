"""Azure OpenAI and its deployments in memory, as far as tests of the stages need them."""

from collections.abc import Iterator
from itertools import count

from msgspec.structs import replace

from shared.core.deployments import DeploymentSnapshot
from shared.core.files import FileSnapshot
from shared.core.jobs import JobSnapshot
from shared.core.plans import Blob, Plan
from shared.core.verification import ChatAnswer
from shared.errors import NotFound, ServiceError
from shared.ports import Deployments, FineTuning


class Trouble:
    """What goes wrong next: `fail(operation, error)` makes the next call of that operation raise the error."""

    def __init__(self) -> None:
        self._errors: dict[str, list[ServiceError]] = {}
        self.calls: list[str] = []

    def fail(self, operation: str, *errors: ServiceError) -> None:
        """Let the next calls of an operation raise these errors, one each."""
        self._errors.setdefault(operation, []).extend(errors)

    def called(self, operation: str) -> None:
        """Note a call, and raise what was prepared for it."""
        self.calls.append(operation)
        if self._errors.get(operation):
            raise self._errors[operation].pop(0)


class FakeFineTuning(FineTuning):
    """Azure OpenAI's data plane in memory.

    `files` and `jobs` hold what exists, by id, and `contents` the bytes of each file; a test changes a status by
    putting another snapshot there. `answers` are given one by one to chats, by deployment; a deployment without one is
    unknown.
    """

    def __init__(self) -> None:
        self.trouble = Trouble()
        self.files: dict[str, FileSnapshot] = {}
        self.contents: dict[str, bytes] = {}
        self.jobs: dict[str, JobSnapshot] = {}
        self.training_files: dict[str, str] = {}
        self.validation_files: dict[str, str] = {}
        self.answers: dict[str, list[ChatAnswer]] = {}
        self.asked: list[tuple[str, list[dict[str, str]]]] = []
        self._numbers = count(1)

    def find_files(self, filename: str) -> list[FileSnapshot]:
        """Return the fine-tune files of that name, oldest first."""
        self.trouble.called("find_files")
        return [file for file in self.files.values() if file.filename == filename]

    def create_file(self, filename: str, blob: Blob, chunks: Iterator[bytes]) -> FileSnapshot:
        """Keep a dataset's bytes; a prepared error hides a file that was made, as a lost answer does."""
        data = b"".join(chunks)
        file = FileSnapshot(id=f"file-{next(self._numbers)}", filename=filename, status="pending")
        self.files[file.id], self.contents[file.id] = file, data
        try:
            self.trouble.called("create_file")
        except ServiceError as error:
            if error.status is not None:
                del self.files[file.id]
            raise
        return file

    def check_file(self, file_id: str) -> FileSnapshot:
        """Return a file as it is now."""
        self.trouble.called("check_file")
        return self.files[file_id]

    def delete_file(self, file_id: str) -> None:
        """Delete a file; absent is as good as deleted."""
        self.trouble.called("delete_file")
        self.files.pop(file_id, None)

    def find_jobs(self, training_file: str) -> list[JobSnapshot]:
        """Return the jobs trained on that file, oldest first."""
        self.trouble.called("find_jobs")
        return [job for job in self.jobs.values() if self.training_files[job.id] == training_file]

    def create_job(self, plan: Plan, *, training_file: str, validation_file: str) -> JobSnapshot:
        """Create a job; a prepared error without a status hides a job that was made, as a lost answer does."""
        job = JobSnapshot(id=f"ftjob-{next(self._numbers)}", status="pending", seed=plan.seed)
        self.jobs[job.id], self.training_files[job.id] = job, training_file
        self.validation_files[job.id] = validation_file
        try:
            self.trouble.called("create_job")
        except ServiceError as error:
            if error.status is not None:
                del self.jobs[job.id]
            raise
        return job

    def check_job(self, job_id: str) -> JobSnapshot:
        """Return a job as it is now."""
        self.trouble.called("check_job")
        return self.jobs[job_id]

    def cancel_job(self, job_id: str) -> None:
        """Cancel a job."""
        self.trouble.called("cancel_job")
        self.jobs[job_id] = replace(self.jobs[job_id], status="cancelled")

    def read_results(self, file_id: str) -> bytes:
        """Return a results file."""
        return self.contents[file_id]

    def chat(self, deployment: str, messages: list[dict[str, str]], *, max_tokens: int) -> ChatAnswer:
        """Return the next answer that was prepared for a deployment."""
        self.asked.append((deployment, messages))
        self.trouble.called("chat")
        self.trouble.called(f"chat {deployment}")
        if not self.answers.get(deployment):
            raise NotFound("azure-openai", "chat", status=404, service_code="DeploymentNotFound")
        return self.answers[deployment].pop(0)


class FakeDeployments(Deployments):
    """The account's deployments in memory, by name; `written` and `deleted` list what was done to them."""

    def __init__(self, *existing: DeploymentSnapshot) -> None:
        self.trouble = Trouble()
        self.existing = {deployment.name: deployment for deployment in existing}
        self.written: list[str] = []
        self.deleted: list[str] = []

    def check_deployment(self, name: str) -> DeploymentSnapshot | None:
        """Return a deployment, or None when there is none of that name."""
        self.trouble.called("check_deployment")
        return self.existing.get(name)

    def create_deployment(self, plan: Plan, model: str) -> DeploymentSnapshot:
        """Create or update the plan's deployment."""
        self.trouble.called("create_deployment")
        self.written.append(plan.deployment_name)
        self.existing[plan.deployment_name] = DeploymentSnapshot(
            name=plan.deployment_name,
            model=model,
            sku=plan.sku,
            capacity=plan.capacity,
            provisioning_state="Creating",
            run_id=plan.run_id,
            owned=True,
        )
        return self.existing[plan.deployment_name]

    def delete_deployment(self, name: str) -> None:
        """Delete a deployment; absent is as good as deleted."""
        self.trouble.called("delete_deployment")
        self.deleted.append(name)
        self.existing.pop(name, None)
