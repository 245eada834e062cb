"""Azure OpenAI's JSON, as recorded and as documented, becomes the product's types."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from shared.clients.openai_json import chat_answer_from, file_from, job_from, job_request, metrics_from
from shared.core.files import FileSnapshot
from shared.core.jobs import JobSnapshot, TrainingMetrics
from shared.core.plans import Blob, Hyperparameters, Plan
from shared.core.verification import ChatAnswer

CREATED: dict[str, Any] = {
    "id": "ftjob-3c27f78ad2c141719573c550300bb791",
    "created_at": 1765377628,
    "hyperparameters": {"batch_size": -1, "learning_rate_multiplier": 0.1, "n_epochs": -1},
    "model": "gpt-4.1-nano-2025-04-14",
    "object": "fine_tuning.job",
    "seed": 1003399446,
    "status": "pending",
    "training_file": "file-1",
    "estimated_finish": 1765471227,
    "suffix": "lighthouse",
    "trainingType": "developerTier",
}
PLAN = Plan(
    run_id="demo-0123456789ab",
    training=Blob(container="datasets", path="demo/training_set.jsonl", etag='"1"', size=10),
    base_model="gpt-4o-mini-2024-07-18",
    method="supervised",
    seed=7,
    suffix="lighthouse",
    hyperparameters=Hyperparameters(n_epochs=3, beta=0.2),
    training_type="GlobalStandard",
    deployment_name="demo",
    sku="GlobalStandard",
    capacity=10,
)


def test_a_created_job() -> None:
    """Azure's -1 is "auto", times are aware, and what the job does not have yet is empty."""
    assert job_from(CREATED) == JobSnapshot(
        id="ftjob-3c27f78ad2c141719573c550300bb791",
        status="pending",
        created_at=datetime(2025, 12, 10, 14, 40, 28, tzinfo=UTC),
        estimated_finish=datetime(2025, 12, 11, 16, 40, 27, tzinfo=UTC),
        seed=1003399446,
        n_epochs="auto",
        batch_size="auto",
        learning_rate_multiplier=0.1,
    )


def test_a_finished_job_with_its_events() -> None:
    """The newest event's words and the newest metrics come from one page, metrics of their own even when older."""
    finished = CREATED | {
        "status": "succeeded",
        "fine_tuned_model": "gpt-4.1-nano-2025-04-14.ft-70ee-lighthouse",
        "finished_at": 1765380000,
        "result_files": ["file-results"],
        "trained_tokens": 129488088,
        "hyperparameters": {"batch_size": 4, "learning_rate_multiplier": 2, "n_epochs": 3},
    }
    events = [
        {"created_at": 50, "type": "message", "message": "Training tokens billed: 7223000"},
        {"created_at": 50, "type": "message", "message": "Job succeeded."},
        {"created_at": 40, "type": "metrics", "message": "Step 20", "data": {"step": 20, "train_loss": 0.5}},
        {"created_at": 30, "type": "metrics", "message": "Step 10", "data": {"step": 10, "train_loss": 0.9}},
    ]
    job = job_from(finished, events)
    assert job.fine_tuned_model == "gpt-4.1-nano-2025-04-14.ft-70ee-lighthouse"
    assert (job.result_file, job.trained_tokens) == ("file-results", 129488088)
    assert (job.n_epochs, job.batch_size, job.learning_rate_multiplier) == (3, 4, 2.0)
    assert job.last_event == "Training tokens billed: 7223000"
    assert job.metrics == TrainingMetrics(step=20, train_loss=0.5)


def test_events_in_the_other_order_say_the_same() -> None:
    """The newest event is found by its time wherever it stands."""
    events = [{"created_at": 1, "message": "Job started."}, {"created_at": 2, "message": "Job succeeded."}]
    assert job_from(CREATED, events).last_event == "Job succeeded."


def test_a_job_of_nulls_and_surprises() -> None:
    """Explicit nulls, unknown states and impossible values neither fail nor become facts."""
    odd = {
        "id": "ftjob-1",
        "status": "hibernating",
        "created_at": 1e300,
        "finished_at": None,
        "error": None,
        "result_files": None,
        "hyperparameters": None,
        "fine_tuned_model": None,
        "trained_tokens": True,
        "method": {"type": "dpo", "dpo": {"hyperparameters": {"n_epochs": "auto", "beta": 0.1}}},
    }
    assert job_from(odd, [{"created_at": None, "message": None, "data": "?"}]) == JobSnapshot(
        id="ftjob-1", status="hibernating", n_epochs="auto"
    )


def test_a_failed_job_says_why() -> None:
    """The service's code is kept verbatim and its message to 500 characters."""
    job = job_from(CREATED | {"status": "failed", "error": {"code": "contentFilter", "message": "y" * 900}})
    assert (job.error_code, len(job.error_message)) == ("contentFilter", 500)


def test_metrics_leave_out_what_was_not_measured() -> None:
    """A step comes as 100.0, a value may be absent, null or NaN; an event without a step has no metrics."""
    data = {"step": 100.0, "train_loss": float("nan"), "valid_loss": None, "train_mean_token_accuracy": 1}
    assert metrics_from({"data": data}) == TrainingMetrics(step=100, train_mean_token_accuracy=1.0)
    assert metrics_from({"data": {}}) is None
    assert metrics_from({"data": {"step": 10**400}}) is None


def test_a_refused_file_says_why() -> None:
    """The only words about a bad file are in a deprecated field, and they are kept."""
    answer = {"id": "file-1", "filename": "a.jsonl", "status": "error", "status_details": "No valid json line found."}
    assert file_from(answer) == FileSnapshot(
        id="file-1", filename="a.jsonl", status="error", detail="No valid json line found."
    )


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (
            {
                "model": "m",
                "choices": [{"finish_reason": "stop", "message": {"content": "Aye."}}],
                "usage": {"completion_tokens": 3},
            },
            ChatAnswer(text="Aye.", finish_reason="stop", model="m", completion_tokens=3),
        ),
        (
            {"model": "m", "choices": [{"finish_reason": "content_filter", "message": {"content": None}}]},
            ChatAnswer(text="", finish_reason="content_filter", model="m", filtered=True),
        ),
        ({"model": None, "choices": [], "usage": None}, ChatAnswer(text="", finish_reason="", model="")),
        ({"choices": [{"finish_reason": None}]}, ChatAnswer(text="", finish_reason="", model="")),
    ],
    ids=["an answer", "a filtered answer", "no choice", "no reason"],
)
def test_a_chat_answer(answer: dict[str, Any], expected: ChatAnswer) -> None:
    """Text and reason are kept verbatim; null and missing are empty."""
    assert chat_answer_from(answer) == expected


def test_a_supervised_job_request() -> None:
    """Hyperparameters lie under the method, unset ones and DPO's beta are left out, trainingType goes along."""
    assert job_request(PLAN, "file-1", "") == {
        "model": "gpt-4o-mini-2024-07-18",
        "training_file": "file-1",
        "method": {"type": "supervised", "supervised": {"hyperparameters": {"n_epochs": 3}}},
        "seed": 7,
        "suffix": "lighthouse",
        "extra_body": {"trainingType": "GlobalStandard"},
    }


def test_a_dpo_job_request() -> None:
    """DPO takes beta as well; a validation file goes along, and an empty suffix does not."""
    plan = msgspec.structs.replace(PLAN, method="dpo", suffix="")
    assert job_request(plan, "file-1", "file-2") == {
        "model": "gpt-4o-mini-2024-07-18",
        "training_file": "file-1",
        "validation_file": "file-2",
        "method": {"type": "dpo", "dpo": {"hyperparameters": {"n_epochs": 3, "beta": 0.2}}},
        "seed": 7,
        "extra_body": {"trainingType": "GlobalStandard"},
    }
