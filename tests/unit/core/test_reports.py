"""What a report says, where it lies, and how its dataset is tagged."""

from datetime import UTC, datetime

from msgspec.structs import replace

from shared.core.jobs import TrainingMetrics
from shared.core.reports import build_report, index_tags_for, report_links_for
from shared.core.results import TrainingResults
from shared.core.runs import ReportLinks, RunState, RunStatus
from shared.core.validation import (
    Issue,
    ValidationSummary,
)

ASKED_AT = datetime(2026, 8, 11, 9, 0, tzinfo=UTC)
NOW = datetime(2026, 8, 11, 9, 45, tzinfo=UTC)
# Ends an attribute, a tag and a script, in one text.
HOSTILE = "\"'><script>alert(1)</script><img src=x onerror=y>&"


def run(status: RunStatus = "running", **known: object) -> RunState:
    """Return a run of the demo dataset."""
    state = RunState(
        run_id="demo-1", dataset="demo/training_set.jsonl", etag="0x1", source="blob", requested_at=ASKED_AT
    )
    return replace(state, status=status, **known)


def test_report_lies_under_the_path_of_its_dataset() -> None:
    """Whoever dropped a dataset finds its report by the same path in another container."""
    assert report_links_for("reports", "demo/training_set.jsonl", "demo-1") == ReportLinks(
        json="reports/demo/training_set.jsonl/demo-1/report.json",
        html="reports/demo/training_set.jsonl/demo-1/report.html",
    )


def test_a_path_too_long_for_a_report_is_cut() -> None:
    """A blob's name has 1,024 characters at most; the run's id keeps it unique."""
    links = report_links_for("reports", "d" * 1_020, "demo-1")
    assert len(links.html.removeprefix("reports/")) == 1_024
    assert links.html.endswith("/demo-1/report.html")


def test_tags_hold_what_azure_allows() -> None:
    """Other characters become underscores, and a value ends after 256."""
    state = run("succeeded")
    assert index_tags_for(state) == {"tunedrop-run": "demo-1", "tunedrop-status": "succeeded"}
    odd = replace(state, run_id="ä&b+c:d=e/f_g.h-i j" + "x" * 300)
    assert index_tags_for(odd)["tunedrop-run"] == "__b+c:d=e/f_g.h-i j" + "x" * 237


def test_issues_of_the_state_stand_in_for_the_detail() -> None:
    """Where the private blob is gone, the first issues are better than none."""
    issue = Issue(code="c", severity="error", split="training", line=1, message="m", remedy="r")
    summary = ValidationSummary(valid=False, encoding="e", limit_tokens=1, error_count=1, issues=[issue])
    report = build_report(run(validation=summary), detail=None, results=None, now=NOW)
    assert report.issues == [issue]


def test_training_is_told_by_its_ends_and_its_count() -> None:
    """The curve may be thinned; the count is that of all steps."""
    points = [TrainingMetrics(step=step, train_loss=1.0 / step) for step in range(1, 2_001)]
    training = build_report(run(), detail=None, results=TrainingResults(points=points), now=NOW).training
    assert training.first == TrainingMetrics(step=1, train_loss=1.0)
    assert training.last == TrainingMetrics(step=2_000, train_loss=0.0005)
    assert training.points == 2_000
    assert 100 < len(training.curve) <= 300
