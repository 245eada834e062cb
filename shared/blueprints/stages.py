"""The chapters of a run's story, one a stage; each leaves in the state what the next one needs."""

from datetime import timedelta

from durabletask import task
from msgspec.structs import replace

from shared.blueprints import names
from shared.blueprints import payloads as p
from shared.blueprints.story import RunEnded, Steps, Story
from shared.core import transitions
from shared.core.failures import Failure, failure
from shared.core.plans import Plan
from shared.core.polling import CheckResult
from shared.core.runs import ReportLinks, UploadedFiles
from shared.core.validation import SplitName
from shared.stages.cleanup import CleanUp
from shared.stages.intake import Intake


def intake(story: Story) -> Steps[Plan]:
    """Wait the grace period for the parts that are not there yet, then pin them all and settle the plan."""
    story.enter("intake", "its validation and options files")
    dataset = p.DatasetPath(container=story.request.container, path=story.request.path)
    found = yield from story.call(names.FIND_PARTS, dataset, p.PartsFound)
    if not found.complete and story.request.pace.grace_seconds > 0:
        grace = timedelta(seconds=story.request.pace.grace_seconds)
        story.state.next_check_at = story.now + grace
        story.tell()
        yield story.context.create_timer(grace)
    settled = yield from story.call(names.SETTLE_PLAN, story.request, Intake)
    plan = story.state.plan = _present(settled.plan)
    if plan.validation_split and plan.validation is None:
        parts = yield from story.call(names.SPLIT_DATASET, p.ForPlan(plan=plan), p.SplitBlobs)
        plan = replace(plan, training=_present(parts.training), validation=_present(parts.validation))
        story.state.plan = plan
    story.leave()
    return plan


def validation(story: Story, plan: Plan) -> Steps[None]:
    """Check every example, estimate what training costs, and ask the bounds."""
    story.enter("validation", "the check of every example")
    checked = yield from story.call(names.VALIDATE_DATASET, p.ForPlan(plan=plan), p.Validated)
    summary = story.state.validation = _present(checked.summary)
    story.state.estimate = checked.estimate
    if not summary.valid:
        errors = "1 error" if summary.error_count == 1 else f"{summary.error_count:,} errors"
        raise RunEnded(failure("dataset-invalid", f"Validation found {errors}."))
    admission = p.Admission(plan=plan, estimate=_present(checked.estimate))
    yield from story.call(names.ADMIT_RUN, admission, CheckResult)
    story.leave()


def upload(story: Story, plan: Plan) -> Steps[UploadedFiles]:
    """Upload every split and wait until the service has processed them."""
    story.enter("upload", "the upload of the files")
    ids: dict[SplitName, str] = {}
    splits: list[SplitName] = ["training", "validation"] if plan.validation else ["training"]
    for split in splits:
        created = yield from story.call(names.UPLOAD_FILE, p.SplitUpload(plan=plan, split=split), CheckResult)
        ids[split] = _present(created.file).id
        story.state.files = UploadedFiles(training=ids["training"], validation=ids.get("validation", ""))
    waits = [
        story.waiting_task(
            f"upload-{split}",
            story.wait_for(
                names.CHECK_FILE,
                p.FileCheck(file_id=ids[split], split=split),
                f"the {split} file to be processed",
                story.request.pace.file_deadline_seconds,
            ),
        )
        for split in splits
    ]
    for answer in (yield from story.outcome(task.when_all(waits))):
        story.learn(answer)
    story.leave()
    return _present(story.state.files)


def training(story: Story, plan: Plan, files: UploadedFiles) -> Steps[str]:
    """Create the one fine-tuning job and wait for it; return the name of the fine-tuned model."""
    story.enter("training", "the fine-tuning job to be created")
    created = yield from story.call(names.CREATE_FINE_TUNING_JOB, p.JobCreation(plan=plan, files=files), CheckResult)
    job = story.state.job = _present(created.job)
    ended = yield from story.wait(
        "training",
        story.wait_for(
            names.CHECK_FINE_TUNING_JOB,
            p.JobCheck(job_id=job.id),
            "the fine-tuning job to end",
            story.request.pace.training_deadline_seconds,
        ),
    )
    story.leave()
    return _present(ended.job).fine_tuned_model


def deployment(story: Story, plan: Plan, model: str) -> Steps[None]:
    """Deploy the model and wait until ARM has made the deployment and the data plane answers under its name."""
    story.enter("deployment", "the deployment to be accepted")
    creation = p.DeploymentCreation(plan=plan, model=model)
    created = yield from story.call(names.CREATE_DEPLOYMENT, creation, CheckResult)
    story.state.deployment = _present(created.deployment)
    pace = story.request.pace
    yield from story.wait(
        "deployment",
        story.wait_for(
            names.CHECK_DEPLOYMENT,
            p.DeploymentCheck(deployment=story.state.deployment),
            "the deployment to be made",
            pace.deployment_deadline_seconds,
        ),
    )
    yield from story.wait(
        "answer",
        story.wait_for(
            names.PROBE_DEPLOYMENT,
            p.DeploymentCheck(deployment=_present(story.state.deployment)),
            "the deployment's first answer",
            pace.answer_deadline_seconds,
            code="deployment-silent",
        ),
    )
    story.leave()


def verification(story: Story, plan: Plan, model: str) -> Steps[None]:
    """Ask the deployment until every question is answered, and judge the answers."""
    story.enter("verification", "the model's answers")
    yield from story.wait(
        "verification",
        story.wait_for(
            names.VERIFY_DEPLOYMENT,
            p.VerificationInput(plan=plan, model=model),
            "the model's answers",
            story.request.pace.verification_deadline_seconds,
        ),
    )
    story.leave()


def clean_slate(story: Story, ended: Failure) -> Steps[None]:
    """Undo what the run has created at Azure, so that nothing of a failed run is left to pay for."""
    state = story.state
    spending = transitions.record_of(state, "upload").started_at is not None
    transitions.end_with(state, ended, story.now)
    if state.plan is None or not spending:
        return
    state.waiting_for = "the clean-up"
    story.tell()
    try:
        undone = yield from story.call(names.CLEAN_UP, p.ForPlan(plan=state.plan), CleanUp)
        state.cleaned_up = undone.done
        if undone.left:
            yield from _clean_up_later(story, p.ForPlan(plan=state.plan), undone.left)
    except RunEnded as end:
        state.warnings.append(f"Clean-up failed ({end.failure.code}): look for what this run has left at Azure OpenAI.")


def _clean_up_later(story: Story, target: p.ForPlan, left: list[str]) -> Steps[None]:
    """Wait until the service lets us undo what is left: a deployment in the making cannot be deleted."""
    deadline = story.request.pace.deployment_deadline_seconds
    wait = story.wait_for(names.CHECK_CLEAN_UP, target, f"the service to let us {', '.join(left)}", deadline)
    try:
        yield from story.wait("clean-up", wait)
        story.state.cleaned_up += left
    except RunEnded:
        story.state.warnings.append(f"Still to be done by hand, since the service did not let us: {', '.join(left)}.")


def publication(story: Story) -> Steps[None]:
    """Give the run's place back and write the report beside the dataset."""
    story.enter("publication", "the report to be written")
    state = story.state
    if state.plan is not None:
        yield from _release(story)
    try:
        reported = transitions.as_reported(state, story.now)
        state.report = yield from story.call(names.PUBLISH_REPORT, reported, ReportLinks)
    except RunEnded as end:
        state.warnings.append(f"The report could not be written ({end.failure.code}).")
    transitions.finish(state, story.now)
    story.tell()


def _release(story: Story) -> Steps[None]:
    state = story.state
    release = p.Release(run_id=state.run_id, spent=transitions.may_have_spent(state))
    try:
        yield from story.call(names.RELEASE_RUN, release, p.Nothing)
    except RunEnded as end:
        state.warnings.append(f"The run's place could not be given back ({end.failure.code}).")


def _present[T](value: T | None) -> T:
    """Return what an answer without a failure must hold."""
    if value is None:
        raise RunEnded(failure("unexpected-error", "An activity gave neither a result nor a failure."))
    return value
