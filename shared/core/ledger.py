"""What runs have been promised: dollars a day and places at once."""

from datetime import date, datetime, timedelta
from decimal import Decimal

from msgspec import Struct
from msgspec.structs import replace

from shared.core.failures import Failure, failure
from shared.core.options import exceeded
from shared.core.plans import Bounds

# A run that ended without giving its place back (its instance was purged or terminated) loses it after the longest
# that a run can take: 35 days of training and the rest.
STALE_AFTER = timedelta(days=37)
KEPT_DAYS = timedelta(days=2)


class Promise(Struct, frozen=True, kw_only=True):
    """What one run was promised."""

    run_id: str
    usd: Decimal
    at: datetime
    active: bool = True
    # Two runs that ask for one deployment name would both be trained, and one of them in vain.
    deployment_name: str = ""


class Ledger(Struct, frozen=True, kw_only=True):
    """All promises that still count against a bound."""

    promises: list[Promise] = []


def reserve(
    ledger: Ledger, run_id: str, usd: Decimal, *, now: datetime, bounds: Bounds, deployment_name: str = ""
) -> Ledger | Failure:
    """Return the ledger with this run's promise in it, or what stands in its way; twice is as good as once.

    In its way stand the bounds, and another run at work that will deploy under the same name.
    """
    others = [p for p in ledger.promises if p.run_id != run_id and _counts(p, now)]
    rival = next((p for p in others if p.active and deployment_name and _same_name(p, deployment_name)), None)
    if rival:
        return failure("deployment-name-taken", f"The run {rival.run_id} at work will deploy as {deployment_name}.")
    active = sum(p.active for p in others)
    if active >= bounds.max_runs_at_once:
        return exceeded("MAX_RUNS_AT_ONCE", f"{active} other runs are at work; allowed: {bounds.max_runs_at_once}")
    today = sum((p.usd for p in others if p.at.date() == now.date()), Decimal(0))
    if today + usd > bounds.max_usd_per_day:
        return exceeded(
            "MAX_USD_PER_DAY", f"${usd} on top of today's ${today} was asked for; allowed: ${bounds.max_usd_per_day}"
        )
    promise = Promise(run_id=run_id, usd=usd, at=now, deployment_name=deployment_name)
    return Ledger(promises=[*others, promise])


def release(ledger: Ledger, run_id: str, *, spent: bool, now: datetime) -> Ledger:
    """Return the ledger with the run's place given back, and its dollars too unless a job was created."""
    kept = []
    for promise in ledger.promises:
        if promise.run_id != run_id:
            kept.append(promise)
        elif spent:
            kept.append(replace(promise, active=False))
    return Ledger(promises=[p for p in kept if _counts(p, now)])


def _same_name(promise: Promise, deployment_name: str) -> bool:
    # ARM compares names of resources without regard to letter case.
    return promise.deployment_name.casefold() == deployment_name.casefold()


def _counts(promise: Promise, now: datetime) -> bool:
    age = now - promise.at
    return age < STALE_AFTER if promise.active else _is_recent(promise.at.date(), now)


def _is_recent(day: date, now: datetime) -> bool:
    return now.date() - day < KEPT_DAYS
