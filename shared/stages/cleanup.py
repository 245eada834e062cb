"""Clean-up: what a run that failed leaves behind at Azure is nothing that costs or fills a quota."""

from shared.core.files import file_name_for
from shared.core.jobs import job_outcome
from shared.core.plans import Plan
from shared.core.validation import SplitName
from shared.ports import Deployments, FineTuning

SPLITS: tuple[SplitName, ...] = ("training", "validation")


def clean_up(tuning: FineTuning, deployments: Deployments, plan: Plan) -> list[str]:
    """Cancel the run's jobs, delete its deployment, delete its files; return in words what was done.

    Looks for them by their fingerprint, so that what an unanswered request has created is found as well. The order is
    that of what they cost, and jobs are found by their files.
    """
    files = [(split, file.id) for split in SPLITS for file in tuning.find_files(file_name_for(plan.run_id, split))]
    done = [words for _, file_id in files for words in _cancel_jobs(tuning, file_id)]
    found = deployments.check_deployment(plan.deployment_name)
    if found is not None and found.owned and found.run_id == plan.run_id:
        deployments.delete_deployment(plan.deployment_name)
        done.append(f"deleted the deployment {plan.deployment_name}")
    for split, file_id in files:
        tuning.delete_file(file_id)
        done.append(f"deleted the {split} file {file_id}")
    return done


def _cancel_jobs(tuning: FineTuning, training_file: str) -> list[str]:
    cancelled: list[str] = []
    for job in tuning.find_jobs(training_file):
        if job_outcome(job.status) == "wait":
            tuning.cancel_job(job.id)
            cancelled.append(f"cancelled the job {job.id}")
    return cancelled
