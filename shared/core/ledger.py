"""What runs have been promised: dollars a day and places at once."""

from datetime import date, datetime, timedelta
from decimal import Decimal

from msgspec import Struct

from shared.core.failures import Failure
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


class Ledger(Struct, frozen=True, kw_only=True):
    """All promises that still count against a bound."""

    promises: list[Promise] = []


def reserve(ledger: Ledger, run_id: str, usd: Decimal, *, now: datetime, bounds: Bounds) -> Ledger | Failure:
    """Return the ledger with this run's promise in it, or the bound that it would exceed; twice is as good as once."""
    others = [p for p in ledger.promises if p.run_id != run_id and _counts(p, now)]
    active = sum(p.active for p in others)
    if active >= bounds.max_runs_at_once:
        return exceeded("MAX_RUNS_AT_ONCE", f"{active} other runs are at work; allowed: {bounds.max_runs_at_once}")
    today = sum((p.usd for p in others if p.at.date() == now.date()), Decimal(0))
    if today + usd > bounds.max_usd_per_day:
        return exceeded(
            "MAX_USD_PER_DAY", f"${usd} on top of today's ${today} was asked for; allowed: ${bounds.max_usd_per_day}"
        )
    return Ledger(promises=[*others, Promise(run_id=run_id, usd=usd, at=now)])


def release(ledger: Ledger, run_id: str, *, spent: bool, now: datetime) -> Ledger:
    """Return the ledger with the run's place given back, and its dollars too unless a job was created."""
    kept = []
    for promise in ledger.promises:
        if promise.run_id != run_id:
            kept.append(promise)
        elif spent:
            kept.append(Promise(run_id=run_id, usd=promise.usd, at=promise.at, active=False))
    return Ledger(promises=[p for p in kept if _counts(p, now)])


def _counts(promise: Promise, now: datetime) -> bool:
    age = now - promise.at
    return age < STALE_AFTER if promise.active else _is_recent(promise.at.date(), now)


def _is_recent(day: date, now: datetime) -> bool:
    return now.date() - day < KEPT_DAYS
