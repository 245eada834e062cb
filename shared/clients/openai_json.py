"""Translates between Azure OpenAI's JSON and the product's types; tolerates what is missing, null or new in answers."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from shared.clients.http_answers import safe_words
from shared.core.files import FileSnapshot
from shared.core.jobs import JobSnapshot, TrainingMetrics
from shared.core.plans import Plan
from shared.core.verification import ChatAnswer

# The service writes "the choice is mine" as -1, OpenAI's schema as "auto".
AUTO = "auto"
# Every count and time here is far smaller, and a float holds whole numbers exactly up to nine times this.
_LARGEST = 10**15

type Json = Mapping[str, Any]


def file_from(answer: Json) -> FileSnapshot:
    """Return a file; `status_details` is deprecated, and the only place that says why a file was refused."""
    return FileSnapshot(
        id=_text(answer, "id"),
        filename=_text(answer, "filename"),
        status=_text(answer, "status"),
        detail=safe_words(_text(answer, "status_details")),
    )


def job_from(answer: Json, events: Sequence[Json] = ()) -> JobSnapshot:
    """Return a fine-tuning job with its last event and its last metrics; `events` as the service lists them."""
    # Newest first is how they come, and how those of one second stay.
    newest_first = sorted(events, key=created_order, reverse=True)
    chosen, error = _hyperparameters(answer), _object(answer, "error")
    results = answer.get("result_files") or [""]
    return JobSnapshot(
        id=_text(answer, "id"),
        status=_text(answer, "status"),
        created_at=_moment(answer, "created_at"),
        finished_at=_moment(answer, "finished_at"),
        estimated_finish=_moment(answer, "estimated_finish"),
        fine_tuned_model=_text(answer, "fine_tuned_model"),
        trained_tokens=_integer(answer, "trained_tokens"),
        seed=_integer(answer, "seed"),
        n_epochs=_choice(chosen, "n_epochs"),
        batch_size=_choice(chosen, "batch_size"),
        learning_rate_multiplier=_multiplier(chosen),
        result_file=results[0] if isinstance(results[0], str) else "",
        error_code=_text(error, "code"),
        error_message=safe_words(_text(error, "message")),
        last_event=safe_words(_text(newest_first[0], "message")) if newest_first else "",
        metrics=next((point for event in newest_first if (point := metrics_from(event))), None),
    )


def metrics_from(event: Json) -> TrainingMetrics | None:
    """Return the point of the loss curve that an event carries, None when it carries none."""
    data = _object(event, "data")
    step = _integer(data, "step")
    if step is None:
        return None
    return TrainingMetrics(
        step=step,
        train_loss=_number(data, "train_loss"),
        train_mean_token_accuracy=_number(data, "train_mean_token_accuracy"),
        valid_loss=_number(data, "valid_loss"),
        valid_mean_token_accuracy=_number(data, "valid_mean_token_accuracy"),
    )


def chat_answer_from(answer: Json) -> ChatAnswer:
    """Return what a deployment answered; without any choice the text and the finish reason are ""."""
    choices = answer.get("choices") or [{}]
    first = choices[0] if isinstance(choices[0], Mapping) else {}
    reason = _text(first, "finish_reason")
    return ChatAnswer(
        text=_text(_object(first, "message"), "content"),
        finish_reason=reason,
        model=_text(answer, "model"),
        filtered=reason == "content_filter",
        completion_tokens=_integer(_object(answer, "usage"), "completion_tokens") or 0,
    )


def created_order(answer: Json) -> float:
    """Return the key that sorts files and jobs from the oldest to the newest."""
    return _number(answer, "created_at") or 0


def job_request(plan: Plan, training_file: str, validation_file: str) -> dict[str, Any]:
    """Return the arguments of `fine_tuning.jobs.create`; what the plan leaves to the service is left out.

    `trainingType` is in no published schema, yet Microsoft's samples send it and an omitted one means Standard.
    """
    values = {
        name: value
        for name in ("n_epochs", "batch_size", "learning_rate_multiplier", *(["beta"] if plan.method == "dpo" else []))
        if (value := getattr(plan.hyperparameters, name)) is not None
    }
    # v1 has deprecated the top-level `hyperparameters`.
    method: dict[str, Any] = {"type": plan.method, plan.method: {"hyperparameters": values}}
    request = {"model": plan.base_model, "training_file": training_file, "method": method, "seed": plan.seed}
    optional = {"validation_file": validation_file, "suffix": plan.suffix}
    return {
        **request,
        **{name: value for name, value in optional.items() if value},
        "extra_body": {"trainingType": plan.training_type},
    }


def _hyperparameters(answer: Json) -> Json:
    """Return what the job trains with: Azure resolves it at the top level, OpenAI's schema keeps it under `method`."""
    method = _object(answer, "method")
    nested = _object(_object(method, _text(method, "type")), "hyperparameters")
    top = {name: value for name, value in _object(answer, "hyperparameters").items() if value is not None}
    return {**nested, **top}


def _choice(values: Json, name: str) -> int | str | None:
    number = _integer(values, name)
    if number is None:
        return AUTO if values.get(name) == AUTO else None
    return AUTO if number == -1 else number


def _multiplier(values: Json) -> float | str | None:
    number = _number(values, "learning_rate_multiplier")
    if number is None:
        return AUTO if values.get("learning_rate_multiplier") == AUTO else None
    return AUTO if number == -1 else number


def _object(answer: Json, name: str) -> Json:
    value = answer.get(name)
    return value if isinstance(value, Mapping) else {}


def _text(answer: Json, name: str) -> str:
    value = answer.get(name)
    return value if isinstance(value, str) else ""


def _number(answer: Json, name: str) -> float | None:
    value = answer.get(name)
    # bool is an int in Python. A loss that has blown up comes as NaN, which no comparison holds for.
    if isinstance(value, bool) or not isinstance(value, int | float) or not -_LARGEST < value < _LARGEST:
        return None
    return float(value)


def _integer(answer: Json, name: str) -> int | None:
    number = _number(answer, name)
    return None if number is None else int(number)


def _moment(answer: Json, name: str) -> datetime | None:
    """Return a time given in seconds since 1970; 0 or an impossible one counts as not given."""
    seconds = _number(answer, name)
    try:
        return datetime.fromtimestamp(seconds, UTC) if seconds else None
    except (OverflowError, ValueError, OSError):
        return None
