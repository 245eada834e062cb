"""No key anywhere, no door wider than its reason: what the infrastructure must never say."""

import json
import re
from typing import Any

import pytest

from tests.infra.bicep import INFRA, Bicep, Block, Expression, paths_in, read, read_all

ROLES: dict[str, dict[str, str]] = json.loads((INFRA / "roles.json").read_text())
GUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")
SECRET_WORDS = re.compile(r"key|secret|password|connectionstring|sas|token", re.IGNORECASE)


def created(kind: str) -> list[Block]:
    """Return every resource of a type that any file creates."""
    found = [block for file in read_all() for block in file.of_type(kind)]
    assert found, f"nothing of the type {kind} is created"
    return found


def leaf(block: Block, path: str) -> Any:
    """Return the value at a dotted path of a resource's body."""
    return dict(paths_in(block.body)).get(path)


@pytest.mark.parametrize("file", read_all(), ids=lambda file: file.path.name)
def test_no_file_asks_for_a_key(file: Bicep) -> None:
    """No key is read at deployment time, so none can reach a setting, an output or the deployment's history."""
    assert re.findall(r"\blist(?:Keys|Secrets|AccountSas|ServiceSas|\w*)\s*\(", file.text) == []
    assert "AccountKey=" not in file.text
    assert "SharedAccess" not in file.text


def test_identifiers_of_roles_are_microsofts() -> None:
    """Each role has the id of Microsoft's list of built-in roles."""
    assert {name: role["id"] for name, role in ROLES.items()} == {
        "storageBlobDataOwner": "b7e6dc6d-f1e8-4753-8033-0f276bb0955b",
        "storageQueueDataContributor": "974c5e8b-45b9-4653-ba55-5f855dd0fb88",
        "storageTableDataContributor": "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3",
        "storageBlobDataContributor": "ba92f5b4-2d11-453d-a403-e96b0029c9fe",
        "storageBlobDataReader": "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1",
        "cognitiveServicesOpenAIContributor": "a001fd3d-188f-4b5d-821b-7da978bf7442",
        "keyVaultSecretsUser": "4633458b-17de-408a-b874-0445c86b69e6",
        "monitoringMetricsPublisher": "3913510d-42f4-4e42-8a64-420c390055eb",
        "durableTaskDataContributor": "0ad04412-c4d5-4796-b79c-f76d14c8d402",
    }


def test_roles_live_in_one_table_with_their_reasons() -> None:
    """No file names a role by its id; each role in the table is used and says who, where and why."""
    assert [file.path.name for file in read_all() if GUID.search(file.text)] == []
    main = read(INFRA / "main.bicep").text
    assert {name for name in ROLES if f"roles.{name}.id" in main} == set(ROLES)
    assert all(len(role["why"]) > 30 and role["who"] and role["where"] for role in ROLES.values())


def test_no_role_assignment_goes_around_the_table() -> None:
    """Each assignment takes its role from a parameter that main.bicep fills from the table, and names a resource."""
    for block in created("Microsoft.Authorization/roleAssignments"):
        role = block.body["properties"]["roleDefinitionId"].text
        assert re.fullmatch(
            r"subscriptionResourceId\('Microsoft\.Authorization/roleDefinitions', (\w+Role|assignment\.role)\)", role
        ), role
        assert isinstance(block.body.get("scope"), Expression), "an assignment without a scope is the whole group's"
        assert leaf(block, "properties.principalType") is not None
    main = read(INFRA / "main.bicep")
    for module in main.modules:
        for path, value in paths_in(module.body.get("params", {})):
            if path.endswith(("Role", ".role")):
                assert re.fullmatch(r"roles\.\w+\.id", value.text), (module.symbol, path)


def test_only_one_owner_role_is_given_and_it_has_its_reason() -> None:
    """Owners can hand on their rights; one data role with that word is needed, and the table says what for."""
    owners = [name for name in ROLES if "owner" in name.casefold()]
    assert owners == ["storageBlobDataOwner"]
    assert ROLES["storageBlobDataOwner"]["why"].startswith("The only owner role.")


def test_storage_accepts_identities_alone() -> None:
    """Storage has no shared key, no public blob, no old TLS, no plain HTTP."""
    for account in created("Microsoft.Storage/storageAccounts"):
        assert leaf(account, "properties.allowSharedKeyAccess") is False
        assert leaf(account, "properties.allowBlobPublicAccess") is False
        assert leaf(account, "properties.defaultToOAuthAuthentication") is True
        assert leaf(account, "properties.minimumTlsVersion") == "TLS1_2"
        assert leaf(account, "properties.supportsHttpsTrafficOnly") is True
    for container in created("Microsoft.Storage/storageAccounts/blobServices/containers"):
        assert leaf(container, "properties.publicAccess") == "None"


def test_no_service_accepts_its_keys() -> None:
    """Azure OpenAI, Application Insights and the workspace have local authentication turned off."""
    assert [leaf(b, "properties.disableLocalAuth") for b in created("Microsoft.CognitiveServices/accounts")] == [True]
    assert [leaf(b, "properties.DisableLocalAuth") for b in created("Microsoft.Insights/components")] == [True]
    workspaces = created("Microsoft.OperationalInsights/workspaces")
    assert [leaf(b, "properties.features.disableLocalAuth") for b in workspaces] == [True]
    assert [leaf(b, "properties.enableRbacAuthorization") for b in created("Microsoft.KeyVault/vaults")] == [True]


def test_the_app_speaks_tls_and_has_no_passwords() -> None:
    """The app takes HTTPS of TLS 1.2 or newer alone, has no FTP and no publishing password."""
    (app,) = created("Microsoft.Web/sites")
    assert leaf(app, "properties.httpsOnly") is True
    assert leaf(app, "properties.siteConfig.minTlsVersion") == "1.2"
    assert leaf(app, "properties.siteConfig.scmMinTlsVersion") == "1.2"
    assert leaf(app, "properties.siteConfig.ftpsState") == "Disabled"
    policies = created("Microsoft.Web/sites/basicPublishingCredentialsPolicies")
    assert {leaf(b, "name"): leaf(b, "properties.allow") for b in policies} == {"ftp": False, "scm": False}


def test_the_app_runs_on_flex_consumption_with_python_3_13() -> None:
    """Plan and runtime are what the code was built for."""
    (app,) = created("Microsoft.Web/sites")
    (plan,) = created("Microsoft.Web/serverfarms")
    assert leaf(plan, "sku.name") == "FC1"
    assert app.body["properties"]["functionAppConfig"]["runtime"] == {"name": "python", "version": "3.13"}
    authentication = app.body["properties"]["functionAppConfig"]["deployment"]["storage"]["authentication"]
    assert authentication["type"] == "UserAssignedIdentity"


def test_no_output_is_a_secret() -> None:
    """What a deployment's history keeps names resources and places; only telemetry's address looks like more."""
    suspicious = [
        (file.path.name, name)
        for file in read_all()
        for name, value in file.outputs.items()
        if SECRET_WORDS.search(name.replace("KEY_VAULT", "")) or "secret" in value.casefold()
    ]
    assert suspicious == [("monitoring.bicep", "connectionString")]


def test_the_webhook_with_the_key_is_a_secure_parameter() -> None:
    """The one value with a key in it is kept out of the deployment's history."""
    subscription = read(INFRA / "event-subscription.bicep")
    assert "@secure()" in subscription.decorators["endpointUrl"]
    assert subscription.outputs == {}
    assert "event-subscription.bicep" not in {module.kind for module in read(INFRA / "main.bicep").modules}


def test_events_start_runs_for_finished_uploads_of_training_files_alone() -> None:
    """Reports, state, empty files of directories and other kinds of events start nothing; lost events are kept."""
    (subscription,) = created("Microsoft.EventGrid/systemTopics/eventSubscriptions")
    properties = subscription.body["properties"]
    assert properties["filter"] == {
        "includedEventTypes": ["Microsoft.Storage.BlobCreated"],
        "subjectBeginsWith": "/blobServices/default/containers/datasets/blobs/",
        "subjectEndsWith": ".jsonl",
        "isSubjectCaseSensitive": False,
        "advancedFilters": [
            {
                "operatorType": "StringIn",
                "key": "data.api",
                "values": ["PutBlob", "PutBlockList", "CopyBlob", "FlushWithClose"],
            }
        ],
    }
    assert properties["destination"]["properties"]["maxEventsPerBatch"] == 1
    dead_letters = properties["deadLetterWithResourceIdentity"]
    assert dead_letters["identity"] == {"type": "SystemAssigned"}
    assert dead_letters["deadLetterDestination"]["properties"]["blobContainerName"] == "deadletter"


def test_the_base_model_is_the_one_that_was_asked_for() -> None:
    """gpt-4o, Standard, 10K tokens a minute, the default filter, no upgrade by itself."""
    main = read(INFRA / "main.bicep")
    assert main.params["baseDeploymentModel"] == "'gpt-4o'"
    assert main.params["baseDeploymentSku"] == "'Standard'"
    assert main.params["baseDeploymentCapacity"] == "10"
    (deployment,) = created("Microsoft.CognitiveServices/accounts/deployments")
    assert leaf(deployment, "properties.raiPolicyName") == "Microsoft.DefaultV2"
    assert leaf(deployment, "properties.versionUpgradeOption") == "NoAutoUpgrade"


def test_the_budget_has_the_shape_of_the_published_type() -> None:
    """Cost, monthly, told at 80 % spent and when the forecast passes 100 %."""
    (budget,) = created("Microsoft.Consumption/budgets")
    properties = budget.body["properties"]
    assert set(properties) == {"amount", "category", "timeGrain", "timePeriod", "notifications"}
    assert (properties["category"], properties["timeGrain"]) == ("Cost", "Monthly")
    told = properties["notifications"].values()
    assert sorted((n["thresholdType"], n["threshold"], n["operator"], n["enabled"]) for n in told) == [
        ("Actual", 80, "GreaterThan", True),
        ("Forecasted", 100, "GreaterThan", True),
    ]


def test_private_names_have_the_shape_of_the_published_type() -> None:
    """Zones are global and linked to the network without registering machines."""
    (zone,) = created("Microsoft.Network/privateDnsZones")
    (link,) = created("Microsoft.Network/privateDnsZones/virtualNetworkLinks")
    assert set(zone.body) == {"name", "location", "tags"}
    assert (zone.body["location"], link.body["location"]) == ("global", "global")
    assert set(link.body["properties"]) == {"registrationEnabled", "virtualNetwork"}
    assert link.body["properties"]["registrationEnabled"] is False
