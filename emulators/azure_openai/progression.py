"""Moves everything that takes time to where the clock says it is, in the order in which it happened."""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from emulators.azure_openai.state import deployments, lifecycle
from emulators.azure_openai.state.account import Account
from emulators.azure_openai.state.files import conclude
from emulators.azure_openai.state.records import JOB_ENDED, DeploymentRecord, FileRecord, JobRecord, UploadRecord
from emulators.azure_openai.state.slots import has_free_slot, pool_of
from emulators.azure_openai.state.uploads import close_upload

Kind = Literal["file", "job", "deployment", "upload"]
# Data checks refuse a job early in its running time.
_REFUSED_AFTER = 0.1
# A look at a running job waits this long for the first numbers of its training: enough for a small file, so that a
# virtual clock shows the steps that are due, and no burden when a big file is still being counted.
_STEPS_WAIT = timedelta(seconds=2)


@dataclass(frozen=True)
class Move:
    """The next change of one thing: when it is due, what it does, and which computation must be done first."""

    kind: Kind
    id: str
    due: datetime
    apply: Callable[[datetime], None]
    needs: Future[Any] | None = None
    # Lifetimes follow the clock even when the pace is manual.
    is_lifetime: bool = False

    def is_ready(self) -> bool:
        """Return whether nothing has to be computed any more."""
        return self.needs is None or self.needs.done()


class Progression:
    """The account's way through time; asked before each request, it does what was due since the last."""

    def __init__(self, account: Account) -> None:
        self.account = account

    def advance(self) -> list[Move]:
        """Make all changes that are due and return those that wait for a computation."""
        until = self.account.now()
        waiting: dict[str, Move] = {}
        while True:
            due = [move for move in self._moves() if move.due <= until and move.id not in waiting]
            if not self._runs_by_itself():
                due = [move for move in due if move.is_lifetime]
            if not due:
                break
            move = min(due, key=lambda candidate: candidate.due)
            if move.is_ready():
                move.apply(move.due)
            else:
                waiting[move.id] = move
        for job in self.account.jobs.values():
            lifecycle.report_until(self.account, job, until)
        return list(waiting.values())

    async def settle(self, kind: Kind | None = None) -> None:
        """Make all changes that are due; wait for computations when things of their kind are looked at.

        With a virtual clock, days go by in a moment: the look at the end must not come before the numbers exist.
        """
        waiting = self.advance()
        if kind == "job" and await _wait(self._steps_in_the_making(), _STEPS_WAIT, asyncio.ALL_COMPLETED):
            waiting = self.advance()
        patience = self.account.config.computation_wait
        while kind is not None and (needed := [move.needs for move in waiting if move.kind == kind and move.needs]):
            if not await _wait(needed, patience):
                return
            waiting = self.advance()

    def _steps_in_the_making(self) -> list[Future[Any]]:
        training = (job for job in self.account.jobs.values() if job.phase == "training" and job.status == "running")
        return [job.training for job in training if job.training is not None and not job.training.done()]

    async def step(self, kind: Kind, identifier: str) -> bool:
        """Move one thing to its next state now; return whether there was anything to move."""
        name = identifier.casefold() if kind == "deployment" else identifier
        for move in self._moves():
            if (move.kind, move.id) == (kind, name) and not move.is_lifetime:
                if move.needs is not None:
                    await _wait([move.needs], self.account.config.computation_wait)
                move.apply(self.account.now())
                return True
        return False

    def _runs_by_itself(self) -> bool:
        return self.account.config.pace.mode != "manual"

    def _moves(self) -> Iterator[Move]:
        for file in self.account.files.values():
            yield from self._file_moves(file)
        for upload in self.account.uploads.values():
            yield from self._upload_moves(upload)
        for job in self.account.jobs.values():
            yield from self._job_moves(job)
        for deployment in self.account.deployments.values():
            yield from self._deployment_moves(deployment)

    def _time(self, duration: timedelta) -> timedelta:
        return duration if self.account.config.pace.mode == "timed" else timedelta(0)

    def _file_moves(self, file: FileRecord) -> Iterator[Move]:
        half = self._time(self.account.config.pace.file_processing) / 2
        since = file.since or file.created_at
        if file.status == "pending":
            yield Move("file", file.id, since + half, lambda at: self._run_file(file, at))
        elif file.status == "running":
            yield Move("file", file.id, since + half, lambda _: self._conclude_file(file), file.inspection)
        if file.expires_at is not None:
            yield Move("file", file.id, file.expires_at, lambda _: self._expire_file(file), is_lifetime=True)

    @staticmethod
    def _run_file(file: FileRecord, at: datetime) -> None:
        file.status, file.since = "running", at

    @staticmethod
    def _conclude_file(file: FileRecord) -> None:
        if file.inspection is not None:
            conclude(file, file.inspection.result(timeout=0))

    def _expire_file(self, file: FileRecord) -> None:
        self.account.files.pop(file.id, None)
        file.path.unlink(missing_ok=True)

    @staticmethod
    def _upload_moves(upload: UploadRecord) -> Iterator[Move]:
        if upload.status == "pending":
            yield Move(
                "upload", upload.id, upload.expires_at, lambda _: close_upload(upload, "expired"), is_lifetime=True
            )

    def _job_moves(self, job: JobRecord) -> Iterator[Move]:
        if job.status in JOB_ENDED or job.since is None:
            return
        pace, account, since = self.account.config.pace, self.account, job.since
        if job.status in ("pausing", "resuming"):
            due = since + self._time(pace.pausing)
            yield Move("job", job.id, due, lambda at: lifecycle.settle_pause(account, job, at), job.training)
        elif job.phase == "queue":
            yield from self._start_moves(job)
        elif job.phase.startswith("refused"):
            due = since + lifecycle.training_time(account, job.request) * _REFUSED_AFTER
            yield Move("job", job.id, due, lambda at: lifecycle.refuse(account, job, at))
        elif job.phase == "training" and job.status == "running":
            due = since + lifecycle.training_time(account, job.request) - job.trained_for
            yield Move("job", job.id, due, lambda at: lifecycle.finish_training(account, job, at), job.training)
        elif job.phase == "postprocessing":
            due = since + self._time(pace.postprocessing)
            yield Move("job", job.id, due, lambda at: lifecycle.finish(account, job, at))

    def _start_moves(self, job: JobRecord) -> Iterator[Move]:
        pool = pool_of(job.request)
        stays = job.outcome is not None and job.outcome["result"] == "stay_pending"
        if stays or not has_free_slot(self.account, pool):
            return
        due = job.created_at + self._time(self.account.config.pace.queue)
        # A job that waited for a place starts when the place became free, not when someone looks.
        released = self.account.slot_released_at.get(pool, due)
        yield Move("job", job.id, max(due, released), lambda at: lifecycle.start(self.account, job, at))

    def _deployment_moves(self, record: DeploymentRecord) -> Iterator[Move]:
        pace, limits, name = self.account.config.pace, self.account.config.limits, record.name.casefold()
        stuck = record.outcome is not None and record.outcome["result"] == "stuck"
        if record.provisioning_state == "Creating" and not stuck:
            due = record.created_at + self._time(pace.deployment)
            yield Move("deployment", name, due, lambda at: deployments.finish_creation(self.account, record, at))
        elif record.provisioning_state == "Deleting":
            due = record.changed_at + self._time(pace.deletion)
            yield Move("deployment", name, due, lambda at: self._finish_deletion(record, at))
        if record.sku == "DeveloperTier":
            yield self._lifetime(record, record.created_at + limits.developer_lifetime)
        if record.tuned is not None and record.provisioning_state == "Succeeded":
            yield self._lifetime(record, record.last_used_at + limits.idle_lifetime)

    def _lifetime(self, record: DeploymentRecord, due: datetime) -> Move:
        def end(_: datetime) -> None:
            deployments.remove(self.account, record)

        return Move("deployment", record.name.casefold(), due, end, is_lifetime=True)

    def _finish_deletion(self, record: DeploymentRecord, at: datetime) -> None:
        deployments.remove(self.account, record)
        deployments.end_operation(self.account, record, at)


async def _wait(futures: list[Future[Any]], patience: timedelta, until: str = asyncio.FIRST_COMPLETED) -> bool:
    """Wait for the first of some computations, or for all; return whether there was one that ended in time."""
    if not futures:
        return False
    # Shielded by `wait`: a request that is given up must not cancel what others wait for too.
    waiters = [asyncio.wrap_future(future) for future in futures if not future.done()]
    if not waiters:
        return True
    for waiter in waiters:  # how a computation failed is told by the job, not by a warning about a forgotten future
        waiter.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
    done, _ = await asyncio.wait(waiters, timeout=patience.total_seconds(), return_when=until)
    return bool(done)
