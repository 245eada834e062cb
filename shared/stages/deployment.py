"""Deployment: the tuned model under the plan's name, once it is absent or ours, until it answers."""

from shared.core.deployments import DeploymentSnapshot, deployment_outcome
from shared.core.failures import failure, refusal
from shared.core.plans import Plan
from shared.core.polling import CheckResult
from shared.errors import NotFound, RequestRefused, TooManyRequests
from shared.ports import Deployments, FineTuning
from shared.stages.admission import name_taken

PROBE = [{"role": "user", "content": "Hello"}]
PROBE_TOKENS = 1


def create_deployment(deployments: Deployments, plan: Plan, model: str) -> CheckResult:
    """Deploy the run's model, or adopt the deployment that an earlier try has made; never touch what is not ours."""
    existing = deployments.check_deployment(plan.deployment_name)
    taken = name_taken(existing, plan)
    if taken:
        return CheckResult(failure=taken)
    if existing is not None and existing.model.casefold() == model.casefold():
        return CheckResult(done=True, deployment=existing)
    try:
        return CheckResult(done=True, deployment=deployments.create_deployment(plan, model))
    except RequestRefused as error:
        return CheckResult(failure=refusal("deployment-refused", f"The deployment {plan.deployment_name}", error))


def check_deployment(deployments: Deployments, name: str) -> CheckResult:
    """Tell how the deployment stands at ARM."""
    found = deployments.check_deployment(name)
    if found is None:
        # What was accepted a moment ago may not be listed yet.
        return CheckResult(waiting_for=f"the deployment {name} to appear")
    outcome = deployment_outcome(found.provisioning_state)
    if outcome == "failed":
        message = f"The deployment {name} ended as {found.provisioning_state}."
        return CheckResult(deployment=found, failure=failure("deployment-failed", message))
    waiting_for = f"the deployment ({found.provisioning_state})"
    return CheckResult(done=outcome == "succeeded", deployment=found, waiting_for=waiting_for)


def probe_deployment(tuning: FineTuning, deployment: DeploymentSnapshot) -> CheckResult:
    """Tell whether the data plane answers under the deployment's name: it may lag minutes behind ARM."""
    try:
        tuning.chat(deployment.name, PROBE, max_tokens=PROBE_TOKENS)
    except (NotFound, RequestRefused) as error:
        # DeploymentNotFound, DeploymentNotReady: Azure documents neither the status of the second nor its duration.
        waiting_for = f"the deployment's first answer ({error.service_code or error.status})"
        return CheckResult(deployment=deployment, waiting_for=waiting_for)
    except TooManyRequests:
        # Only a deployment that exists can be too busy.
        return CheckResult(done=True, deployment=deployment)
    return CheckResult(done=True, deployment=deployment)
