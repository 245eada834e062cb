"""Why a run ended, as data: a stable code, a sentence, and what to do about it."""

from msgspec import Struct

from shared.errors import (
    Conflict,
    NotFound,
    PermissionDenied,
    RequestRefused,
    ServiceError,
    ServiceUnavailable,
    SettingsError,
    TooManyRequests,
)


class Failure(Struct, frozen=True, kw_only=True):
    """Why a run ended; never holds prompt text or secrets."""

    code: str
    message: str
    remedy: str
    # What the service said, word for word, where it said something.
    detail: str = ""


# Every code that can end a run, with its remedy. Codes are stable; sentences may improve.
REMEDIES: dict[str, str] = {
    "answer-empty": "Look at the answers in report.html; the training examples may teach empty answers.",
    "answer-filtered": "Look at the questions in report.html: the content filter stopped one, or its answer.",
    "answer-from-another-model": "Another model answered under this deployment's name: look who changed it.",
    "answer-truncated": "The model did not end its answer: check that the training answers end, or ask for less.",
    "answer-unfinished": "The model ended its answer in an unexpected way: see the finish reason in report.html.",
    "bound-exceeded": "Ask for less in the options file, or have an operator raise the setting that is named.",
    "conflict": "Another operation kept the resource busy: drop the dataset again when it has ended.",
    "dataset-changed": "Nothing to do: the newer version of the dataset has a run of its own.",
    "dataset-invalid": "Mend the lines named in the report and drop the dataset again.",
    "dataset-missing": "The dataset was deleted before it could be used: drop it again.",
    "deployment-failed": "See what the service said; deploy by hand, or drop the dataset again.",
    "deployment-name-taken": "Choose another deployment.name in the options file, or leave it out.",
    "deployment-refused": "See what the service said; quota and SKU are the usual causes.",
    "deployment-silent": "The deployment never answered and was deleted: drop the dataset again, or ask Azure support.",
    "empty-dataset": "The dataset has no bytes: drop it again with at least 10 examples.",
    "expected-phrase-missing": "Look at the answers in report.html: more examples or epochs may teach the phrase.",
    "file-refused": "See what the service said about the file, mend the dataset and drop it again.",
    "job-cancelled": "Somebody cancelled the fine-tuning job: drop the dataset again to train anew.",
    "job-failed": "See what the service said; mend the dataset and drop it again. Failed jobs are not billed.",
    "job-refused": "See what the service said: model, region, training type and quota are the usual causes.",
    "not-found": "Something that the run needs is gone: see the message.",
    "options-invalid": "Mend the options at the path that the message names and drop the dataset again.",
    "permission-denied": "Give the app's identity the role Cognitive Services OpenAI Contributor on the account and "
    "Storage Blob Data Contributor on the storage account; a new role takes ten minutes to act.",
    "service-refused": "See what the service said.",
    "settings-invalid": "Have an operator set the settings that are named, then drop the dataset again.",
    "service-silent": "The service did not answer for long: see its status page, then drop the dataset again.",
    "service-unavailable": "The service failed again and again: see its status page, then drop the dataset again.",
    "timed-out": "It took longer than the deadline in the settings: see what the run was waiting for.",
    "too-many-requests": "The service kept asking to slow down: raise the capacity or ask for quota.",
    "unexpected-error": "This is a defect of the product: please report it with the run's id.",
    "validation-set-changed": "The validation file is not the one that the run had pinned any more: drop the training "
    "file again when both are complete.",
    "verification-not-possible": "Give verification.questions in the options, or a validation set with user messages.",
}

# By the name of the exception's class, since that is what a task's failure keeps across the durable boundary.
_CODES_BY_ERROR = {
    **{kind.__name__: kind.code for kind in (Conflict, NotFound, PermissionDenied, ServiceUnavailable)},
    TooManyRequests.__name__: TooManyRequests.code,
    RequestRefused.__name__: "service-refused",
    SettingsError.__name__: SettingsError.code,
}


def failure(code: str, message: str, *, detail: str = "") -> Failure:
    """Return the failure of that code with its remedy."""
    return Failure(code=code, message=message, remedy=REMEDIES[code], detail=detail)


def refusal(code: str, what: str, error: ServiceError) -> Failure:
    """Return a failure for what a service refused, with its own words."""
    said = f"{error.service_code}: {error.said}".strip(": ")
    return failure(code, f"{what} was refused by the service (HTTP {error.status}).", detail=said)


def failure_of_task(error_type: str, message: str) -> Failure:
    """Return the failure that stands for an activity that kept raising, by its exception's class."""
    name = error_type.rpartition(".")[2]
    code = _CODES_BY_ERROR.get(name)
    if code is None:
        # Another exception's text is not ours to vouch for: it may quote a prompt.
        safe = message if name == "UnexpectedError" else ""
        return failure("unexpected-error", f"An activity failed with {name}.", detail=safe)
    if name == SettingsError.__name__:
        return failure(code, "The app's settings are incomplete or contradictory.", detail=message)
    return failure(code, "A service kept failing after all retries.", detail=message)
