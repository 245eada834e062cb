"""How a run moves from stage to stage, and how it ends."""

from datetime import timedelta

import pytest

from shared.core.failures import REMEDIES, failure
from shared.core.runs import STAGES, ReportLinks
from shared.core.transitions import (
    as_reported,
    end_with,
    enter_stage,
    finish,
    leave_stage,
    outcome_of,
    record_of,
    status_for,
)
from tests.builders import NOON, a_state

LATER = NOON + timedelta(minutes=5)


def statuses(state):
    """Return the status of each stage, in order."""
    return [record.status for record in state.stages]


def test_a_new_run_has_every_stage_ahead():
    """All fields are there from the beginning, so that readers need no exceptions."""
    state = a_state()
    assert [record.name for record in state.stages] == list(STAGES)
    assert statuses(state) == ["pending"] * 7
    assert state.status == "running"


def test_two_runs_never_share_their_stages():
    """Stage records change in place: each state has its own."""
    first, second = a_state(), a_state()
    enter_stage(first, "intake", NOON, waiting_for="")
    assert statuses(second) == ["pending"] * 7


def test_entering_a_stage_says_what_is_waited_for():
    """What was told of the stage before is gone."""
    state = a_state(next_check_at=NOON, waiting_instance="demo:upload", waiting_for="the upload")
    enter_stage(state, "training", LATER, waiting_for="the job")
    assert (state.stage, state.since, state.waiting_for) == ("training", LATER, "the job")
    assert (state.next_check_at, state.waiting_instance) == (None, "")
    assert (record_of(state, "training").status, record_of(state, "training").started_at) == ("running", LATER)


def test_leaving_a_stage_notes_its_end():
    """A stage's duration can be read from its record."""
    state = a_state()
    enter_stage(state, "intake", NOON, waiting_for="")
    leave_stage(state, LATER)
    record = record_of(state, "intake")
    assert (record.status, record.started_at, record.finished_at) == ("succeeded", NOON, LATER)


def test_a_run_that_cannot_go_on_skips_to_its_publication():
    """The failed stage is named, those after it are skipped, and the report is still ahead."""
    state = a_state()
    for stage in ("intake", "validation", "upload"):
        enter_stage(state, stage, NOON, waiting_for="")
        leave_stage(state, NOON)
    enter_stage(state, "training", NOON, waiting_for="")
    ended = failure("job-failed", "The fine-tuning job failed.")
    end_with(state, ended, LATER)
    assert statuses(state) == ["succeeded", "succeeded", "succeeded", "failed", "skipped", "skipped", "pending"]
    assert (state.status, state.failure, outcome_of(state)) == ("running", ended, "failed")
    assert record_of(state, "training").finished_at == LATER


@pytest.mark.parametrize(
    ("code", "stage", "status"),
    [
        ("options-invalid", "intake", "rejected"),
        ("empty-dataset", "intake", "rejected"),
        ("dataset-missing", "intake", "rejected"),
        ("dataset-invalid", "validation", "rejected"),
        ("bound-exceeded", "intake", "rejected"),
        ("bound-exceeded", "validation", "rejected"),
        ("deployment-name-taken", "validation", "rejected"),
        ("deployment-name-taken", "deployment", "failed"),
        ("verification-not-possible", "validation", "rejected"),
        ("validation-set-changed", "validation", "rejected"),
        ("validation-set-changed", "upload", "failed"),
        ("file-refused", "upload", "failed"),
        ("answer-empty", "verification", "failed"),
        ("dataset-changed", "intake", "superseded"),
        ("dataset-changed", "upload", "superseded"),
        ("unexpected-error", "intake", "failed"),
        ("service-unavailable", "validation", "failed"),
        ("service-refused", "validation", "failed"),
        ("settings-invalid", "intake", "failed"),
        ("permission-denied", "intake", "failed"),
        ("not-found", "validation", "failed"),
        ("conflict", "validation", "failed"),
    ],
)
def test_a_failure_decides_how_its_run_ends(code, stage, status):
    """Rejected: the dropper can mend it. Superseded: a newer version has a run. Failed: everything else."""
    assert code in REMEDIES
    assert status_for(failure(code, "…"), stage) == status


def test_a_run_is_running_until_its_report_is_there_yet_reported_as_over():
    """The report tells the outcome; the API tells it only once the report can be read."""
    state = a_state()
    enter_stage(state, "publication", NOON, waiting_for="the report")
    reported = as_reported(state, LATER)
    assert (reported.status, reported.finished_at, reported.waiting_for) == ("succeeded", LATER, "")
    assert (state.status, state.finished_at) == ("running", None)


def test_a_finished_run_waits_for_nothing():
    """The last state of a run holds its end and no next check."""
    state = a_state(report=ReportLinks(json="reports/a", html="reports/b"))
    enter_stage(state, "publication", NOON, waiting_for="the report")
    state.next_check_at, state.waiting_instance = NOON, "demo:x"
    finish(state, LATER)
    assert (state.finished_at, state.waiting_for, state.next_check_at, state.waiting_instance) == (LATER, "", None, "")
    assert record_of(state, "publication").status == "succeeded"


def test_a_run_without_a_report_has_not_published():
    """A report that could not be written shows in the stage, not in how the run ended."""
    state = a_state()
    enter_stage(state, "publication", NOON, waiting_for="the report")
    finish(state, LATER)
    assert (record_of(state, "publication").status, state.status) == ("failed", "succeeded")
