"""From what a dropper wrote to a plan within the bounds."""

import json
from decimal import Decimal

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.core.failures import Failure
from shared.core.intake import Parts
from shared.core.options import check_options, exceeded, merge_options, parse_options, plan_for
from shared.core.plans import Options, Plan, Script
from tests.builders import RUN_ID, a_blob, a_request, some_bounds, some_defaults

CANARY = "tell nobody"


def planned(raw=None, *, parts=None, bounds=None, defaults=None, **request) -> tuple[Plan, Script]:
    """Return the plan and script of options that are within the bounds."""
    settled = settled_for(raw, parts=parts, bounds=bounds, defaults=defaults, **request)
    assert not isinstance(settled, Failure), settled
    return settled


def settled_for(raw=None, *, parts=None, bounds=None, defaults=None, **request):
    """Return what options lead to: plan and script, or a failure."""
    parts = parts or Parts(training=a_blob())
    return plan_for(a_request(**request), parts, raw or {}, defaults or some_defaults(), bounds or some_bounds())


def test_options_without_a_word_give_the_settings_choices():
    """Where the options are silent, the settings choose; what only the service knows is left to it."""
    plan, script = planned()
    assert (plan.base_model, plan.method, plan.training_type) == (
        "gpt-4o-mini-2024-07-18",
        "supervised",
        "GlobalStandard",
    )
    assert (plan.sku, plan.capacity, plan.suffix) == ("GlobalStandard", 10, "demo")
    assert (plan.hyperparameters.n_epochs, plan.hyperparameters.batch_size) == (None, None)
    assert (plan.deployment_name, plan.questions, script) == ("demo-0123456789ab", 0, Script())


def test_every_option_reaches_the_plan():
    """What a dropper asks for within the bounds is what the run does."""
    plan, script = planned(
        {
            "base_model": "gpt-4.1",
            "seed": 0,
            "suffix": "keeper_1",
            "hyperparameters": {"n_epochs": 2, "batch_size": 4, "learning_rate_multiplier": 0.5},
            "training_type": "Standard",
            "deployment": {"name": "keeper.v1", "sku": "standard", "capacity": 50},
            "validation_split": 0.1,
            "verification": {
                "expected": "lamp",
                "questions": [{"prompt": "Who?", "system": "Be brief."}, {"prompt": "Where?", "expected": "sea"}],
            },
        }
    )
    assert (plan.base_model, plan.seed, plan.suffix) == ("gpt-4.1-2025-04-14", 0, "keeper_1")
    assert msgspec.structs.astuple(plan.hyperparameters) == (2, 4, 0.5, None)
    assert (plan.training_type, plan.validation_split, plan.questions) == ("Standard", 0.1, 2)
    assert (plan.deployment_name, plan.sku, plan.capacity) == ("keeper.v1", "Standard", 50)
    assert [question.messages for question in script.questions] == [
        [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Who?"}],
        [{"role": "user", "content": "Where?"}],
    ]
    assert [question.expected for question in script.questions] == ["lamp", "sea"]
    assert {question.source for question in script.questions} == {"options"}


def test_a_plan_pins_its_parts():
    """Each part of the dataset is in the plan with its ETag."""
    validation, options_file = a_blob("v", etag='"0x2"'), a_blob("o", etag='"0x3"')
    plan, _ = planned(parts=Parts(training=a_blob(), validation=validation, options_file=options_file))
    assert (plan.training, plan.validation, plan.options_file) == (a_blob(), validation, options_file)


def test_a_plan_holds_no_prompt_text():
    """Questions go to the script: what crosses the durable boundary says how many there are."""
    verification = {"questions": [{"prompt": CANARY, "system": CANARY, "expected": CANARY}], "expected": CANARY}
    plan, script = planned({"verification": verification})
    assert CANARY not in str(plan)
    assert CANARY in str(script)


def test_a_seed_that_nobody_chose_follows_from_the_run():
    """The same run has the same seed, another run another one, and both are what the service takes."""
    seeds = [planned(run_id=f"{number}-0123456789ab")[0].seed for number in range(20)]
    assert seeds == [planned(run_id=f"{number}-0123456789ab")[0].seed for number in range(20)]
    assert len(set(seeds)) == 20
    assert all(0 <= seed <= 2_147_483_647 for seed in seeds)


@given(st.text(max_size=80).map(lambda text: text.encode(errors="ignore").decode()))
@example("lighthouse-keeper-of-the-north")
@example("lighthouse-keepers-of-the-north")
def test_derived_names_are_what_the_services_take(name):
    """Whatever the dataset is called, suffix and deployment name fit Azure's rules for both."""
    plan, _ = planned(path=f"{name}/training_set.jsonl", run_id=RUN_ID)
    derived = {"suffix": plan.suffix, "deployment": {"name": plan.deployment_name}}
    assert check_options(derived) is None


@pytest.mark.parametrize(
    ("setting", "raw", "bounds"),
    [
        ("ALLOWED_BASE_MODELS", {"base_model": "gpt-4o-2024-08-06"}, {}),
        ("ALLOWED_METHODS", {"method": "dpo"}, {}),
        ("ALLOWED_TRAINING_TYPES", {"training_type": "Standard"}, {"training_types": ("GlobalStandard",)}),
        ("ALLOWED_SKUS", {"deployment": {"sku": "ProvisionedManaged"}}, {}),
        ("MAX_EPOCHS", {"hyperparameters": {"n_epochs": 11}}, {}),
        ("MAX_CAPACITY", {"deployment": {"capacity": 51}}, {}),
        ("MAX_FILE_BYTES", {}, {"max_file_bytes": 99}),
    ],
)
def test_a_bound_refuses_by_its_name(setting, raw, bounds):
    """Outside a bound a run is rejected, and the message begins with the setting that an operator would change."""
    failure = settled_for(raw, bounds=some_bounds(**bounds))
    assert isinstance(failure, Failure)
    assert failure.code == "bound-exceeded"
    assert failure.message.startswith(f"{setting}: ")


@pytest.mark.parametrize(
    ("raw", "bounds"),
    [
        ({"base_model": "GPT-4.1-2025-04-14"}, {}),
        ({"base_model": "gpt-4.1"}, {"base_models": ("gpt-4.1-2025-04-14",)}),
        ({"base_model": "gpt-4.1-2025-04-14"}, {"base_models": ("gpt-4.1",)}),
        ({"hyperparameters": {"n_epochs": 10}}, {}),
        ({"deployment": {"capacity": 50}}, {}),
        ({}, {"max_file_bytes": 100}),
    ],
)
def test_what_a_bound_allows_is_taken(raw, bounds):
    """The bound itself is inside; a model may be named by its alias, by options and settings alike."""
    assert not isinstance(settled_for(raw, bounds=some_bounds(**bounds)), Failure)


def test_a_validation_file_is_bound_like_a_training_file():
    """MAX_FILE_BYTES holds for each file."""
    parts = Parts(training=a_blob(), validation=a_blob("v", size=1_001))
    failure = settled_for(parts=parts)
    assert isinstance(failure, Failure)
    assert failure.message == "MAX_FILE_BYTES: 1,001 was asked for; allowed: 1,000."


@pytest.mark.parametrize("setting", ["max_epochs", "MAX_EPOCHS", "bounds", "max_usd_per_run", "pace"])
def test_options_cannot_widen_a_bound(setting):
    """No field of the options sets a bound: a setting's name is refused as unknown."""
    failure = check_options({setting: 1_000})
    assert failure is not None
    assert failure.code == "options-invalid"
    assert setting in failure.message


@pytest.mark.parametrize(
    ("raw", "field"),
    [
        ([], ""),
        (None, ""),
        ({"colour": "red"}, "colour"),
        ({"seed": -1}, "$.seed"),
        ({"seed": 2**31}, "$.seed"),
        ({"seed": 10**40}, "$.seed"),
        ({"seed": True}, "$.seed"),
        ({"suffix": ""}, "$.suffix"),
        ({"suffix": "has space"}, "$.suffix"),
        ({"suffix": "x" * 19}, "$.suffix"),
        ({"suffix": "line\n"}, "$.suffix"),
        ({"method": "reinforcement"}, "$.method"),
        ({"training_type": "Developer"}, "$.training_type"),
        ({"hyperparameters": {"n_epochs": 0}}, "$.hyperparameters.n_epochs"),
        ({"hyperparameters": {"n_epochs": "3"}}, "$.hyperparameters.n_epochs"),
        ({"hyperparameters": {"lr": 1}}, "lr"),
        ({"deployment": {"name": "-x"}}, "$.deployment.name"),
        ({"deployment": {"name": "a/b"}}, "$.deployment.name"),
        ({"deployment": {"name": "x" * 65}}, "$.deployment.name"),
        ({"deployment": {"name": "name\n"}}, "$.deployment.name"),
        ({"deployment": {"capacity": 0}}, "$.deployment.capacity"),
        ({"validation_split": 0}, "$.validation_split"),
        ({"validation_split": 0.51}, "$.validation_split"),
        ({"verification": {"questions": [{"prompt": ""}]}}, "$.verification.questions[0].prompt"),
        ({"verification": {"questions": [{"prompt": "x"}] * 21}}, "$.verification.questions"),
        ({"verification": {"expected": "x" * 201}}, "$.verification.expected"),
    ],
)
def test_invalid_options_name_their_field(raw, field):
    """A wrong option is refused with the path of its field."""
    failure = check_options(raw)
    assert failure is not None
    assert failure.code == "options-invalid"
    assert field in failure.message


@pytest.mark.parametrize(
    "raw",
    [
        {"method": CANARY},
        {"method": f"x' - at {CANARY} - at `$"},
        {"method": f"\n{CANARY}"},
        {CANARY: 1},
        {"verification": {CANARY: 1}},
        {"x` - at `$": 1, f"`{CANARY}": 1},
        {f"{CANARY}`": 1},
        {"suffix": CANARY},
        {"deployment": {"name": CANARY}},
        {"verification": {"questions": CANARY}},
        {"verification": {"questions": [{"prompt": CANARY * 1_000}]}},
        {"verification": {"expected": CANARY * 100}},
    ],
)
def test_what_is_wrong_with_options_never_quotes_a_value(raw):
    """Failures go to history, API and report: a value, which may be prompt text, is not in them."""
    failure = check_options(raw)
    assert failure is not None
    assert CANARY not in str(failure)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"\xff\xfe{\x00}\x00",
        b'{"suffix": "\xff"}',
        b'{"suffix": "\\ud800"}',
        b'{"seed": 1e999}',
        b'{"seed": NaN}',
        b"[" * 100_000,
        b'{"verification":' * 50_000,
        b"[]",
        b"null",
        b"{} {}",
        b" " * 300_000 + b"{}",
    ],
)
def test_an_options_file_of_any_bytes_is_answered_with_a_failure(data):
    """What is no options file is `options-invalid`, never a crash."""
    failure = parse_options(data)
    assert isinstance(failure, Failure)
    assert failure.code == "options-invalid"


def test_an_options_file_may_begin_with_a_bom():
    """Editors on Windows put one there."""
    assert parse_options(b'\xef\xbb\xbf{"seed": 1}') == {"seed": 1}


def test_the_largest_options_file_is_read():
    """The limit of 256 KiB is inside."""
    assert parse_options(b" " * (256 * 1024 - 2) + b"{}") == {}
    assert isinstance(parse_options(b" " * (256 * 1024 - 1) + b"{}"), Failure)


@pytest.mark.parametrize(
    ("file", "explicit", "merged"),
    [
        ({}, {}, {}),
        ({"seed": 1}, {}, {"seed": 1}),
        ({"seed": 1}, {"seed": 2}, {"seed": 2}),
        ({"seed": 1}, {"seed": None}, {"seed": None}),
        (
            {"deployment": {"sku": "Standard", "capacity": 5}},
            {"deployment": {"capacity": 7}},
            {"deployment": {"sku": "Standard", "capacity": 7}},
        ),
        (
            {"verification": {"questions": [{"prompt": "a"}], "expected": "x"}},
            {"verification": {"questions": [{"prompt": "b"}]}},
            {"verification": {"questions": [{"prompt": "b"}], "expected": "x"}},
        ),
    ],
)
def test_an_http_call_goes_before_the_file(file, explicit, merged):
    """Field by field, what the call gave wins; a list is one field."""
    assert merge_options(file, explicit) == merged


OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "seed": st.integers(0, 99),
        "suffix": st.sampled_from("abc"),
        "hyperparameters": st.fixed_dictionaries({}, optional={"n_epochs": st.integers(1, 5)}),
        "deployment": st.fixed_dictionaries(
            {}, optional={"capacity": st.integers(1, 9), "sku": st.sampled_from(["Standard", "GlobalStandard"])}
        ),
    },
)


@given(OPTIONS, OPTIONS)
def test_every_explicit_field_wins_and_no_other_is_lost(file, explicit):
    """A merge has exactly the leaves of both, the explicit one where both have it, and stays valid."""
    before = json.dumps([file, explicit])
    merged = merge_options(file, explicit)
    assert leaves(merged) == {**leaves(file), **leaves(explicit)}
    assert check_options(merged) is None
    assert json.dumps([file, explicit]) == before


def leaves(options, path=()):
    """Return the values of options by their path."""
    if not isinstance(options, dict):
        return {path: options}
    return {leaf: value for name, inner in options.items() for leaf, value in leaves(inner, (*path, name)).items()}


def test_the_dpo_method_needs_the_operators_consent():
    """A method that the settings allow is taken, with its own hyperparameter."""
    bounds = some_bounds(methods=("supervised", "dpo"))
    plan, _ = planned({"method": "dpo", "hyperparameters": {"beta": 0.1}}, bounds=bounds)
    assert (plan.method, plan.hyperparameters.beta) == ("dpo", 0.1)


def test_a_fine_tuned_model_can_be_tuned_further():
    """Its long name is a base model like any other, if the settings allow it."""
    name = "gpt-4o-mini-2024-07-18.ft-0123456789abcdef0123456789abcdef-lighthouse_keeper_1"
    plan, _ = planned({"base_model": name}, bounds=some_bounds(base_models=(name,)))
    assert plan.base_model == name


def test_exceeded_says_what_and_what_to_do():
    """The failure of a bound tells the setting, the numbers and both ways out."""
    failure = exceeded("MAX_USD_PER_RUN", f"${Decimal(5)} is the estimate; allowed: $4")
    assert failure.message == "MAX_USD_PER_RUN: $5 is the estimate; allowed: $4."
    assert "operator" in failure.remedy


def test_the_fields_of_options_are_known():
    """The documented options are these and no more."""
    assert set(Options.__struct_fields__) == {
        "base_model",
        "method",
        "seed",
        "suffix",
        "hyperparameters",
        "training_type",
        "deployment",
        "validation_split",
        "verification",
    }
