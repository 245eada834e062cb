"""What runs have been promised: never more than the bounds."""

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.core.failures import Failure
from shared.core.ledger import KEPT_DAYS, STALE_AFTER, Ledger, Promise, release, reserve
from tests.builders import NOON, some_bounds

BOUNDS = some_bounds(max_usd_per_day=Decimal(100), max_runs_at_once=2)


def promised(*promises):
    """Return a ledger of (run_id, usd, active) promises made at noon."""
    return Ledger(promises=[Promise(run_id=r, usd=Decimal(usd), at=NOON, active=active) for r, usd, active in promises])


def reserved(ledger, run_id, usd, *, now=NOON, **more):
    """Return the ledger after a reservation that must succeed."""
    changed = reserve(ledger, run_id, Decimal(usd), now=now, bounds=BOUNDS, **more)
    assert isinstance(changed, Ledger), changed
    return changed


def refused(ledger, run_id, usd, *, now=NOON, **more):
    """Return the failure of a reservation that must not succeed."""
    changed = reserve(ledger, run_id, Decimal(usd), now=now, bounds=BOUNDS, **more)
    assert isinstance(changed, Failure), changed
    return changed


def test_a_promise_is_kept_until_it_is_released():
    """A run that is at work has its place and its dollars."""
    ledger = reserved(Ledger(), "a", "40.5")
    assert ledger.promises == [Promise(run_id="a", usd=Decimal("40.5"), at=NOON)]
    assert release(ledger, "a", spent=False, now=NOON) == Ledger()


@pytest.mark.parametrize(("usd", "fits"), [("60", True), ("60.0001", False)])
def test_the_dollars_of_a_day_are_bound(usd, fits):
    """The bound itself may be reached, not passed, by what runs of today were promised."""
    ledger = promised(("a", "40", True))
    if fits:
        assert len(reserved(ledger, "b", usd).promises) == 2
    else:
        assert refused(ledger, "b", usd).message == (
            "MAX_USD_PER_DAY: $60.0001 on top of today's $40 was asked for; allowed: $100."
        )


def test_runs_at_once_are_bound():
    """A place is given back by the run that ends, whatever it has spent."""
    ledger = promised(("a", "1", True), ("b", "1", True))
    assert refused(ledger, "c", "1").message == "MAX_RUNS_AT_ONCE: 2 other runs are at work; allowed: 2."
    assert reserved(release(ledger, "a", spent=True, now=NOON), "c", "1")


def test_reserving_twice_is_as_good_as_once():
    """An activity that runs twice takes one place and its dollars once."""
    once = reserved(promised(("b", "10", True)), "a", "60")
    assert reserved(once, "a", "60") == once


def test_a_run_that_trained_keeps_its_dollars_for_the_day():
    """Only a run that created no job gives its dollars back."""
    ledger = promised(("a", "80", True), ("b", "10", True))
    assert refused(release(ledger, "a", spent=True, now=NOON), "c", "20").message.startswith("MAX_USD_PER_DAY")
    assert reserved(release(ledger, "a", spent=False, now=NOON), "c", "20")


@pytest.mark.parametrize("spent", [True, False])
def test_releasing_twice_is_as_good_as_once(spent):
    """An activity that runs twice changes nothing the second time, nor does a run that was promised nothing."""
    once = release(promised(("a", "80", True), ("b", "10", True)), "a", spent=spent, now=NOON)
    assert release(once, "a", spent=spent, now=NOON) == once
    assert release(once, "unknown", spent=spent, now=NOON) == once


def test_a_new_day_has_its_own_dollars():
    """Midnight UTC ends a day; a place stays taken."""
    ledger = promised(("a", "100", True))
    assert refused(ledger, "b", "1", now=NOON.replace(hour=23, minute=59))
    assert reserved(ledger, "b", "100", now=NOON + timedelta(hours=12))


def test_old_promises_are_forgotten():
    """Dollars spent are kept for two days; a run that never gave its place back loses it after the longest run."""
    spent, lost = promised(("a", "1", False)), promised(("a", "1", True))
    assert [p.run_id for p in reserved(spent, "b", "1", now=NOON + timedelta(days=1)).promises] == ["a", "b"]
    assert [p.run_id for p in reserved(spent, "b", "1", now=NOON + KEPT_DAYS).promises] == ["b"]
    before = NOON + STALE_AFTER - timedelta(seconds=1)
    assert [p.run_id for p in reserved(lost, "b", "1", now=before).promises] == ["a", "b"]
    assert [p.run_id for p in reserved(lost, "b", "1", now=NOON + STALE_AFTER).promises] == ["b"]


def test_one_name_is_promised_to_one_run():
    """Of two runs that would deploy under one name, the second is refused before it trains in vain."""
    ledger = reserved(Ledger(), "a", "1", deployment_name="keeper")
    failure = refused(ledger, "b", "1", deployment_name="Keeper")
    assert (failure.code, failure.message) == (
        "deployment-name-taken",
        "The run a at work will deploy as Keeper.",
    )
    assert reserved(ledger, "b", "1", deployment_name="other")
    assert reserved(ledger, "a", "1", deployment_name="keeper") == ledger
    assert reserved(release(ledger, "a", spent=True, now=NOON), "b", "1", deployment_name="keeper")


RUNS = st.sampled_from("abcdef")
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["reserve", "release", "release-unspent"]),
        RUNS,
        st.integers(0, 70).map(Decimal),
        st.integers(0, 40),
    ),
    max_size=40,
)


@given(STEPS)
def test_no_interleaving_exceeds_the_bounds(steps):
    """Whatever runs reserve and release, in whatever order and over whatever hours, both bounds hold."""
    ledger, now = Ledger(), NOON
    for action, run_id, usd, hours in steps:
        now += timedelta(hours=hours)
        if action == "reserve":
            changed = reserve(ledger, run_id, usd, now=now, bounds=BOUNDS)
            ledger = ledger if isinstance(changed, Failure) else changed
        else:
            ledger = release(ledger, run_id, spent=action == "release", now=now)
        assert sum(p.active for p in ledger.promises) <= 2
        assert sum(p.usd for p in ledger.promises if p.at.date() == now.date()) <= 100
        assert len({p.run_id for p in ledger.promises}) == len(ledger.promises)
