"""Publication: what lies where after a run, and what never leaves the private blobs."""

from collections.abc import Mapping
from datetime import UTC, datetime

import msgspec
import pytest

from shared.core.plans import Blob, Hyperparameters, Plan
from shared.core.runs import ReportLinks, RunState
from shared.core.validation import Issue, ValidationDetail, ValidationSummary
from shared.core.verification import AnsweredQuestion, ChatAnswer, Question, VerificationRecord
from shared.errors import PermissionDenied, ServiceUnavailable
from shared.stages.publication import publish_report
from tests.fakes import FakeBlobs

NOW = datetime(2026, 8, 11, 10, 30, tzinfo=UTC)
CANARY = "canary-7f3a"
JSON_PATH = "demo/training_set.jsonl/demo-1/report.json"
HTML_PATH = "demo/training_set.jsonl/demo-1/report.html"
RESULTS = b"step,train_loss,valid_loss\n1,2.5,\n2,1.25,1.5\n"


class UntaggableBlobs(FakeBlobs):
    """An account where tagging ends in an error."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error

    def tag(self, blob: Blob, tags: Mapping[str, str]) -> bool:
        raise self.error


class TaglessBlobs(FakeBlobs):
    """An account with a hierarchical namespace, which has no index tags."""

    def tag(self, blob: Blob, tags: Mapping[str, str]) -> bool:
        return False


def drop_dataset(blobs: FakeBlobs) -> Blob:
    """Write the training blob, with text that must go nowhere."""
    return blobs.write("datasets", "demo/training_set.jsonl", f'{{"messages": ["{CANARY}"]}}'.encode())


def state_of(blob: Blob) -> RunState:
    """Return a run of that blob which has succeeded."""
    return RunState(
        run_id="demo-1",
        dataset=blob.path,
        etag=blob.etag,
        source="blob",
        requested_at=datetime(2026, 8, 11, 9, 30, tzinfo=UTC),
        status="succeeded",
        stage="publication",
    )


def plan_for(training: Blob) -> Plan:
    """Return a plan that trains on that blob."""
    return Plan(
        run_id="demo-1",
        training=training,
        base_model="gpt-4o-mini-2024-07-18",
        method="supervised",
        seed=1,
        suffix="demo",
        hyperparameters=Hyperparameters(),
        training_type="GlobalStandard",
        deployment_name="demo-1",
        sku="GlobalStandard",
        capacity=10,
    )


def publish(blobs: FakeBlobs, state: RunState, *, results: bytes | None = None) -> ReportLinks:
    """Publish into the containers of the default settings."""
    return publish_report(blobs, results, state, reports_container="reports", state_container="tunedrop", now=NOW)


def published(blobs: FakeBlobs, path: str) -> str:
    """Return the text of a part of the report."""
    data = blobs.read("reports", path)
    assert data is not None
    return data.decode()


def write_verification(blobs: FakeBlobs) -> None:
    """Write the private record of one answered question."""
    answered = AnsweredQuestion(
        question=Question(messages=[{"role": "user", "content": f"{CANARY} question"}], expected=f"{CANARY} phrase"),
        answer=ChatAnswer(text=f"{CANARY} <b>answer</b>", finish_reason="stop", model="tuned"),
        base_answer=ChatAnswer(text=f"{CANARY} base", finish_reason="stop", model="base"),
    )
    data = msgspec.json.encode(VerificationRecord(answers=[answered]))
    blobs.write("tunedrop", "runs/demo-1/verification.json", data)


def test_report_lies_beside_the_path_of_its_dataset() -> None:
    """Both parts are written where the links say, with types that a browser shows."""
    blobs = FakeBlobs()
    links = publish(blobs, state_of(drop_dataset(blobs)))
    assert links == ReportLinks(json=f"reports/{JSON_PATH}", html=f"reports/{HTML_PATH}")
    assert blobs.content_types["reports", JSON_PATH] == "application/json"
    assert blobs.content_types["reports", HTML_PATH] == "text/html; charset=utf-8"
    assert published(blobs, HTML_PATH).startswith("<!doctype html>")


def test_report_json_has_the_shape_that_readers_know() -> None:
    """Scripts read these fields by name."""
    blobs = FakeBlobs()
    publish(blobs, state_of(drop_dataset(blobs)), results=RESULTS)
    report = msgspec.json.decode(published(blobs, JSON_PATH))
    assert list(report) == ["schema", "generated_at", "run", "issues", "training", "estimate_note"]
    assert report["schema"] == 1
    assert report["generated_at"] == "2026-08-11T10:30:00Z"
    assert report["run"]["report"] == {"json": f"reports/{JSON_PATH}", "html": f"reports/{HTML_PATH}"}
    assert report["training"]["points"] == 2
    assert report["training"]["first"]["train_loss"] == 2.5
    assert report["training"]["last"]["valid_loss"] == 1.5
    assert [point["step"] for point in report["training"]["curve"]] == [1, 2]


def test_a_run_without_job_and_verification_is_reported() -> None:
    """A run that ended early leaves none of the private blobs, and is published all the same."""
    blobs = FakeBlobs()
    publish(blobs, state_of(drop_dataset(blobs)))
    report = msgspec.json.decode(published(blobs, JSON_PATH))
    assert report["issues"] == []
    assert report["training"] == {"first": None, "last": None, "points": 0, "skipped_rows": 0, "curve": []}


def test_report_lists_all_issues_of_the_validation_blob() -> None:
    """The state carries the first issues alone; the report has every one."""
    blobs = FakeBlobs()
    issues = [
        Issue(code="not-json", severity="error", split="training", line=line, message="m", remedy="r")
        for line in range(1, 41)
    ]
    summary = ValidationSummary(valid=False, encoding="o200k_base", limit_tokens=65_536, error_count=40)
    detail = ValidationDetail(summary=summary, issues=issues)
    blobs.write("tunedrop", "runs/demo-1/validation.json", msgspec.json.encode(detail))
    publish(blobs, state_of(drop_dataset(blobs)))
    report = msgspec.json.decode(published(blobs, JSON_PATH))
    assert [issue["line"] for issue in report["issues"]] == list(range(1, 41))


def test_report_json_holds_no_prompt_text() -> None:
    """Questions, answers, phrases and examples stay in private blobs and in report.html."""
    blobs = FakeBlobs()
    dropped = drop_dataset(blobs)
    write_verification(blobs)
    publish(blobs, state_of(dropped), results=RESULTS)
    assert CANARY not in published(blobs, JSON_PATH)
    page = published(blobs, HTML_PATH)
    assert f"{CANARY} question" in page
    assert f"{CANARY} &lt;b&gt;answer&lt;/b&gt;" in page
    assert f"{CANARY} base" in page
    assert '"messages"' not in page


def test_dataset_is_tagged_with_run_and_status() -> None:
    """Operators find datasets by outcome without opening a report."""
    blobs = FakeBlobs()
    publish(blobs, state_of(drop_dataset(blobs)))
    assert blobs.tags["datasets", "demo/training_set.jsonl"] == {
        "tunedrop-run": "demo-1",
        "tunedrop-status": "succeeded",
    }


def test_a_newer_version_of_the_dataset_is_not_tagged() -> None:
    """The tags of an old run on a new version would be a lie; the report says why there are none."""
    blobs = FakeBlobs()
    state = state_of(drop_dataset(blobs))
    drop_dataset(blobs)
    publish(blobs, state)
    assert ("datasets", "demo/training_set.jsonl") not in blobs.tags
    assert "could not be tagged" in msgspec.json.decode(published(blobs, JSON_PATH))["run"]["warnings"][0]


def test_a_superseded_run_does_not_warn_about_its_tags() -> None:
    """Superseded says already that there is a newer version."""
    blobs = FakeBlobs()
    state = msgspec.structs.replace(state_of(drop_dataset(blobs)), status="superseded")
    publish(blobs, state)
    assert msgspec.json.decode(published(blobs, JSON_PATH))["run"]["warnings"] == []
    assert blobs.tags == {}


@pytest.mark.parametrize(
    "blobs",
    [TaglessBlobs(), UntaggableBlobs(PermissionDenied("storage", "tag", status=403))],
    ids=["no-index-tags", "no-permission"],
)
def test_an_account_that_refuses_tags_is_a_warning(blobs: FakeBlobs) -> None:
    """A tag is a convenience: its absence never costs the report."""
    state = state_of(drop_dataset(blobs))
    publish(blobs, state)
    report = msgspec.json.decode(published(blobs, JSON_PATH))
    assert len(report["run"]["warnings"]) == 1
    assert "could not be tagged" in report["run"]["warnings"][0]
    assert "could not be tagged" in published(blobs, HTML_PATH)
    assert state.warnings == []


def test_a_storage_failure_while_tagging_is_raised() -> None:
    """The engine tries again what may pass."""
    blobs = UntaggableBlobs(ServiceUnavailable("storage", "tag", status=503))
    state = state_of(drop_dataset(blobs))
    with pytest.raises(ServiceUnavailable):
        publish(blobs, state)


def test_publishing_twice_is_as_good_as_once() -> None:
    """An activity may run twice: the second time writes the same bytes to the same places."""
    blobs = FakeBlobs()
    state = state_of(drop_dataset(blobs))
    first = publish(blobs, state, results=RESULTS)
    parts = published(blobs, JSON_PATH), published(blobs, HTML_PATH)
    assert publish(blobs, state, results=RESULTS) == first
    assert (published(blobs, JSON_PATH), published(blobs, HTML_PATH)) == parts


def test_an_unreadable_private_blob_does_not_cost_the_report() -> None:
    """Another release may have written it in another shape."""
    blobs = FakeBlobs()
    state = state_of(drop_dataset(blobs))
    blobs.write("tunedrop", "runs/demo-1/verification.json", b'{"answers": 3}')
    publish(blobs, state)
    assert msgspec.json.decode(published(blobs, JSON_PATH))["run"]["warnings"] == [
        "The report leaves out runs/demo-1/verification.json: it could not be read."
    ]
    assert "The report leaves out" in published(blobs, HTML_PATH)


def test_the_dropped_blob_is_tagged_where_a_split_was_made() -> None:
    """With a validation split the plan trains on a private copy; the tags belong on what was dropped."""
    blobs = FakeBlobs()
    dropped = drop_dataset(blobs)
    copy = blobs.write("tunedrop", "runs/demo-1/training.jsonl", b"{}")
    publish(blobs, msgspec.structs.replace(state_of(dropped), plan=plan_for(copy)))
    assert list(blobs.tags) == [("datasets", "demo/training_set.jsonl")]
