"""Trouble on order: failing requests and things that end badly."""

import pytest
import requests

from emulators.azure_openai.config import EmulatorConfig
from emulators.azure_openai.faults import Fault, Faults, Outcomes
from emulators.azure_openai.identity import issue_token
from tests.emulators.azure_openai.world import Start, World


@pytest.mark.parametrize(
    ("rule", "struck"),
    [
        ({}, [True, True, True, True]),
        ({"nth": 2}, [False, True, False, False]),
        ({"first": 2}, [True, True, False, False]),
        ({"every": 2}, [False, True, False, True]),
    ],
)
def test_which_occurrences_a_rule_strikes(rule: dict[str, int], struck: list[bool]) -> None:
    """A rule counts the requests of its operation and leaves others alone."""
    faults = Faults()
    faults.add(Fault("get_file", status=500, **rule))
    assert faults.meet("create_file") is None
    assert [faults.meet("get_file") is not None for _ in range(4)] == struck


def test_a_rule_with_an_unknown_member_is_refused() -> None:
    """A misspelt rule must not pass for one that never strikes."""
    with pytest.raises(ValueError, match="statuss"):
        Fault.parse({"operation": "get_file", "statuss": 500})


def test_an_unknown_outcome_is_refused() -> None:
    """Only outcomes that exist can be ordered."""
    with pytest.raises(ValueError, match="explode"):
        Outcomes().order("job", "explode")


@pytest.fixture
def instant(start: Start) -> World:
    """Return an account in which everything is over when it is looked at again."""
    return start(EmulatorConfig())


def test_an_answer_before_the_effect(instant: World) -> None:
    """A fault before the effect answers as ordered, and nothing was done."""
    instant.emulator.add_fault("create_file", first=1, status=503, body={"error": "busy"}, headers={"Retry-After": "7"})
    form = {"files": {"file": ("a.jsonl", b"{}\n")}, "data": {"purpose": "fine-tune"}}
    answer = instant.ask("POST", "/files", **form)
    assert (answer.status_code, answer.json(), answer.headers["Retry-After"]) == (503, {"error": "busy"}, "7")
    assert instant.emulator.state["files"] == []
    assert instant.ask("POST", "/files", **form).status_code == 200


def test_a_dropped_connection_after_the_effect(instant: World) -> None:
    """A fault after the effect loses the answer, not the job."""
    file = instant.upload()
    instant.emulator.add_fault("create_fine_tuning_job", nth=1, drop=True, when="after")
    with pytest.raises(requests.ConnectionError):
        instant.create_job(file)
    assert len(instant.emulator.state["jobs"]) == 1


def test_rules_are_managed_over_http(instant: World) -> None:
    """Rules can be made, listed with what they did, and lifted; bad ones are refused."""
    url = f"{instant.emulator.url}/emulator/faults"
    made = requests.post(url, json={"operation": "list_models", "status": 429}, timeout=30)
    assert instant.ask("GET", "/models").status_code == 429
    listed = requests.get(url, timeout=30).json()["faults"]
    assert [(fault["operation"], fault["struck"]) for fault in listed] == [("list_models", 1)]
    assert requests.delete(f"{url}/{made.json()['id']}", timeout=30).status_code == 204
    assert instant.ask("GET", "/models").status_code == 200
    assert requests.post(url, json={"status": 500}, timeout=30).status_code == 400


@pytest.mark.parametrize(
    ("result", "status", "code", "message"),
    [
        ("fail_data_check", "failed", "contentFilter", "The provided training data failed RAI checks"),
        ("fail_model_evaluation", "failed", "contentFilter", "This model is unable to be deployed."),
        ("fail_invalid_data", "failed", "jsonlValidationFailed", "Validation of jsonl file failed"),
        ("fail_internal", "failed", "internalFailure", "The fine-tuning job failed"),
    ],
)
def test_jobs_fail_as_ordered(instant: World, result: str, status: str, code: str, message: str) -> None:
    """The next job fails with the published text, leaves no model, and the one after it succeeds."""
    instant.emulator.order_outcome("job", result)
    file = instant.upload()
    job = instant.job(instant.create_job(file))
    assert job["status"] == status
    assert isinstance(job["error"], dict)
    assert job["error"]["code"] == code
    assert job["error"]["message"].startswith(message)
    assert "fine_tuned_model" not in job
    assert instant.emulator.state["models"] == []
    assert instant.status(instant.create_job(file)) == "succeeded"


def test_a_job_can_stay_pending_or_show_an_unknown_status(instant: World) -> None:
    """What a client must not wait for without end, and what it may not know."""
    file = instant.upload()
    instant.emulator.order_outcome("job", "stay_pending")
    instant.emulator.order_outcome("job", "unknown_status", status="reviewing")
    pending, unknown = instant.create_job(file), instant.create_job(file)
    instant.wait(days=30)
    assert (instant.status(pending), instant.status(unknown)) == ("pending", "reviewing")
    assert instant.ask("POST", f"/fine_tuning/jobs/{unknown}/cancel").json()["status"] == "cancelled"


def test_a_file_can_end_in_error(instant: World) -> None:
    """The next file is refused with the ordered text."""
    instant.emulator.order_outcome("file", "error", message="Not today.")
    file = instant.ask("GET", f"/files/{instant.upload()}").json()
    assert (file["status"], file["status_details"]) == ("error", "Not today.")


@pytest.mark.parametrize(("result", "state"), [("fail", "Failed"), ("stuck", "Creating")])
def test_deployments_fail_or_hang_as_ordered(instant: World, result: str, state: str) -> None:
    """The next deployment fails or never gets ready."""
    requests.post(
        f"{instant.emulator.url}/emulator/outcomes", json={"kind": "deployment", "result": result}, timeout=30
    )
    headers = {"Authorization": f"Bearer {issue_token('https://management.azure.com')['access_token']}"}
    url = f"{instant.emulator.url}{instant.emulator.resource_id}/deployments/a?api-version=2025-09-01"
    model = {"format": "OpenAI", "name": "gpt-4.1", "version": "2025-04-14"}
    body = {"sku": {"name": "GlobalStandard", "capacity": 1}, "properties": {"model": model}}
    made = requests.put(url, headers=headers, json=body, timeout=30)
    instant.wait(days=1)
    assert requests.get(url, headers=headers, timeout=30).json()["properties"]["provisioningState"] == state
    operation = requests.get(made.headers["Azure-AsyncOperation"], headers=headers, timeout=30).json()
    assert operation["status"] == {"Failed": "Failed", "Creating": "InProgress"}[state]
    chat = {"model": "a", "messages": [{"role": "user", "content": "Hi"}]}
    assert instant.ask("POST", "/chat/completions", json=chat).status_code == 404


def test_the_request_log_counts_and_names_but_keeps_no_bodies(instant: World) -> None:
    """Tests can ask what was asked, by the stable name of the operation."""
    instant.upload()
    state = requests.get(f"{instant.emulator.url}/emulator/state", timeout=30).json()
    assert state["counts"]["create_file"] == 1
    logged = {name: state["requests"][0][name] for name in ("operation", "method", "path", "status")}
    assert logged == {"operation": "create_file", "method": "POST", "path": "/openai/v1/files", "status": 200}
    assert requests.post(f"{instant.emulator.url}/emulator/reset", timeout=30).status_code == 204
    after = instant.emulator.state
    assert (after["files"], after["counts"]) == ([], {})
