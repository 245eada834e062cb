"""What a run's report says, where it lies, and how the dataset is marked: the part without prompt text."""

import re
from datetime import datetime

from msgspec import Struct

from shared.core.jobs import TrainingMetrics
from shared.core.results import TrainingResults, thin
from shared.core.runs import ReportLinks, RunState
from shared.core.validation import Issue, ValidationDetail

SCHEMA = 1
RUN_TAG, STATUS_TAG = "tunedrop-run", "tunedrop-status"

# Azure Storage: a blob's name has 1,024 characters at most, an index tag's value 256, of these alone.
MAX_BLOB_PATH = 1_024
MAX_TAG_VALUE = 256
_NOT_IN_TAGS = re.compile(r"[^A-Za-z0-9 +\-./:=_]")


class TrainingCurve(Struct, frozen=True, kw_only=True):
    """How the losses went: first and last step, number of steps reported, and enough of them to draw."""

    first: TrainingMetrics | None = None
    last: TrainingMetrics | None = None
    points: int = 0
    skipped_rows: int = 0
    curve: list[TrainingMetrics] = []


class RunReport(Struct, frozen=True, kw_only=True):
    """The content of report.json; holds no prompt text."""

    schema: int = SCHEMA
    generated_at: datetime
    run: RunState
    issues: list[Issue] = []
    training: TrainingCurve = TrainingCurve()
    estimate_note: str = ""


def build_report(
    state: RunState, *, detail: ValidationDetail | None, results: TrainingResults | None, now: datetime
) -> RunReport:
    """Return the report of a run from its state, all its issues and its results.csv, where there are any."""
    found = detail or state.validation
    return RunReport(
        generated_at=now,
        run=state,
        issues=found.issues if found else [],
        training=_curve_of(results) if results else TrainingCurve(),
        estimate_note=_estimate_note(state),
    )


def report_links_for(reports_container: str, dataset: str, run_id: str) -> ReportLinks:
    """Return where the report of a run lies: beside its dataset's path, in the container of reports."""
    ending = f"/{run_id}/report.json"
    folder = f"{dataset.strip('/')[: MAX_BLOB_PATH - len(ending)]}/{run_id}"
    return ReportLinks(
        json=f"{reports_container}/{folder}/report.json", html=f"{reports_container}/{folder}/report.html"
    )


def index_tags_for(state: RunState) -> dict[str, str]:
    """Return the index tags that mark a training blob with its run and how it ended."""
    return {RUN_TAG: _tag_value(state.run_id), STATUS_TAG: _tag_value(state.status)}


def _curve_of(results: TrainingResults) -> TrainingCurve:
    points = results.points
    return TrainingCurve(
        first=points[0] if points else None,
        last=points[-1] if points else None,
        points=len(points),
        skipped_rows=results.skipped_rows,
        curve=thin(points),
    )


def _estimate_note(state: RunState) -> str:
    if state.estimate is None:
        return ""
    return f"An estimate by the prices of {state.estimate.prices_of.isoformat()}, not a bill."


def _tag_value(text: str) -> str:
    return _NOT_IN_TAGS.sub("_", text)[:MAX_TAG_VALUE]
