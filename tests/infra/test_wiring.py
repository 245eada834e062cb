"""The files of the infrastructure fit one another and the app: modules, parameters, names, refusals."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from shared.blueprints import names
from tests.infra.bicep import INFRA, ROOT, Bicep, Expression, read, read_all

MAIN = read(INFRA / "main.bicep")
MODELS: dict[str, Any] = json.loads((INFRA / "models.json").read_text())
PARAMETERS: dict[str, Any] = json.loads((INFRA / "main.parameters.json").read_text())["parameters"]
CALLS = [(module.symbol, module) for module in MAIN.modules]


@pytest.mark.parametrize(("symbol", "module"), CALLS, ids=[symbol for symbol, _ in CALLS])
def test_a_module_gets_the_parameters_that_it_takes(symbol: str, module: Any) -> None:
    """No parameter is unknown to the module, none that it requires is missing."""
    takes = read(INFRA / module.kind).params
    given = set(module.body["params"])
    assert given - set(takes) == set()
    assert {name for name, default in takes.items() if default is None} - given == set()


def test_every_output_that_is_read_exists() -> None:
    """main.bicep reads only outputs that its modules have."""
    outputs = {module.symbol: set(read(INFRA / module.kind).outputs) for module in MAIN.modules}
    reads = re.findall(r"\b(\w+)!?\.outputs\.(\w+)", MAIN.text)
    assert len(reads) > 20
    assert [(module, name) for module, name in reads if name not in outputs[module]] == []


@pytest.mark.parametrize("file", read_all(), ids=lambda file: file.path.name)
def test_nothing_is_declared_in_vain(file: Bicep) -> None:
    """Every parameter and variable is used where it is declared (Bicep's linter would say so too)."""
    for name in {*file.params, *file.variables}:
        assert len(re.findall(rf"\b{name}\b", file.text)) > 1, name


def test_every_module_file_is_used() -> None:
    """No module lies around."""
    used = {module.kind for module in MAIN.modules}
    assert used == {f"modules/{path.name}" for path in (INFRA / "modules").glob("*.bicep")}


def test_azd_can_set_every_parameter_and_knows_the_same_defaults() -> None:
    """main.parameters.json names each parameter with a variable and, where the template has one, its default."""
    # The group's region and the current month are worked out by the template.
    assert set(MAIN.params) - set(PARAMETERS) == {"location", "budgetStartDate"}
    for name, entry in PARAMETERS.items():
        match = re.fullmatch(r"\$\{([A-Z_]+)(?:=(.*))?\}", entry["value"])
        assert match, name
        default = (MAIN.params[name] or "").strip("'")
        assert (match[2] or "") == default, name


def test_models_and_regions_are_those_of_the_documentation() -> None:
    """Azure's list of models for fine-tuning (October 2026): where each trains and runs in its own region."""
    pairs = {
        name: (model["standardTraining"], model["standardDeployment"], model["developerDeployment"])
        for name, model in MODELS.items()
    }
    both = ["northcentralus", "swedencentral"]
    assert pairs == {
        "gpt-4o-mini-2024-07-18": (both, both, False),
        "gpt-4o-2024-08-06": (["eastus2", *both], ["eastus2", "swedencentral"], False),
        "gpt-4.1-2025-04-14": (both, both, True),
        "gpt-4.1-mini-2025-04-14": (both, both, True),
        "gpt-4.1-nano-2025-04-14": (both, both, True),
    }
    assert [name for name, model in MODELS.items() if "dpo" not in model["methods"]] == ["gpt-4o-mini-2024-07-18"]


def test_the_choices_of_a_parameter_are_the_tables() -> None:
    """A model or region that the table does not know cannot be given."""
    assert set(re.findall(r"'([^']+)'", MAIN.decorators["defaultBaseModel"])) == set(MODELS)
    regions = {region for model in MODELS.values() for region in model["standardTraining"]}
    allowed = MAIN.decorators["openAiLocation"].partition("@allowed(")[2]
    assert set(re.findall(r"'([^']+)'", allowed)) == regions


def test_what_cannot_work_stops_the_deployment_before_anything_is_made() -> None:
    """Every refusal ends in fail(), and no resource or module can be placed without passing it."""
    region = MAIN.variables["region"].text
    assert region == "empty(refusals) ? location : fail(join(refusals, ' '))"
    placed = [r.body["location"] for r in MAIN.resources if not r.existing]
    placed += [m.body["params"]["location"] for m in MAIN.modules if "location" in m.body["params"]]
    assert len(placed) > 8
    guards = {"region", "empty(refusals) ? openAiLocation : fail(join(refusals, ' '))"}
    assert {value.text for value in placed if isinstance(value, Expression)} <= guards
    assert "param location string = resourceGroup().location" in MAIN.text


@pytest.mark.parametrize(
    "condition",
    [
        "defaultTrainingType == 'Standard' && !contains(model.standardTraining, openAiLocation)",
        "defaultSku == 'Standard' && !contains(model.standardDeployment, openAiLocation)",
        "defaultSku == 'DeveloperTier' && !model.developerDeployment",
        "!contains(model.methods, defaultMethod)",
        "hierarchicalNamespace && !separateDatasetsAccount",
        "networkIsolation && durableBackend == 'DurableTaskScheduler'",
        "isNewAccount && !empty(openAiKeySecretName)",
        "!isNewAccount && !isAccountId",
        "defaultCapacity > maxCapacity",
    ],
)
def test_a_combination_that_cannot_work_is_refused(condition: str) -> None:
    """The list of refusals has the condition with a sentence for it."""
    refusals = MAIN.variables["refusals"].text
    assert re.search(re.escape(condition) + r"\s*\? '[^\n]{20,}\.'\s*: ''", refusals)


def test_containers_are_those_of_the_settings() -> None:
    """The account has a container for datasets, reports, state, dead letters and the package."""
    assert MAIN.variables["packageContainer"] == "deploymentpackage"
    assert MAIN.variables["deadLetterContainer"] == "deadletter"
    containers = MAIN.variables["dataContainers"]
    assert containers == ["datasets", "reports", "tunedrop", Expression("deadLetterContainer")]
    settings = MAIN.variables["settings"]
    assert (settings["REPORTS_CONTAINER"], settings["STATE_CONTAINER"]) == ("reports", "tunedrop")


def test_alerts_ask_for_functions_that_exist() -> None:
    """A function that is renamed takes its alert with it."""
    text = (INFRA / "modules" / "alerts.bicep").read_text()
    asked = {name for name in re.findall(r'"(\w+)"', text) if "_" in name}
    known = {value for key, value in vars(names).items() if key.isupper()} | {"on_dataset_blob", "check_"}
    assert asked <= known
    assert {"clean_up", "run_dataset", "publish_report", "on_dataset_blob"} <= asked
    assert {rule["key"] for rule in read(INFRA / "modules" / "alerts.bicep").variables["rules"]} == {
        "failed-runs",
        "stuck-runs",
        "failing-checks",
        "poison-messages",
    }


def test_azd_runs_this_template_and_the_hook() -> None:
    """azure.yaml names the template, one Python function app by its tag, and its hooks for each family of shells."""
    project = yaml.safe_load((ROOT / "azure.yaml").read_text())
    assert project["infra"] == {"provider": "bicep", "path": "infra", "module": "main"}
    assert project["services"] == {"app": {"project": ".", "language": "python", "host": "function"}}
    assert "'azd-service-name': 'app'" in (INFRA / "modules" / "function.bicep").read_text()
    assert set(project["hooks"]) == {"predeploy", "postdeploy"}
    for hook in (shell for hooks in project["hooks"].values() for shell in hooks.values()):
        assert (ROOT / hook["run"]).is_file()
        assert hook["continueOnError"] is False


@pytest.mark.parametrize("script", ["postdeploy.sh", "postdeploy.ps1"])
def test_the_hook_names_the_apps_trigger_and_outputs(script: str) -> None:
    """Both hooks subscribe the function that exists, with variables that the template gives."""
    text = (ROOT / "scripts" / script).read_text()
    trigger = re.search(r"Host\.Functions\.(\w+)", text)
    assert trigger
    assert f"def {trigger[1]}(" in (ROOT / "shared" / "blueprints" / "triggers.py").read_text()
    given = {*MAIN.outputs, "AZURE_SUBSCRIPTION_ID"}
    assert set(re.findall(r"\b[A-Z]+(?:_[A-Z]+)+\b", text)) <= given
    assert Path("infra/event-subscription.bicep").as_posix() in text


def test_the_workflow_checks_what_this_machine_cannot() -> None:
    """CI compiles and lints both templates, runs every test, and audits honestly; it may only read."""
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "check.yml").read_text())
    scripts = "\n".join(step.get("run", "") for job in workflow["jobs"].values() for step in job["steps"])
    for command in ("az bicep build", "az bicep lint", "make test", "pip-audit --strict"):
        assert command in scripts
    assert {"infra/main.bicep", "infra/event-subscription.bicep"} <= set(re.findall(r"infra/[\w.-]+", scripts))
    assert workflow["permissions"] == {"contents": "read"}


def test_the_guide_names_every_variable() -> None:
    """docs/deploy.md has a row for each variable that azd takes, but the environment's name, which azd sets."""
    guide = (ROOT / "docs" / "deploy.md").read_text()
    section = guide.partition("## Parameters")[2].partition("### Durable Task Scheduler")[0]
    named = {
        name for row in re.findall(r"^\| (`.*?`) \|", section, re.MULTILINE) for name in re.findall(r"`(\w+)`", row)
    }
    variables = {re.findall(r"[A-Z_]+", entry["value"])[0] for entry in PARAMETERS.values()}
    assert variables ^ named == {"AZURE_ENV_NAME"}
