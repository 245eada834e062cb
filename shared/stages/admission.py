"""Admission: before any money is spent, whatever would make it spent in vain: bounds, the questions, the name."""

from collections.abc import Callable
from datetime import datetime

from shared import codec
from shared.core.deployments import DeploymentSnapshot
from shared.core.failures import Failure, failure
from shared.core.ledger import Ledger, release, reserve
from shared.core.options import exceeded
from shared.core.plans import Bounds, Plan
from shared.core.validation import CostEstimate
from shared.errors import BlobChanged, Conflict
from shared.ports import BlobStore, Deployments
from shared.stages.questions import settle_questions

LEDGER_PATH = "ledger.json"
# Several runs may write the ledger at once; each loses at most to as many writers as there are.
WRITE_ATTEMPTS = 20


def admit_run(
    blobs: BlobStore,
    deployments: Deployments,
    container: str,
    plan: Plan,
    estimate: CostEstimate,
    *,
    bounds: Bounds,
    now: datetime,
) -> Failure | None:
    """Settle a run's questions and promise it its dollars and its place, or return what stands in its way."""
    refused = _exceeded_estimate(estimate, bounds) or settle_questions(blobs, plan, container)
    if refused:
        return refused
    taken = name_taken(deployments.check_deployment(plan.deployment_name), plan)
    if taken:
        return taken
    usd, name = estimate.training_usd, plan.deployment_name
    return _update(
        blobs,
        container,
        lambda ledger: reserve(ledger, plan.run_id, usd, now=now, bounds=bounds, deployment_name=name),
    )


def release_run(blobs: BlobStore, container: str, run_id: str, *, spent: bool, now: datetime) -> None:
    """Give a run's place back, and its dollars too unless a job was created."""
    _update(blobs, container, lambda ledger: release(ledger, run_id, spent=spent, now=now))


def name_taken(existing: DeploymentSnapshot | None, plan: Plan) -> Failure | None:
    """Return the failure of a plan whose deployment name belongs to somebody else, or to another run."""
    if existing is None or (existing.owned and existing.run_id == plan.run_id):
        return None
    owner = f"run {existing.run_id}" if existing.owned else "somebody else: its tags carry no fingerprint of ours"
    return failure("deployment-name-taken", f"The deployment {existing.name} belongs to {owner}.")


def _exceeded_estimate(estimate: CostEstimate, bounds: Bounds) -> Failure | None:
    if estimate.n_epochs > bounds.max_epochs:
        # Options that ask for more were refused at intake: this is what the service would choose by itself.
        asked = f"about {estimate.n_epochs} is what the service would choose; allowed: {bounds.max_epochs}"
        return exceeded("MAX_EPOCHS", f"{asked}; set hyperparameters.n_epochs")
    if estimate.training_tokens > bounds.max_training_tokens:
        asked = f"{estimate.training_tokens:,} would be billed; allowed: {bounds.max_training_tokens:,}"
        return exceeded("MAX_TRAINING_TOKENS", asked)
    if estimate.training_usd > bounds.max_usd_per_run:
        asked = f"${estimate.training_usd} is the estimate; allowed: ${bounds.max_usd_per_run}"
        return exceeded("MAX_USD_PER_RUN", asked)
    return None


def _update(blobs: BlobStore, container: str, change: Callable[[Ledger], Ledger | Failure]) -> Failure | None:
    """Write the changed ledger if nobody else wrote meanwhile, else try again; return the change's refusal."""
    for _ in range(WRITE_ATTEMPTS):
        try:
            seen = blobs.look(container, LEDGER_PATH)
            ledger = codec.from_json(b"".join(blobs.stream(seen)), Ledger) if seen else Ledger()
        except BlobChanged:
            continue
        changed = change(ledger)
        if isinstance(changed, Failure):
            return changed
        if changed == ledger:
            return None
        data = codec.to_json(changed)
        if blobs.replace(seen, data) if seen else blobs.create(container, LEDGER_PATH, data):
            return None
    raise Conflict("storage", "write the ledger", said="too many writers at once")
