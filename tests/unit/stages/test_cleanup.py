"""Clean-up: nothing of a failed run is left to pay for, and nothing of others is touched."""

import pytest

from shared.core.files import FileSnapshot
from shared.core.jobs import JobSnapshot
from shared.errors import Conflict, ServiceUnavailable
from shared.stages.cleanup import CleanUp, check_clean_up, clean_up
from tests.builders import RUN_ID, a_deployment, a_plan
from tests.fakes_openai import FakeDeployments, FakeFineTuning


def a_service(*, status="running"):
    """Return a service that holds a run's files and its job, and those of another run."""
    tuning = FakeFineTuning()
    for file_id, filename in [
        ("t", f"{RUN_ID}-training.jsonl"),
        ("v", f"{RUN_ID}-validation.jsonl"),
        ("x", "other-run-training.jsonl"),
    ]:
        tuning.files[file_id] = FileSnapshot(id=file_id, filename=filename, status="processed")
    tuning.jobs = {"mine": JobSnapshot(id="mine", status=status), "other": JobSnapshot(id="other", status="running")}
    tuning.training_files = {"mine": "t", "other": "x"}
    return tuning


def test_everything_of_the_run_is_undone_the_dearest_first():
    """The job is cancelled, the deployment and both files are deleted, each told in words."""
    tuning, deployments = a_service(), FakeDeployments(a_deployment())
    assert clean_up(tuning, deployments, a_plan()) == CleanUp(
        done=[
            "cancel the job mine",
            f"delete the deployment {RUN_ID}",
            "delete the training file t",
            "delete the validation file v",
        ]
    )
    assert tuning.jobs["mine"].status == "cancelled"
    assert deployments.deleted == [RUN_ID]


def test_nothing_of_another_run_is_touched():
    """Files and jobs are found by this run's name alone."""
    tuning = a_service()
    clean_up(tuning, FakeDeployments(), a_plan())
    assert list(tuning.files) == ["x"]
    assert tuning.jobs["other"].status == "running"


@pytest.mark.parametrize(
    "existing", [a_deployment(owned=False, run_id=""), a_deployment(owned=False), a_deployment(run_id="another-run")]
)
def test_a_deployment_that_is_not_this_runs_stays(existing):
    """Only what carries this run's fingerprint is deleted."""
    deployments = FakeDeployments(existing)
    clean_up(a_service(), deployments, a_plan())
    assert deployments.existing == {RUN_ID: existing}


@pytest.mark.parametrize("status", ["succeeded", "failed", "cancelled"])
def test_a_job_that_has_ended_is_left_as_it_is(status):
    """There is nothing to cancel."""
    tuning = a_service(status=status)
    clean_up(tuning, FakeDeployments(), a_plan())
    assert tuning.jobs["mine"].status == status
    assert "cancel_job" not in tuning.trouble.calls


@pytest.mark.parametrize("status", ["pending", "queued", "paused", "a status of next year"])
def test_a_job_that_may_still_cost_is_cancelled(status):
    """Whatever has not ended could go on."""
    tuning = a_service(status=status)
    clean_up(tuning, FakeDeployments(), a_plan())
    assert tuning.jobs["mine"].status == "cancelled"


def test_cleaning_twice_is_as_good_as_once():
    """The second time there is nothing left to do."""
    tuning, deployments = a_service(), FakeDeployments(a_deployment())
    clean_up(tuning, deployments, a_plan())
    assert clean_up(tuning, deployments, a_plan()) == CleanUp()


def test_what_cannot_be_undone_now_does_not_stop_the_rest():
    """A deployment in the making cannot be deleted: the job is cancelled and the files go all the same."""
    tuning, deployments = a_service(), FakeDeployments(a_deployment(provisioning_state="Creating"))
    deployments.trouble.fail("delete_deployment", Conflict("arm", "delete_deployment", status=409))
    result = clean_up(tuning, deployments, a_plan())
    assert result.left == [f"delete the deployment {RUN_ID}"]
    assert len(result.done) == 3
    assert check_clean_up(tuning, deployments, a_plan()).done
    assert deployments.existing == {}


def test_a_job_that_cannot_be_cancelled_yet_keeps_its_file():
    """A job is found by its file: without it, the next try would not know of the job that goes on costing."""
    tuning = a_service()
    tuning.trouble.fail("cancel_job", *[ServiceUnavailable("azure-openai", "cancel_job")] * 2)
    assert clean_up(tuning, FakeDeployments(), a_plan()).left == [
        "cancel the job mine",
        "delete the training file t",
        "delete the validation file v",
    ]
    again = check_clean_up(tuning, FakeDeployments(), a_plan())
    assert not again.done
    assert again.waiting_for.startswith("the service to let us cancel the job mine")
    assert check_clean_up(tuning, FakeDeployments(), a_plan()).done
    assert tuning.jobs["mine"].status == "cancelled"
    assert list(tuning.files) == ["x"]
