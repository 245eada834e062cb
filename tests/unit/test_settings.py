"""The app's settings: every fault at once, and nothing contradictory."""

from decimal import Decimal

import pytest

from shared.errors import SettingsError
from shared.settings import Settings, trigger_source
from tests.builders import ENVIRON

RESOURCE = "/subscriptions/s/resourceGroups/g/providers/Microsoft.CognitiveServices/accounts/res"
RESOURCE_SHAPE = "/subscriptions/…/resourceGroups/…/providers/Microsoft.CognitiveServices/accounts/…"


def settings_of(**environ):
    """Return the settings of the smallest environment with changes; None takes a variable away."""
    return Settings.from_env({name: value for name, value in {**ENVIRON, **environ}.items() if value is not None})


def faults_of(**environ):
    """Return the faults that an environment is refused for."""
    with pytest.raises(SettingsError) as caught:
        settings_of(**environ)
    return str(caught.value).split("; ")


def test_three_variables_are_enough():
    """Everything else has a default: names, scopes, bounds, pace."""
    settings = settings_of()
    assert settings.openai_endpoint == "https://res.openai.azure.com"
    assert (settings.storage_connection_string, settings.storage_blob_service_uri) == ("UseDevelopmentStorage=true", "")
    assert (settings.reports_container, settings.state_container) == ("reports", "tunedrop")
    assert (settings.arm_endpoint, settings.account_resource_id) == ("https://management.azure.com", RESOURCE)
    assert (settings.default_base_model, settings.default_sku) == ("gpt-4o-mini-2024-07-18", "GlobalStandard")
    assert settings.bounds.methods == ("supervised",)
    assert (settings.bounds.max_usd_per_run, settings.bounds.max_runs_at_once) == (Decimal(100), 20)
    assert (settings.pace.grace_seconds, settings.pace.max_poll_seconds) == (60, 600)


def test_every_variable_is_read():
    """What an operator sets is what the app does."""
    settings = settings_of(
        DATASETS_STORAGE=None,
        DATASETS_STORAGE__blobServiceUri="https://acct.blob.core.windows.net/",
        DATASETS_STORAGE__clientId="client",
        ALLOWED_BASE_MODELS=" gpt-4.1 , gpt-4.1-mini,, ",
        ALLOWED_SKUS="Standard",
        MAX_EPOCHS="4",
        MAX_USD_PER_RUN="12.50",
        GRACE_SECONDS="0",
        MIN_POLL_SECONDS="0.5",
        DEFAULT_CAPACITY="7",
        BASE_DEPLOYMENT="gpt-4o-mini",
        ARM_ENDPOINT="http://127.0.0.1:8080/",
    )
    assert settings.storage_blob_service_uri == "https://acct.blob.core.windows.net"
    assert settings.storage_client_id == "client"
    assert settings.bounds.base_models == ("gpt-4.1", "gpt-4.1-mini")
    assert (settings.bounds.skus, settings.bounds.max_epochs) == (("Standard",), 4)
    assert settings.bounds.max_usd_per_run == Decimal("12.50")
    assert (settings.pace.grace_seconds, settings.pace.min_poll_seconds) == (0, 0.5)
    assert (settings.default_capacity, settings.base_deployment) == (7, "gpt-4o-mini")
    assert settings.arm_endpoint == "http://127.0.0.1:8080"


def test_an_empty_environment_names_all_that_is_missing():
    """One message is enough to mend an app that has nothing."""
    with pytest.raises(SettingsError) as caught:
        Settings.from_env({})
    assert str(caught.value).split("; ") == [
        "set exactly one of DATASETS_STORAGE and DATASETS_STORAGE__blobServiceUri",
        "AZURE_OPENAI_ENDPOINT is missing",
        f"AZURE_OPENAI_RESOURCE_ID must be {RESOURCE_SHAPE}",
    ]


def test_blank_is_as_good_as_unset():
    """Templates leave variables empty."""
    settings = settings_of(MAX_EPOCHS="", REPORTS_CONTAINER="  ", DATASETS_STORAGE__blobServiceUri="")
    assert (settings.bounds.max_epochs, settings.reports_container) == (10, "reports")


def test_two_ways_to_the_storage_contradict_each_other():
    """Which one would be used must not be a guess."""
    assert faults_of(DATASETS_STORAGE__blobServiceUri="https://acct.blob.core.windows.net") == [
        "set exactly one of DATASETS_STORAGE and DATASETS_STORAGE__blobServiceUri"
    ]


@pytest.mark.parametrize(
    "name", ["MAX_EPOCHS", "MAX_CAPACITY", "MAX_FILE_BYTES", "MAX_TRAINING_TOKENS", "MAX_RUNS_AT_ONCE"]
)
@pytest.mark.parametrize("value", ["0", "-1", "1.5", "many", "NaN", "1e3", "9" * 20, "9" * 5_000])
def test_a_count_is_a_whole_number_above_zero(name, value):
    """A bound that makes no sense is a fault, never no bound."""
    assert faults_of(**{name: value}) == [f"{name} must be a number above 0 and at most 1000000000000"]


@pytest.mark.parametrize("name", ["MAX_USD_PER_RUN", "MAX_USD_PER_DAY"])
@pytest.mark.parametrize("value", ["0", "-1", "ten", "$5", "NaN", "sNaN", "Infinity", "1e400"])
def test_a_bound_in_dollars_is_a_finite_amount(name, value):
    """No spelling of a number lifts the bound on money."""
    assert faults_of(**{name: value}) == [f"{name} must be a number above 0 and at most 1000000000000"]


@pytest.mark.parametrize("name", ["MIN_POLL_SECONDS", "FILE_DEADLINE_SECONDS", "ANSWER_DEADLINE_SECONDS"])
@pytest.mark.parametrize("value", ["0", "-1", "nan", "inf", "soon", "40000000"])
def test_a_duration_is_above_zero_and_at_most_a_year(name, value):
    """No wait is endless, and none is so long that no calendar can hold its end."""
    assert faults_of(**{name: value})[0] == f"{name} must be a number above 0 and at most 31622400"


def test_no_grace_is_a_choice():
    """Zero seconds of grace are allowed, less is not."""
    assert settings_of(GRACE_SECONDS="0").pace.grace_seconds == 0
    assert faults_of(GRACE_SECONDS="-1") == ["GRACE_SECONDS must be a number of at least 0 and at most 31622400"]


def test_polls_must_not_be_shorter_than_their_shortest():
    """A pace whose ends are swapped is a fault."""
    assert faults_of(MIN_POLL_SECONDS="20", MAX_POLL_SECONDS="10") == [
        "MIN_POLL_SECONDS must not be above MAX_POLL_SECONDS"
    ]


@pytest.mark.parametrize("name", ["AZURE_OPENAI_ENDPOINT", "ARM_ENDPOINT"])
@pytest.mark.parametrize(
    "value",
    [
        "res.openai.azure.com",
        "http://res.openai.azure.com",
        "https://",
        "https:///path",
        "https://[::1",
        "ftp://localhost",
        "http://127.evil.example",
        "http://localhost.evil.example",
        "file:///etc/passwd",
    ],
)
def test_tokens_are_sent_over_https_or_to_this_machine_only(name, value):
    """A URL that is not safe for a key is a fault, never a crash."""
    assert faults_of(**{name: value}) == [f"{name} must be an https URL (http only on this machine)"]


@pytest.mark.parametrize("value", ["http://localhost:1", "http://127.0.0.1:8", "http://[::1]:8", "https://example.org"])
def test_a_safe_url_is_taken(value):
    """Emulators on this machine speak http."""
    assert settings_of(AZURE_OPENAI_ENDPOINT=value + "/").openai_endpoint == value


@pytest.mark.parametrize(
    "value",
    [
        "res",
        RESOURCE.removeprefix("/"),
        "x" + RESOURCE,
        RESOURCE + "/deployments/x",
        RESOURCE.replace("/accounts/res", ""),
        RESOURCE.replace("CognitiveServices", "Storage"),
        RESOURCE.replace("subscriptions/s", "subscriptions/"),
        RESOURCE.replace("resourceGroups", "groups"),
    ],
)
def test_the_account_is_named_by_its_whole_id(value):
    """ARM's URLs go on with it: anything else would ask another place."""
    assert faults_of(AZURE_OPENAI_RESOURCE_ID=value)[0].startswith("AZURE_OPENAI_RESOURCE_ID must be /subscriptions/")


def test_an_id_in_another_case_is_taken():
    """Portal and tools write the provider in different letter cases."""
    assert settings_of(AZURE_OPENAI_RESOURCE_ID=RESOURCE.lower() + "/").account_resource_id == RESOURCE.lower()


@pytest.mark.parametrize(
    "containers",
    [
        {"REPORTS_CONTAINER": "datasets"},
        {"STATE_CONTAINER": "datasets"},
        {"STATE_CONTAINER": "reports"},
        {"REPORTS_CONTAINER": "tunedrop"},
    ],
)
def test_the_containers_differ(containers):
    """A run that wrote among the datasets would start the next one; private blobs do not lie among the reports."""
    assert faults_of(**containers) == [
        "REPORTS_CONTAINER and STATE_CONTAINER must differ from each other and from datasets"
    ]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DEFAULT_METHOD", "sft"),
        ("DEFAULT_TRAINING_TYPE", "Developer"),
        ("DATASETS_TRIGGER_SOURCE", "eventgrid"),
    ],
)
def test_a_word_that_is_not_among_the_allowed_is_a_fault(name, value):
    """Words are spelled as Azure spells them."""
    assert faults_of(**{name: value})[0].startswith(f"{name} must be one of ")


def test_no_fault_quotes_a_value():
    """A variable's value may be a secret: its name and what it should be are enough."""
    names = ("AZURE_OPENAI_ENDPOINT", "AZURE_OPENAI_RESOURCE_ID", "MAX_EPOCHS", "DEFAULT_METHOD")
    message = "; ".join(faults_of(**dict.fromkeys(names, "secret")))
    assert "secret" not in message
    assert len(message.split("; ")) == 4


@pytest.mark.parametrize(
    ("environ", "source"),
    [
        ({}, "EventGrid"),
        ({"DATASETS_TRIGGER_SOURCE": "EventGrid"}, "EventGrid"),
        ({"DATASETS_TRIGGER_SOURCE": ""}, "EventGrid"),
        ({"DATASETS_TRIGGER_SOURCE": "LogsAndContainerScan"}, "LogsAndContainerScan"),
        ({"DATASETS_TRIGGER_SOURCE": " LogsAndContainerScan "}, "LogsAndContainerScan"),
    ],
)
def test_events_come_from_event_grid_unless_polling_is_asked_for(environ, source):
    """The trigger is declared before settings can be checked, so it never fails."""
    assert trigger_source(environ) == source
