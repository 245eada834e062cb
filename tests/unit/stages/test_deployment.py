"""Deployment: made once, never over somebody else's, waited for until it answers."""

import pytest

from shared.errors import Conflict, NotFound, RequestRefused, ServiceUnavailable, TooManyRequests
from shared.stages.deployment import PROBE, check_deployment, create_deployment, probe_deployment
from tests.builders import MODEL, RUN_ID, a_deployment, a_plan, an_answer
from tests.fakes_openai import FakeDeployments, FakeFineTuning


def test_a_model_is_deployed_under_the_plans_name():
    """Name, SKU and capacity are the plan's, and the fingerprint is this run's."""
    deployments = FakeDeployments()
    result = create_deployment(deployments, a_plan(sku="Standard", capacity=7), MODEL)
    assert result.done
    made = deployments.existing[RUN_ID]
    assert result.deployment == made
    assert (made.model, made.sku, made.capacity, made.run_id, made.owned) == (MODEL, "Standard", 7, RUN_ID, True)


@pytest.mark.parametrize("model", [MODEL, MODEL.upper()])
def test_deploying_twice_writes_once(model):
    """The second try adopts the deployment that the first has made, whatever letter case ARM gives the model's name."""
    deployments = FakeDeployments(a_deployment(model=model, provisioning_state="Creating"))
    result = create_deployment(deployments, a_plan(), MODEL)
    assert (result.done, result.deployment) == (True, deployments.existing[RUN_ID])
    assert deployments.written == []


def test_our_own_deployment_of_another_model_is_updated():
    """What carries this run's fingerprint may be changed."""
    deployments = FakeDeployments(a_deployment(model="something-else"))
    assert create_deployment(deployments, a_plan(), MODEL).done
    assert deployments.written == [RUN_ID]


@pytest.mark.parametrize(
    "existing", [a_deployment(owned=False, run_id=""), a_deployment(owned=False), a_deployment(run_id="another-run")]
)
def test_a_deployment_that_is_not_this_runs_is_never_touched(existing):
    """Foreign fingerprint or none: the run fails with its code, and nothing is written."""
    deployments = FakeDeployments(existing)
    failure = create_deployment(deployments, a_plan(), MODEL).failure
    assert failure is not None
    assert failure.code == "deployment-name-taken"
    assert (deployments.written, deployments.existing[RUN_ID]) == ([], existing)


def test_what_arm_refuses_ends_the_run_in_its_words():
    """Quota and SKU are refused again: returned, not raised."""
    deployments = FakeDeployments()
    deployments.trouble.fail(
        "create_deployment",
        RequestRefused("arm", "create_deployment", status=400, service_code="InsufficientQuota", said="0 left."),
    )
    failure = create_deployment(deployments, a_plan(), MODEL).failure
    assert failure is not None
    assert (failure.code, failure.detail) == ("deployment-refused", "InsufficientQuota: 0 left.")


def test_a_busy_account_is_tried_again():
    """ARM serialises writes of an account: a conflict is raised for the engine's retry."""
    deployments = FakeDeployments()
    deployments.trouble.fail("create_deployment", Conflict("arm", "create_deployment", status=409))
    with pytest.raises(Conflict):
        create_deployment(deployments, a_plan(), MODEL)


@pytest.mark.parametrize(
    ("state", "done", "code"),
    [
        ("Succeeded", True, None),
        ("Creating", False, None),
        ("AStateOfNextYear", False, None),
        ("Failed", False, "deployment-failed"),
        ("Canceled", False, "deployment-failed"),
    ],
)
def test_a_deployment_is_followed_to_its_end(state, done, code):
    """Every state is an end or a wait, and says which."""
    deployments = FakeDeployments(a_deployment(provisioning_state=state))
    result = check_deployment(deployments, RUN_ID)
    assert (result.done, result.failure.code if result.failure else None) == (done, code)
    assert result.deployment == deployments.existing[RUN_ID]
    assert state in (result.failure.message if result.failure else result.waiting_for)


def test_a_deployment_that_is_not_listed_is_waited_for():
    """What was accepted a moment ago may appear later; the deadline ends the wait for one that was deleted."""
    result = check_deployment(FakeDeployments(), RUN_ID)
    assert (result.done, result.failure) == (False, None)
    assert RUN_ID in result.waiting_for


def test_a_deployment_that_answers_is_ready():
    """One real question, whatever the answer."""
    tuning = FakeFineTuning()
    tuning.answers[RUN_ID] = [an_answer(text="", finish_reason="length")]
    result = probe_deployment(tuning, a_deployment())
    assert (result.done, result.deployment) == (True, a_deployment())
    assert tuning.asked == [(RUN_ID, PROBE)]


@pytest.mark.parametrize(
    ("error", "waiting_for"),
    [
        (
            NotFound("azure-openai", "chat", status=404, service_code="DeploymentNotFound"),
            "the deployment's first answer (DeploymentNotFound)",
        ),
        (
            RequestRefused("azure-openai", "chat", status=400, service_code="DeploymentNotReady"),
            "the deployment's first answer (DeploymentNotReady)",
        ),
        (RequestRefused("azure-openai", "chat", status=423), "the deployment's first answer (423)"),
    ],
)
def test_a_data_plane_that_lags_is_waited_for(error, waiting_for):
    """A deployment that ARM calls succeeded may be unknown to the data plane for minutes."""
    tuning = FakeFineTuning()
    tuning.trouble.fail("chat", error)
    result = probe_deployment(tuning, a_deployment())
    assert (result.done, result.failure, result.waiting_for) == (False, None, waiting_for)


def test_a_deployment_that_is_too_busy_exists():
    """429 is an answer of the deployment itself."""
    tuning = FakeFineTuning()
    tuning.trouble.fail("chat", TooManyRequests("azure-openai", "chat", status=429))
    assert probe_deployment(tuning, a_deployment()).done


def test_an_outage_is_no_answer():
    """What may pass is raised: the wait counts it and looks again."""
    tuning = FakeFineTuning()
    tuning.trouble.fail("chat", ServiceUnavailable("azure-openai", "chat"))
    with pytest.raises(ServiceUnavailable):
        probe_deployment(tuning, a_deployment())
