"""Bad input and bad luck at every door: a failure with code, message and remedy, and nothing left running."""

import json
from datetime import timedelta

import pytest

from emulators.azure_openai.config import Pace
from shared.core.failures import REMEDIES
from tests.e2e.datasets import training_set, validation_set
from tests.e2e.world import a_world


@pytest.fixture
async def world(storage):
    """Return a product in which every slow resource of Azure is finished at once."""
    # With a deadline of a day, a job that never ends is looked at some 200 times, not 5,000 times.
    async with a_world(storage, pace=Pace.instant(), settings={"TRAINING_DEADLINE_SECONDS": "86400"}) as world:
        yield world


async def failed_run(world, *, status, code, stage):
    """Return the one run of the test, which ended as expected: in API and report alike, with nothing left at Azure."""
    run = await world.only_run()
    failure = run["failure"]
    assert (run["status"], failure["code"]) == (status, code), failure
    assert failure["message"]
    assert failure["remedy"] == REMEDIES[code]
    failed = [record["name"] for record in run["stages"] if record["status"] == "failed"]
    assert failed == [stage]
    report = json.loads(world.read(run["report"]["json"]))
    assert report["run"]["failure"] == failure
    assert failure["remedy"].split(":")[0].encode() in world.read(run["report"]["html"])
    nothing_is_left(world)
    return run


def nothing_is_left(world):
    """Assert that Azure OpenAI holds no files, no live jobs and no deployments but its own."""
    state = world.emulator.state
    assert [file for file in state["files"] if file["purpose"] == "fine-tune" and file["status"] != "deleted"] == []
    assert [job["status"] for job in state["jobs"] if job["status"] not in ("succeeded", "failed", "cancelled")] == []
    assert {deployment["name"] for deployment in state["deployments"]} == {"gpt-4o-mini", "gpt-4.1-mini"}


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, "body-not-json"),
        (b"", 400, "body-not-json"),
        (b'{"dataset": "a.jsonl", "options": {"seed": ' + b"[" * 100_000, 400, "body-not-json"),
        (b" " * 300_000 + b"{}", 400, "body-too-large"),
        ([], 400, "body-invalid"),
        ({}, 400, "body-invalid"),
        ({"dataset": 7}, 400, "body-invalid"),
        ({"dataset": "a.jsonl", "force": True}, 400, "body-invalid"),
        ({"dataset": "a.txt"}, 400, "dataset-not-training"),
        ({"dataset": "folder/validation_set.jsonl"}, 400, "dataset-not-training"),
        ({"dataset": "a.jsonl", "options": {"colour": "red"}}, 400, "options-invalid"),
        ({"dataset": "a.jsonl", "options": {"suffix": "a.b"}}, 400, "options-invalid"),
        ({"dataset": "a.jsonl", "options": {"hyperparameters": {"n_epochs": 0}}}, 400, "options-invalid"),
        ({"dataset": "no/such/blob.jsonl"}, 404, "dataset-not-found"),
        ({"dataset": "../../etc/passwd.jsonl"}, 400, "dataset-not-training"),
        ({"dataset": "/a.jsonl"}, 400, "dataset-not-training"),
        ({"dataset": "a\u0000.jsonl"}, 400, "dataset-not-training"),
        ({"dataset": "a" * 2000 + ".jsonl"}, 400, "dataset-not-training"),
    ],
)
async def test_a_bad_start_is_answered_with_a_problem(world, body, status, code):
    """The HTTP door answers bad calls with application/problem+json: code, sentence, remedy; no run begins."""
    answered, headers, problem = await world.call("POST", "runs", body)
    assert (answered, headers["Content-Type"]) == (status, "application/problem+json")
    assert (problem["status"], problem["code"]) == (status, code)
    assert problem["detail"]
    assert problem["remedy"]


@pytest.mark.parametrize("path", ["runs/no-such-run", "runs/%00", "runs/a%2Fb"])
async def test_a_run_that_is_not_ours_is_not_found(world, path):
    """Ids that are not ours give 404, never a server error."""
    status, _, problem = await world.call("GET", path)
    assert status == 404
    assert problem is None or problem["code"] == "run-not-found"


@pytest.mark.parametrize("query", ["top=0", "top=x", "top=201", "continuation_token=-1", "top=%C2%B2"])
async def test_a_bad_query_is_answered_with_a_problem(world, query):
    """Query values that make no sense give 400, never a server error."""
    status, _, problem = await world.call("GET", f"runs?{query}")
    assert (status, problem["code"]) == (400, "query-invalid")


async def test_without_the_function_key_nothing_is_told(world):
    """The API asks for a key before anything else."""
    import aiohttp

    async with aiohttp.ClientSession() as session, session.get(f"{world.host.url}/api/runs") as answer:
        assert answer.status == 401


async def test_an_empty_blob_is_rejected(world):
    """A blob without a byte is a failed run with a name, not silence."""
    await world.drop("training_set.jsonl", b"")
    await failed_run(world, status="rejected", code="empty-dataset", stage="intake")


@pytest.mark.parametrize(
    "options", [b"not json", b'{"colour": "red"}', b'{"seed": -1}', b"\xff\xfe{}", b"[" * 50_000, b"[]"]
)
async def test_bad_options_are_rejected(world, options):
    """An options file that is not what it should be rejects the run, before anything is uploaded."""
    world.put("finetune.json", options)
    await world.drop("training_set.jsonl", training_set())
    await failed_run(world, status="rejected", code="options-invalid", stage="intake")


@pytest.mark.parametrize(
    ("options", "bound"),
    [
        ({"base_model": "gpt-5"}, "ALLOWED_BASE_MODELS"),
        ({"method": "dpo"}, "ALLOWED_METHODS"),
        ({"deployment": {"sku": "ProvisionedManaged"}}, "ALLOWED_SKUS"),
        ({"deployment": {"capacity": 51}}, "MAX_CAPACITY"),
        ({"hyperparameters": {"n_epochs": 11}}, "MAX_EPOCHS"),
    ],
)
async def test_asking_for_more_than_the_settings_allow_is_rejected_by_name(world, options, bound):
    """What a dropper asks for outside a bound is rejected with the bound's name."""
    world.put("finetune.json", json.dumps(options).encode())
    await world.drop("training_set.jsonl", training_set())
    run = await failed_run(world, status="rejected", code="bound-exceeded", stage="intake")
    assert run["failure"]["message"].startswith(bound)


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("MAX_FILE_BYTES", "100"),
        ("MAX_TRAINING_TOKENS", "100"),
        ("MAX_USD_PER_RUN", "0.000001"),
        ("MAX_USD_PER_DAY", "0.000001"),
    ],
)
async def test_the_bounds_on_size_and_dollars_reject_by_name(storage, setting, value):
    """The bounds on bytes, tokens and dollars hold as well."""
    async with a_world(storage, pace=Pace.instant(), settings={setting: value}) as world:
        await world.drop("training_set.jsonl", training_set())
        run = await world.only_run()
        assert (run["status"], run["failure"]["code"]) == ("rejected", "bound-exceeded")
        assert run["failure"]["message"].startswith(setting)
        nothing_is_left(world)


async def test_a_training_type_that_is_not_allowed_is_rejected_by_name(storage):
    """The bound on training types holds as well."""
    settings = {"ALLOWED_TRAINING_TYPES": "Standard", "DEFAULT_TRAINING_TYPE": "Standard"}
    async with a_world(storage, pace=Pace.instant(), settings=settings) as world:
        world.put("finetune.json", b'{"training_type": "GlobalStandard"}')
        await world.drop("training_set.jsonl", training_set())
        assert (await world.only_run())["failure"]["message"].startswith("ALLOWED_TRAINING_TYPES")


async def test_one_run_too_many_at_once_is_rejected(storage):
    """While a run is at work, another one is outside of a bound of one; afterwards it is not."""
    settings = {
        "MAX_RUNS_AT_ONCE": "1",
        "STATE_CONTAINER": "tunedrop-one-at-once",
        "TRAINING_DEADLINE_SECONDS": "86400",
    }
    async with a_world(storage, pace=Pace.instant(), settings=settings) as world:
        world.emulator.order_outcome("job", "stay_pending")
        first = await world.drop("one/training_set.jsonl", training_set())
        second = await world.drop("two/training_set.jsonl", training_set(13))
        runs = {run["dataset"]: run for run in [await world.finished(row["run_id"]) for row in await world.runs()]}
        assert sorted(run["status"] for run in runs.values()) == ["failed", "rejected"]
        rejected = next(run for run in runs.values() if run["status"] == "rejected")
        assert rejected["failure"]["message"].startswith("MAX_RUNS_AT_ONCE")
        await world.drop("three/training_set.jsonl", training_set(14))
        third = next(row for row in await world.runs() if "three" in row["dataset"])
        assert (await world.finished(third["run_id"]))["status"] == "succeeded"
        assert {first, second} == set(runs)


async def test_broken_lines_are_rejected_with_their_numbers(world):
    """A dataset with broken lines is rejected; report and status name each line and what to do, never its text."""
    broken = training_set(12) + b'{"messages": [\n' + b'{"messages": [{"role": "user", "content": "SECRET"}]}\n'
    await world.drop("training_set.jsonl", broken)
    run = await failed_run(world, status="rejected", code="dataset-invalid", stage="validation")
    assert [issue["line"] for issue in run["validation"]["issues"] if issue["severity"] == "error"] == [13, 14]
    assert all(issue["remedy"] for issue in run["validation"]["issues"])
    assert b"SECRET" not in world.read(run["report"]["json"])


@pytest.mark.parametrize("outcome", ["fail_data_check", "fail_model_evaluation", "fail_invalid_data", "fail_internal"])
async def test_a_job_that_fails_says_why_and_leaves_nothing(world, outcome):
    """What the service says of a failed job is told word for word, and the files are gone."""
    world.emulator.order_outcome("job", outcome)
    await world.drop("training_set.jsonl", training_set())
    run = await failed_run(world, status="failed", code="job-failed", stage="training")
    assert run["failure"]["detail"]
    assert run["cleaned_up"]


@pytest.mark.parametrize("outcome", ["stay_pending", "unknown_status"])
async def test_a_job_that_never_ends_is_cancelled_at_the_deadline(world, outcome):
    """A stuck job, and one in a state that nobody knows, is waited for until the deadline and then cancelled."""
    world.emulator.order_outcome("job", outcome)
    await world.drop("training_set.jsonl", training_set())
    run = await failed_run(world, status="failed", code="timed-out", stage="training")
    assert any("cancel the job" in done for done in run["cleaned_up"])


async def test_a_deployment_that_fails_is_deleted(world):
    """A deployment that ends as Failed is deleted; the run says so."""
    world.emulator.order_outcome("deployment", "fail")
    await world.drop("training_set.jsonl", training_set())
    run = await failed_run(world, status="failed", code="deployment-failed", stage="deployment")
    assert any("delete the deployment" in done for done in run["cleaned_up"])


async def test_a_slow_deployment_is_deleted_once_the_service_lets_us(storage):
    """A deployment in the making at its deadline cannot be deleted yet; the clean-up waits until it can."""
    pace = Pace(mode="timed", deployment=timedelta(minutes=50))
    settings = {"DEPLOYMENT_DEADLINE_SECONDS": "2400"}
    async with a_world(storage, pace=pace, settings=settings) as world:
        await world.drop("training_set.jsonl", training_set())
        run = await failed_run(world, status="failed", code="timed-out", stage="deployment")
        assert run["cleaned_up"][-1].startswith("delete the deployment")
        assert run["warnings"] == []


async def test_a_deployment_that_cannot_be_deleted_is_named(world):
    """A deployment that is stuck for ever is no secret: the run's warnings name it; everything else is undone."""
    world.emulator.order_outcome("deployment", "stuck")
    await world.drop("training_set.jsonl", training_set())
    run = await world.only_run()
    assert (run["status"], run["failure"]["code"]) == ("failed", "timed-out")
    assert run["plan"]["deployment_name"] in run["warnings"][0]
    assert any("delete the training file" in done for done in run["cleaned_up"])


async def test_a_file_that_the_service_cannot_use_ends_the_run(world):
    """A file that turns to error is told with the service's words."""
    world.emulator.order_outcome("file", "error")
    await world.drop("training_set.jsonl", training_set())
    await failed_run(world, status="failed", code="file-refused", stage="upload")


async def test_a_foreign_deployment_is_never_touched(world):
    """A name that belongs to a deployment without our tags rejects the run before any money is spent."""
    world.put("finetune.json", json.dumps({"deployment": {"name": "gpt-4o-mini"}}).encode())
    await world.drop("training_set.jsonl", training_set())
    await failed_run(world, status="rejected", code="deployment-name-taken", stage="validation")
    assert "put_deployment" not in world.emulator.state["counts"]
    assert "create_fine_tuning_job" not in world.emulator.state["counts"]


async def test_a_missed_phrase_fails_verification_and_deletes_the_deployment(world):
    """A model that does not say what the options expect is not left deployed."""
    world.put("finetune.json", json.dumps({"verification": {"expected": "Meow"}}).encode())
    world.put("validation_set.jsonl", validation_set())
    await world.drop("training_set.jsonl", training_set())
    run = await failed_run(world, status="failed", code="expected-phrase-missing", stage="verification")
    assert run["verification"]["problems"] == ["expected-phrase-missing"] * 3


async def test_a_filtered_question_fails_verification(world):
    """A question that the content filter stops is a failed verification, not a crash."""
    questions = [{"prompt": "EMULATED-CONTENT-FILTER"}]
    world.put("finetune.json", json.dumps({"verification": {"questions": questions}}).encode())
    await world.drop("training_set.jsonl", training_set())
    await failed_run(world, status="failed", code="answer-filtered", stage="verification")


async def test_a_busy_deployment_is_waited_for(world):
    """429 while verifying is no failure: the question is asked again later."""
    world.emulator.add_fault(
        "chat_completion", nth=2, status=429, headers={"Retry-After": "180"}, body={"error": {"code": "429"}}
    )
    await world.drop("training_set.jsonl", training_set())
    run = await world.only_run()
    assert run["status"] == "succeeded", run["failure"]


async def test_an_outage_while_waiting_is_survived(world):
    """Twelve failed looks in a row at the job do not fail the run: the next one succeeds."""
    world.emulator.add_fault(
        "get_fine_tuning_job", first=12, status=503, body={"error": {"code": "ServiceUnavailable"}}
    )
    await world.drop("training_set.jsonl", training_set())
    run = await world.only_run()
    assert run["status"] == "succeeded", run["failure"]


async def test_a_lost_answer_to_a_job_creation_makes_no_second_job(world):
    """When the answer to the POST is lost after its effect, the job is found and adopted."""
    world.emulator.add_fault("create_fine_tuning_job", nth=1, drop=True, when="after")
    await world.drop("training_set.jsonl", training_set())
    run = await world.only_run()
    assert run["status"] == "succeeded", run["failure"]
    assert len(world.emulator.state["jobs"]) == 1
