"""Clean-up: what a run that failed leaves behind at Azure is nothing that costs or fills a quota."""

from collections.abc import Callable

from msgspec import Struct

from shared.core.files import file_name_for
from shared.core.jobs import job_outcome
from shared.core.plans import Plan
from shared.core.polling import CheckResult
from shared.core.validation import SplitName
from shared.errors import ServiceError
from shared.ports import Deployments, FineTuning

SPLITS: tuple[SplitName, ...] = ("training", "validation")


class CleanUp(Struct, frozen=True, kw_only=True):
    """What was undone and what is left, in words."""

    done: list[str] = []
    left: list[str] = []


def clean_up(tuning: FineTuning, deployments: Deployments, plan: Plan) -> CleanUp:
    """Cancel the run's jobs, delete its deployment, delete its files; what cannot be undone now does not stop the rest.

    Looks for them by their fingerprint, so that what an unanswered request has created is found as well. The order is
    that of what they cost, and jobs are found by their files.
    """
    done: list[str] = []
    left: list[str] = []

    def undo(action: Callable[[str], None], what: str, name: str) -> None:
        try:
            action(name)
            done.append(f"{what} {name}")
        except ServiceError:
            left.append(f"{what} {name}")

    files = [(split, file.id) for split in SPLITS for file in tuning.find_files(file_name_for(plan.run_id, split))]
    for job_id in _live_jobs(tuning, [file_id for _, file_id in files]):
        undo(tuning.cancel_job, "cancel the job", job_id)
    jobs_left = bool(left)
    found = deployments.check_deployment(plan.deployment_name)
    if found is not None and found.owned and found.run_id == plan.run_id:
        undo(deployments.delete_deployment, "delete the deployment", plan.deployment_name)
    for split, file_id in files:
        if jobs_left:
            # Without its file, the next try would not find the job again.
            left.append(f"delete the {split} file {file_id}")
        else:
            undo(tuning.delete_file, f"delete the {split} file", file_id)
    return CleanUp(done=done, left=left)


def check_clean_up(tuning: FineTuning, deployments: Deployments, plan: Plan) -> CheckResult:
    """Try again to undo what is left; done once nothing is."""
    left = clean_up(tuning, deployments, plan).left
    return CheckResult(done=not left, waiting_for=f"the service to let us {', '.join(left)}")


def _live_jobs(tuning: FineTuning, files: list[str]) -> list[str]:
    jobs = [job for file_id in files for job in tuning.find_jobs(file_id)]
    return [job.id for job in jobs if job_outcome(job.status) == "wait"]
