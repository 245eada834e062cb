"""Ten days of training in virtual time: few events a generation, and a stated number of looks."""

from datetime import timedelta

from emulators.azure_openai.config import Pace
from shared.core.polling import CHECKS_PER_GENERATION
from tests.e2e.datasets import training_set
from tests.e2e.world import a_world


async def test_ten_days_of_training_keep_the_history_small(storage):
    """A ten-day job completes; no generation's history reaches 100 events, and looks are some 1,500."""
    pace = Pace(mode="timed", queue=timedelta(days=1), training=timedelta(days=9))
    async with a_world(storage, pace=pace) as world:
        await world.drop("training_set.jsonl", training_set())
        run = await world.only_run()
        assert run["status"] == "succeeded", run["failure"]
        looks = world.emulator.state["counts"]["get_fine_tuning_job"]
        # 95 looks until the delay has grown to its ten minutes, then one every ten minutes.
        assert 1_450 < looks < 1_600
        histories = [world.host.history(run["run_id"]), world.host.history(f"{run['run_id']}:training")]
        assert all(len(history) < 100 for history in histories)
        # The last generation holds at most its share of looks: the history was cut again and again.
        checks = [event for event in histories[1] if "taskCompleted" in event]
        assert len(checks) <= CHECKS_PER_GENERATION
