"""Upload: each split of the dataset becomes one file at Azure OpenAI, under a name that carries the run."""

from shared.core.failures import failure, refusal
from shared.core.files import file_name_for, file_outcome
from shared.core.plans import Plan
from shared.core.polling import CheckResult
from shared.core.validation import SplitName
from shared.errors import BlobChanged, NotFound, RequestRefused
from shared.ports import BlobStore, FineTuning
from shared.stages.parts import lost_part


def upload_file(blobs: BlobStore, tuning: FineTuning, plan: Plan, split: SplitName) -> CheckResult:
    """Upload one split, or adopt the file that an earlier try of this run has uploaded."""
    name = file_name_for(plan.run_id, split)
    for file in tuning.find_files(name):
        if file_outcome(file.status) != "failed":
            return CheckResult(done=True, file=file)
    blob = plan.training if split == "training" else plan.validation
    assert blob is not None, "only splits that the plan has are uploaded"  # noqa: S101 - the orchestrator asks for these
    try:
        return CheckResult(done=True, file=tuning.create_file(name, blob, blobs.stream(blob)))
    except RequestRefused as error:
        return CheckResult(failure=refusal("file-refused", f"The {split} file", error))
    except (BlobChanged, NotFound) as error:
        if error.service != "storage":
            raise
        return CheckResult(failure=lost_part(blobs, plan))


def check_file(tuning: FineTuning, file_id: str, split: SplitName) -> CheckResult:
    """Tell whether a file is ready for training."""
    file = tuning.check_file(file_id)
    outcome = file_outcome(file.status)
    if outcome == "failed":
        message = f"The service could not use the {split} file: its status is {file.status}."
        return CheckResult(failure=failure("file-refused", message, detail=file.detail))
    return CheckResult(done=outcome == "processed", file=file, waiting_for=f"the {split} file ({file.status})")
