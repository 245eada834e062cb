"""How files, jobs and deployments go through their states as time goes by, is stepped by hand, or does not matter."""

from datetime import timedelta

import requests

from emulators.azure_openai.config import EmulatorConfig, Limits, Pace
from tests.emulators.azure_openai.world import START, Start, World


def test_a_file_is_pending_then_running_then_processed(world: World) -> None:
    """A file takes its time through three states."""
    identifier = world.upload()
    seen = [world.ask("GET", f"/files/{identifier}").json()["status"]]
    for _ in range(2):
        world.wait(seconds=10)
        seen.append(world.ask("GET", f"/files/{identifier}").json()["status"])
    assert seen == ["pending", "running", "processed"]


def test_a_job_on_a_pending_file_is_refused(world: World) -> None:
    """A job cannot start from a file that the service has not looked at."""
    body = {"model": "gpt-4.1-mini", "training_file": world.upload(), "trainingType": "globalStandard"}
    answer = world.ask("POST", "/fine_tuning/jobs", json=body)
    message = "The specified file reference must point to a completed file import."
    assert (answer.status_code, answer.json()) == (400, {"error": {"code": "invalidPayload", "message": message}})


def test_a_job_reports_its_steps_while_it_trains(world: World, ready_file: str) -> None:
    """Ten minutes of queue, a hundred steps in a hundred minutes, twenty minutes of postprocessing."""
    job = world.create_job(ready_file)
    assert world.status(job) == "pending"
    world.wait(minutes=10)
    assert world.status(job) == "running"
    world.wait(minutes=25)
    steps = [message.split(":")[0] for message in world.messages(job) if message.startswith("Step")]
    assert steps == ["Step 1", "Step 10", "Step 20"]
    checkpoints = world.ask("GET", f"/fine_tuning/jobs/{job}/checkpoints").json()["data"]
    assert [checkpoint["step_number"] for checkpoint in checkpoints] == [20, 10]
    world.wait(minutes=75)
    assert world.status(job) == "running"
    assert world.messages(job)[-1] == "Postprocessing started."
    world.wait(minutes=20)
    assert world.status(job) == "succeeded"


def test_times_are_those_of_the_clock_not_of_the_look(world: World, ready_file: str) -> None:
    """Whoever looks after ten days sees when things happened."""
    created = int((START + timedelta(seconds=20)).timestamp())
    job = world.create_job(ready_file)
    world.wait(days=10)
    finished = world.job(job)
    assert (finished["created_at"], finished["finished_at"]) == (created, created + 130 * 60)
    assert finished["estimated_finish"] == created + 130 * 60
    events = world.ask("GET", f"/fine_tuning/jobs/{job}/events?limit=100").json()["data"]
    started = next(event["created_at"] for event in events if event["message"] == "Job started.")
    step = next(event["created_at"] for event in events if event["message"].startswith("Step 50:"))
    assert (started, step) == (created + 600, created + 600 + 50 * 60)


def test_jobs_wait_for_a_free_slot_and_start_when_it_is_free(start: Start) -> None:
    """With one place, the second job starts at the minute in which the first one ends."""
    pace = Pace(mode="timed", training=timedelta(minutes=60))
    world = start(EmulatorConfig(pace=pace, limits=Limits(running_jobs=1)))
    file = world.upload()
    first, second = world.create_job(file), world.create_job(file)
    world.wait(minutes=30)
    assert (world.status(first), world.status(second)) == ("running", "pending")
    world.wait(days=1)
    ended = [world.job(job)["finished_at"] for job in (first, second)]
    assert ended == [int((START + timedelta(minutes=minutes)).timestamp()) for minutes in (60, 120)]


def test_developer_jobs_have_slots_of_their_own(start: Start) -> None:
    """A full house of other jobs does not keep a developer job waiting."""
    pace = Pace(mode="timed", training=timedelta(minutes=60))
    world = start(EmulatorConfig(pace=pace, limits=Limits(running_jobs=1)))
    file = world.upload()
    world.create_job(file)
    developer = world.create_job(file, trainingType="developerTier")
    assert world.status(developer) == "running"


def test_the_queue_has_an_end(start: Start) -> None:
    """One more queued job than allowed is refused."""
    world = start(EmulatorConfig(pace=Pace(mode="timed", queue=timedelta(hours=1)), limits=Limits(queued_jobs=2)))
    file = world.upload()
    world.create_job(file)
    world.create_job(file)
    body = {"model": "gpt-4.1-mini", "training_file": file, "trainingType": "globalStandard"}
    answer = world.ask("POST", "/fine_tuning/jobs", json=body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "quotaExceeded")


def test_a_job_pauses_with_a_checkpoint_and_resumes_where_it_was(world: World, ready_file: str) -> None:
    """A pause stops the training after whole steps; the rest takes as long as was left."""
    job = world.create_job(ready_file)
    path = f"/fine_tuning/jobs/{job}"
    assert world.ask("POST", f"{path}/pause").status_code == 409
    world.wait(minutes=10)
    assert world.status(job) == "running"
    world.wait(minutes=40)
    assert world.ask("POST", f"{path}/pause").json()["status"] == "pausing"
    world.wait(minutes=5)
    assert world.status(job) == "paused"
    newest = world.ask("GET", f"{path}/checkpoints").json()["data"][0]
    assert newest["step_number"] == 40
    world.wait(days=3)
    assert world.ask("POST", f"{path}/resume").json()["status"] == "resuming"
    world.wait(minutes=5)
    assert world.status(job) == "running"
    world.wait(minutes=59)
    assert world.messages(job)[-1].startswith("Step 90:")
    world.wait(minutes=21)
    assert world.status(job) == "succeeded"
    steps = [message.split(":")[0] for message in world.messages(job) if message.startswith("Step")]
    assert steps == ["Step 1", *[f"Step {step}" for step in range(10, 101, 10)]]


def test_a_cancelled_job_keeps_its_checkpoints(world: World, ready_file: str) -> None:
    """A job can be cancelled while it trains, once, and what it had learned stays."""
    job = world.create_job(ready_file)
    world.wait(minutes=10)
    world.status(job)
    world.wait(minutes=35)
    world.status(job)
    cancelled = world.ask("POST", f"/fine_tuning/jobs/{job}/cancel").json()
    assert cancelled["status"] == "cancelled"
    assert cancelled["finished_at"] == int(world.at.timestamp())
    assert len(world.ask("GET", f"/fine_tuning/jobs/{job}/checkpoints").json()["data"]) == 3
    assert world.ask("POST", f"/fine_tuning/jobs/{job}/cancel").status_code == 409
    world.wait(days=1)
    assert world.status(job) == "cancelled"


def test_by_hand_everything_moves_one_state_at_a_time(start: Start) -> None:
    """At a manual pace nothing happens until it is asked for, however much time goes by."""
    world = start(EmulatorConfig(pace=Pace.manual()))
    file = world.upload()
    world.wait(days=1)
    assert world.ask("GET", f"/files/{file}").json()["status"] == "pending"
    assert world.emulator.advance("file", file)
    assert world.emulator.advance("file", file)
    assert not world.emulator.advance("file", file)
    job = world.create_job(file)
    seen = []
    while world.emulator.advance("job", job):
        seen.append((world.status(job), world.messages(job)[-1].split(":")[0]))
    assert seen == [
        ("running", seen[0][1]),
        ("running", "Postprocessing started."),
        ("succeeded", "Training tokens billed"),
    ]


def test_time_per_example_makes_big_jobs_longer(start: Start) -> None:
    """Training takes longer by the number of examples and epochs."""
    pace = Pace(mode="timed", training=timedelta(minutes=1), training_per_example=timedelta(seconds=6))
    world = start(EmulatorConfig(pace=pace))
    file = world.upload()
    job = world.job(world.create_job(file, hyperparameters={"n_epochs": 2}))
    assert job["estimated_finish"] == int((START + timedelta(minutes=3)).timestamp())


def test_a_tuned_model_can_be_tuned_further(world: World, ready_file: str) -> None:
    """A job may start from the model of another; it keeps what that had learned."""
    first = world.create_job(ready_file)
    world.wait(days=1)
    model = world.job(first)["fine_tuned_model"]
    second = world.create_job(ready_file, model=model)
    world.wait(days=1)
    assert world.job(second)["model"] == model
    rows = [m for m in world.messages(second) if m.startswith("Step 1:")]
    assert float(rows[0].split("=")[1]) < 0.5


def test_uploads_expire(world: World) -> None:
    """An upload that is not completed within two hours is gone."""
    headers = {"api-key": world.emulator.api_key}
    base = f"{world.emulator.url}/openai/uploads"
    query = "?api-version=2025-04-01-preview"
    body = {"filename": "a.jsonl", "purpose": "fine-tune", "bytes": 3, "mime_type": "application/jsonl"}
    upload = requests.post(f"{base}{query}", headers=headers, json=body, timeout=30).json()
    world.wait(hours=2)
    answer = requests.post(f"{base}/{upload['id']}/cancel{query}", headers=headers, timeout=30)
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "unexpectedEntityState")
    assert world.emulator.state["uploads"] == [{"id": upload["id"], "status": "expired"}]


def test_things_are_moved_over_http(start: Start) -> None:
    """The admin route moves one thing, and says when there is nothing to move."""
    world = start(EmulatorConfig(pace=Pace.manual()))
    body = {"kind": "file", "id": world.upload()}
    url = f"{world.emulator.url}/emulator/advance"
    answers = [requests.post(url, json=body, timeout=30) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 409]
    assert answers[1].json()["files"][0]["status"] == "processed"
    assert requests.post(url, json={"kind": "day", "id": "x"}, timeout=30).status_code == 400
