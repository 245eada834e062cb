"""Admission: before any money is spent, the bounds on tokens, dollars, runs at once and the deployment's name."""

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
    """Promise a run its dollars and its place, or return the bound (or the foreign deployment) in its way."""
    if estimate.training_tokens > bounds.max_training_tokens:
        asked = f"{estimate.training_tokens:,} would be billed; allowed: {bounds.max_training_tokens:,}"
        return exceeded("MAX_TRAINING_TOKENS", asked)
    if estimate.training_usd > bounds.max_usd_per_run:
        asked = f"${estimate.training_usd} is the estimate; allowed: ${bounds.max_usd_per_run}"
        return exceeded("MAX_USD_PER_RUN", asked)
    taken = name_taken(deployments.check_deployment(plan.deployment_name), plan)
    if taken:
        return taken
    usd = estimate.training_usd
    return _update(blobs, container, lambda ledger: reserve(ledger, plan.run_id, usd, now=now, bounds=bounds))


def release_run(blobs: BlobStore, container: str, run_id: str, *, spent: bool, now: datetime) -> None:
    """Give a run's place back, and its dollars too unless a job was created."""
    _update(blobs, container, lambda ledger: release(ledger, run_id, spent=spent, now=now))


def name_taken(existing: DeploymentSnapshot | None, plan: Plan) -> Failure | None:
    """Return the failure of a plan whose deployment name belongs to somebody else, or to another run."""
    if existing is None or (existing.owned and existing.run_id == plan.run_id):
        return None
    owner = f"run {existing.run_id}" if existing.owned else "somebody else: its tags carry no fingerprint of ours"
    return failure("deployment-name-taken", f"The deployment {existing.name} belongs to {owner}.")


def _update(blobs: BlobStore, container: str, change: Callable[[Ledger], Ledger | Failure]) -> Failure | None:
    """Write the changed ledger if nobody else wrote meanwhile, else try again; return the change's refusal."""
    for _ in range(WRITE_ATTEMPTS):
        try:
            seen = blobs.look(container, LEDGER_PATH)
            changed = change(codec.from_json(b"".join(blobs.stream(seen)), Ledger) if seen else Ledger())
        except BlobChanged:
            continue
        if isinstance(changed, Failure):
            return changed
        data = codec.to_json(changed)
        if blobs.replace(seen, data) if seen else blobs.create(container, LEDGER_PATH, data):
            return None
    raise Conflict("storage", "write the ledger", said="too many writers at once")
