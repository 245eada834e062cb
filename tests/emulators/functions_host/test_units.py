"""The parts of the host that need no host: time, schedules, routes, keys, paths, and the names it relies on."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from emulators import azurite
from emulators.clock import Clock
from emulators.functions_host import contract
from emulators.functions_host.blob_paths import BlobPath, blob_of
from emulators.functions_host.errors import SettingsError
from emulators.functions_host.routes import pattern_for
from emulators.functions_host.settings import (
    HostSettings,
    Keys,
    apply_app_settings,
    connection_setting,
)
from emulators.functions_host.timers import Schedule

SOURCES = Path(contract.__file__).parent


def test_the_installed_backend_has_every_private_name() -> None:
    """The pinned durabletask has what the hub builds on."""
    assert contract.missing_names() == []


def test_a_missing_private_name_is_told_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """An upgrade that renames something fails at import with a sentence that names it."""
    monkeypatch.setitem(contract.ATTRIBUTES, "_renamed", "")
    with pytest.raises(ImportError, match=r"written for durabletask 1\.12\.0; .* has no _renamed: install 1\.12\.0"):
        contract.check()


def test_the_table_of_private_names_is_complete() -> None:
    """Whatever private name of the base class the hub's sources use stands in the table."""
    from durabletask.testing import in_memory_backend

    backend = Path(in_memory_backend.__file__).read_text()
    known = set(contract.ATTRIBUTES) | set(contract.METHODS)
    used = set()
    for source in ("delivery.py", "locks.py", "orchestrations.py", "hub.py"):
        used |= set(re.findall(r"(?:self|super\(\))\.(_[a-z]\w*)", (SOURCES / source).read_text()))
    assert {name for name in used if f"self.{name}" in backend or f"def {name}(" in backend} - known == set()


def test_clocks_scale_jump_and_never_go_back() -> None:
    """A scaled clock runs as many times faster; a jump to the past changes nothing."""
    origin = datetime.now(UTC) - timedelta(seconds=10)
    clock = Clock(60, origin=origin)
    assert timedelta(minutes=10) <= clock.now() - origin < timedelta(minutes=12)
    before = clock.now()
    clock.jump(origin)
    assert before <= clock.now() < before + timedelta(minutes=1)
    clock.advance(timedelta(days=10))
    assert clock.now() - before >= timedelta(days=10)
    with pytest.raises(ValueError, match="cannot go back"):
        clock.advance(timedelta(seconds=-1))


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("*/15 * * * * *", "2026-02-27T23:59:45"),
        ("0 0 3 * * *", "2026-02-28T03:00:00"),
        ("0 30 9 * * MON-FRI", "2026-03-02T09:30:00"),
        ("0 0 0 29 2 *", "2028-02-29T00:00:00"),
        ("0 0 12 * * 7", "2026-03-01T12:00:00"),
        ("5/20 * * * * *", "2026-02-27T23:59:45"),
        ("30 4 * * *", "2026-02-28T04:30:00"),
    ],
)
def test_schedules_know_their_next_occurrence(expression: str, expected: str) -> None:
    """NCRONTAB: steps, ranges, names, leap days, Sunday as 7, and five fields."""
    friday_night = datetime(2026, 2, 27, 23, 59, 44, tzinfo=UTC)
    assert Schedule(expression).next_after(friday_night).isoformat() == f"{expected}+00:00"


@pytest.mark.parametrize("expression", ["", "* * *", "61 * * * * *", "a * * * * *", "0 0 0 * * 8", "00:01:00"])
def test_what_is_no_schedule_is_refused(expression: str) -> None:
    """Wrong numbers of fields, values out of range and other formats are errors."""
    with pytest.raises(ValueError, match=r"NCRONTAB|range"):
        Schedule(expression)


def test_a_day_that_never_comes_is_refused() -> None:
    """30 February ends the search instead of lasting for ever."""
    with pytest.raises(ValueError, match="never occurs"):
        Schedule("0 0 0 30 2 *").next_after(datetime(2026, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    ("template", "path", "found"),
    [
        ("api/runs/{id}", "/api/runs/r-1", {"id": "r-1"}),
        ("api/runs/{id}", "/api/runs/r/1", None),
        ("api/runs/{n:int}", "/api/runs/-7", {"n": "-7"}),
        ("api/runs/{n:int}", "/api/runs/seven", None),
        ("api/runs/{n:int?}", "/api/runs", {"n": None}),
        ("api/files/{*rest}", "/api/files/a/b", {"rest": "a/b"}),
        ("api/{name}.{ext}", "/api/a.json", {"name": "a", "ext": "json"}),
        ("api/{code:length(2)}", "/api/abc", None),
        ("api/{id:guid}", "/api/6f9619ff-8b86-d011-b42d-00cf4fc964ff", {"id": "6f9619ff-8b86-d011-b42d-00cf4fc964ff"}),
    ],
)
def test_route_templates(template: str, path: str, found: dict[str, str | None] | None) -> None:
    """Parameters, constraints, optional and catch-all parts match as in ASP.NET."""
    match = pattern_for(template).fullmatch(path)
    assert (match.groupdict() if match else None) == found


def test_an_unknown_route_constraint_is_refused() -> None:
    """A constraint that the host would not enforce is an error, not a free pass."""
    with pytest.raises(ValueError, match="datetime"):
        pattern_for("api/{at:datetime}")


def test_blob_paths_span_slashes() -> None:
    """A parameter takes a whole folder path, and only the given extension."""
    path = BlobPath.parse("datasets/{name}.jsonl")
    assert path.container == "datasets"
    assert path.parameters("a/b/train.jsonl") == {"name": "a/b/train"}
    assert path.parameters("train.json") is None
    assert BlobPath.parse("datasets/{*name}").parameters("a/b") == {"name": "a/b"}
    assert BlobPath.parse("datasets").parameters("a/b") == {"name": "a/b"}


def test_blob_urls_of_azure_and_of_the_emulator() -> None:
    """The account is a host name on Azure, and the first part of the path in an emulator."""
    assert blob_of("https://mine.blob.core.windows.net/datasets/a/b%20c.jsonl") == ("datasets", "a/b c.jsonl")
    assert blob_of("http://127.0.0.1:10000/devstoreaccount1/datasets/a.jsonl") == ("datasets", "a.jsonl")


def test_keys_come_from_options_or_are_kept(tmp_path: Path) -> None:
    """Keys that no option gives are random, private, and the same the next time."""
    saved = tmp_path / "keys.json"
    keys = Keys.from_options(["master=m", "function.start=s=x"], saved)
    assert (keys.master, keys.functions) == ("m", {"start": "s=x"})
    assert len(keys.default) >= 40
    assert keys.default != keys.system
    assert Keys.from_options([], saved).default == keys.default
    assert saved.stat().st_mode & 0o077 == 0
    assert Keys.from_options(["one=="], saved) == Keys("one==", "one==", "one==")


def test_app_settings_yield_to_the_environment(tmp_path: Path) -> None:
    """local.settings.json fills what the environment lacks, and development storage becomes a connection string."""
    values = '{"Values": {"A": "file", "B": "file", "Data": "UseDevelopmentStorage=true"}}'
    (tmp_path / "local.settings.json").write_text(values)
    environ = {"A": "environment"}
    apply_app_settings(tmp_path, environ, "BlobEndpoint=here")
    assert environ == {
        "A": "environment",
        "B": "file",
        "Data": "BlobEndpoint=here",
        "AzureWebJobsStorage": "BlobEndpoint=here",
    }
    environ = {"Data": "UseDevelopmentStorage=true"}
    apply_app_settings(tmp_path, environ)
    assert environ["Data"] == azurite.connection_string()


def test_storage_settings_that_cannot_work_say_why(tmp_path: Path) -> None:
    """A missing setting, an identity-based one and a broken file each have their own sentence."""
    assert connection_setting("Data", {"AzureWebJobsData": "c"}) == "c"
    with pytest.raises(SettingsError, match="AzureWebJobsStorage is missing"):
        connection_setting("", {})
    with pytest.raises(SettingsError, match="Data__blobServiceUri: the local host takes connection strings only"):
        connection_setting("Data", {"Data__blobServiceUri": "https://x"})
    (tmp_path / "host.json").write_text("{")
    with pytest.raises(SettingsError, match=r"host\.json is not valid JSON"):
        HostSettings.from_app(tmp_path)


def test_host_settings_are_read(tmp_path: Path) -> None:
    """Route prefix, limits and queue options come from host.json; the rest are the host's defaults."""
    (tmp_path / "host.json").write_text(
        '{"extensions": {"http": {"routePrefix": ""}, "durableTask": {"maxConcurrentActivityFunctions": 3},'
        ' "queues": {"messageEncoding": "none", "visibilityTimeout": "00:01:30"}}}'
    )
    read = HostSettings.from_app(tmp_path)
    assert (read.route_prefix, read.max_activities, read.max_orchestrators) == ("", 3, 10)
    assert (read.queue_encoding, read.queue_retry_seconds, read.queue_max_dequeue_count) == ("none", 90.0, 5)


def test_azurite_without_its_packages_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the command that installs it."""
    monkeypatch.setattr(azurite, "EXECUTABLE", tmp_path / "azurite")
    with pytest.raises(FileNotFoundError, match="npm ci"), azurite.Azurite():
        pass
