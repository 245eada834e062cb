"""Admission: nothing is promised that a bound, a name or a missing question stands against."""

import json
from decimal import Decimal

import pytest

from shared import codec
from shared.core.ledger import Ledger
from shared.core.plans import Script
from shared.core.verification import Question
from shared.errors import Conflict
from shared.stages.admission import LEDGER_PATH, WRITE_ATTEMPTS, admit_run, release_run
from tests.builders import NOON, RUN_ID, a_deployment, a_plan, an_estimate, some_bounds
from tests.fakes import FakeBlobs
from tests.fakes_openai import FakeDeployments

SCRIPT = f"runs/{RUN_ID}/script.json"
EXAMPLE = json.dumps({"messages": [{"role": "user", "content": "Q"}, {"role": "assistant", "content": "A"}]}).encode()


def some_blobs():
    """Return a storage account with a dataset of both splits."""
    blobs = FakeBlobs()
    blobs.write("datasets", "demo/training_set.jsonl", EXAMPLE.replace(b'"Q"', b'"T"'))
    blobs.write("datasets", "demo/validation_set.jsonl", EXAMPLE)
    return blobs


def pinned(blobs, *, validation=True, **changes):
    """Return a plan of the dataset as it lies there."""
    return a_plan(
        training=blobs.look("datasets", "demo/training_set.jsonl"),
        validation=blobs.look("datasets", "demo/validation_set.jsonl") if validation else None,
        **changes,
    )


def admitted(blobs, plan=None, *, deployments=None, estimate=None, bounds=None):
    """Return why a run is not admitted, or None."""
    return admit_run(
        blobs,
        deployments or FakeDeployments(),
        "tunedrop",
        plan or pinned(blobs),
        estimate or an_estimate(),
        bounds=bounds or some_bounds(),
        now=NOON,
    )


def ledger_of(blobs):
    """Return the run ids in the ledger, by whether they are active."""
    stored = blobs.read("tunedrop", LEDGER_PATH)
    ledger = codec.from_json(stored, Ledger) if stored else Ledger()
    return [(promise.run_id, promise.usd, promise.active) for promise in ledger.promises]


def script_of(blobs):
    """Return the run's script."""
    return codec.from_json(blobs.read("tunedrop", SCRIPT) or b"{}", Script)


def test_a_run_within_the_bounds_is_promised_its_place():
    """What is promised is written down before any money is spent."""
    blobs = some_blobs()
    assert admitted(blobs) is None
    assert ledger_of(blobs) == [(RUN_ID, Decimal("9.0000"), True)]


def test_admitting_twice_is_as_good_as_once():
    """An activity that runs twice promises once."""
    blobs = some_blobs()
    assert admitted(blobs) is None
    assert admitted(blobs) is None
    assert ledger_of(blobs) == [(RUN_ID, Decimal("9.0000"), True)]


@pytest.mark.parametrize(
    ("setting", "bounds"),
    [
        ("MAX_EPOCHS", {"max_epochs": 2}),
        ("MAX_TRAINING_TOKENS", {"max_training_tokens": 2_999}),
        ("MAX_USD_PER_RUN", {"max_usd_per_run": Decimal("8.9999")}),
        ("MAX_USD_PER_DAY", {"max_usd_per_day": Decimal("8.9999")}),
        ("MAX_RUNS_AT_ONCE", {"max_runs_at_once": 0}),
    ],
)
def test_a_bound_refuses_by_its_name_and_promises_nothing(setting, bounds):
    """Epochs, tokens, dollars and places: each names its setting, and the ledger stays as it was."""
    blobs = some_blobs()
    failure = admitted(blobs, bounds=some_bounds(**bounds))
    assert failure is not None
    assert failure.code == "bound-exceeded"
    assert failure.message.startswith(f"{setting}: ")
    assert ledger_of(blobs) == []


def test_the_bounds_themselves_are_inside():
    """A run that asks for exactly what is allowed is admitted."""
    bounds = some_bounds(
        max_epochs=3,
        max_training_tokens=3_000,
        max_usd_per_run=Decimal(9),
        max_usd_per_day=Decimal(9),
        max_runs_at_once=1,
    )
    assert admitted(some_blobs(), bounds=bounds) is None


@pytest.mark.parametrize(
    ("existing", "taken"),
    [
        (a_deployment(), False),
        (a_deployment(name="other", owned=False), False),
        (a_deployment(owned=False, run_id=""), True),
        (a_deployment(owned=False), True),
        (a_deployment(run_id="another-run"), True),
    ],
)
def test_a_name_that_is_not_this_runs_is_taken(existing, taken):
    """A deployment without our fingerprint, or of another run, ends the run before it trains; it is not touched."""
    deployments = FakeDeployments(existing)
    failure = admitted(some_blobs(), deployments=deployments)
    assert (failure.code if failure else None) == ("deployment-name-taken" if taken else None)
    assert (deployments.written, deployments.deleted) == ([], [])


def test_two_runs_at_work_never_share_a_name():
    """The second of two runs that ask for one name is refused, although neither has deployed yet."""
    blobs = some_blobs()
    assert admitted(blobs, pinned(blobs, deployment_name="keeper")) is None
    failure = admitted(blobs, pinned(blobs, run_id="other-0123456789ab", deployment_name="keeper"))
    assert failure is not None
    assert failure.code == "deployment-name-taken"


@pytest.mark.parametrize(("validation", "prompt", "source"), [(True, "Q", "validation"), (False, "T", "training")])
def test_questions_are_settled_before_the_money_is_spent(validation, prompt, source):
    """Held-out examples are read while they are as pinned; what lies there after days of training may be another's."""
    blobs = some_blobs()
    blobs.write("tunedrop", SCRIPT, b'{"expected": "lamp"}')
    assert admitted(blobs, pinned(blobs, validation=validation)) is None
    question = Question(messages=[{"role": "user", "content": prompt}], expected="lamp", source=source)
    assert script_of(blobs) == Script(questions=[question], expected="lamp")


def test_questions_of_the_options_stay():
    """Configured questions go before examples."""
    blobs, question = some_blobs(), Question(messages=[{"role": "user", "content": "Who?"}])
    blobs.write("tunedrop", SCRIPT, codec.to_json(Script(questions=[question])))
    assert admitted(blobs) is None
    assert script_of(blobs).questions == [question]


def test_a_run_that_cannot_be_verified_is_not_paid_for():
    """Without a single question in plain text, the run ends here and not after its training."""
    blobs = some_blobs()
    blobs.write("datasets", "demo/validation_set.jsonl", b'{"messages": [{"role": "user", "content": []}]}')
    failure = admitted(blobs)
    assert failure is not None
    assert failure.code == "verification-not-possible"
    assert ledger_of(blobs) == []


@pytest.mark.parametrize(
    ("path", "data", "code"),
    [
        ("demo/validation_set.jsonl", b"new", "validation-set-changed"),
        ("demo/validation_set.jsonl", None, "validation-set-changed"),
        ("demo/training_set.jsonl", b"new", "dataset-changed"),
        ("demo/training_set.jsonl", None, "dataset-missing"),
    ],
)
def test_a_part_that_is_no_longer_as_pinned_is_named(path, data, code):
    """A replaced training file has a run of its own; a replaced validation file has none, and people are told so."""
    blobs = some_blobs()
    plan = pinned(blobs, validation="validation" in path)
    if data is None:
        blobs.delete("datasets", path)
    else:
        blobs.write("datasets", path, data)
    failure = admitted(blobs, plan)
    assert failure is not None
    assert failure.code == code
    assert path in failure.message


def test_releasing_gives_the_place_back():
    """A run that created a job keeps its dollars for the day, another one gives them back; twice is as good as once."""
    blobs = some_blobs()
    admitted(blobs)
    for _ in range(2):
        release_run(blobs, "tunedrop", RUN_ID, spent=True, now=NOON)
        assert ledger_of(blobs) == [(RUN_ID, Decimal("9.0000"), False)]
    release_run(blobs, "tunedrop", RUN_ID, spent=False, now=NOON)
    assert ledger_of(blobs) == []


def test_releasing_what_was_never_promised_writes_nothing():
    """A run that was rejected before admission does not contend for the ledger."""
    blobs = FakeBlobs()
    release_run(blobs, "tunedrop", RUN_ID, spent=False, now=NOON)
    assert blobs.writes == []


class Rivals(FakeBlobs):
    """A storage account in which another writer is faster, as often as told."""

    def __init__(self, times):
        super().__init__()
        self.times = times

    def replace(self, blob, data):
        if self.times:
            self.times -= 1
            rival = {"run_id": f"rival-{self.times}", "usd": "1", "at": "2026-03-14T12:00:00Z", "active": False}
            ledger = json.loads(self.read(blob.container, blob.path))
            self.write(blob.container, blob.path, json.dumps({"promises": [*ledger["promises"], rival]}).encode())
        return super().replace(blob, data)


def rivals(times):
    """Return a storage account of a ledger for which others compete."""
    blobs = Rivals(times)
    blobs.write("datasets", "demo/training_set.jsonl", EXAMPLE)
    blobs.write("tunedrop", LEDGER_PATH, b'{"promises": []}')
    return blobs


def test_no_promise_is_lost_among_writers():
    """A writer that was slower reads again: both promises are in the ledger."""
    blobs = rivals(2)
    assert admitted(blobs) is None
    assert [run_id for run_id, _, _ in ledger_of(blobs)] == ["rival-1", "rival-0", RUN_ID]


def test_a_rival_that_took_the_last_dollars_counts():
    """What was free at the first look is asked for again after a lost race."""
    blobs = rivals(1)
    failure = admitted(blobs, bounds=some_bounds(max_usd_per_day=Decimal("9.5")))
    assert failure is not None
    assert failure.message.startswith("MAX_USD_PER_DAY")


def test_a_ledger_that_is_never_free_is_tried_again_later():
    """After so many lost races the engine's retry, which waits, is the better one."""
    with pytest.raises(Conflict):
        admitted(rivals(WRITE_ATTEMPTS))
