"""Apps that Azure would refuse are refused here, before anybody deploys them."""

from pathlib import Path

import pytest

from emulators.functions_host.errors import IndexingError, SettingsError
from emulators.functions_host.testing import LocalHost

from .conftest import APP, APP_MODULES, run

FUNCTIONS = "import azure.functions as func\napp = func.FunctionApp()\n"
DURABLE = "import azure.durable_functions as df\napp = df.DFApp()\n"
BLOB = "@app.blob_trigger(arg_name='b', path='c/{n}', connection='DataStorage')\n"
BAD_APPS = {
    "missing module": ("import nothing_of_this_name", "nothing_of_this_name"),
    "no app": ("app = 1", "Could not find top level function app"),
    "undeclared parameter": (
        FUNCTIONS + "@app.route(route='a')\ndef a(req: func.HttpRequest, other: str) -> str:\n    return ''\n",
        "{'other'}",
    ),
    "binding missing in the signature": (FUNCTIONS + BLOB + "def a() -> None:\n    pass\n", "{'b'}"),
    "wrong blob type": (FUNCTIONS + BLOB + "def a(b: int) -> None:\n    pass\n", "do not match"),
    "subscripted activity input": (
        DURABLE + "@app.activity_trigger(input_name='given')\ndef a(given: dict[str, int]) -> int:\n    return 1\n",
        "non-type annotation dict[str, int]",
    ),
    "two functions of one name": (
        FUNCTIONS + 2 * "@app.route(route='a')\ndef a(req: func.HttpRequest) -> str:\n    return ''\n",
        "unique function name",
    ),
    "bad schedule": (
        FUNCTIONS
        + "@app.timer_trigger(arg_name='t', schedule='daily')\ndef a(t: func.TimerRequest) -> None:\n    pass\n",
        "NCRONTAB",
    ),
    "missing app setting": (
        FUNCTIONS
        + "@app.timer_trigger(arg_name='t', schedule='%NO%')\ndef a(t: func.TimerRequest) -> None:\n    pass\n",
        "needs the application setting NO",
    ),
    "unknown binding": (
        FUNCTIONS + "@app.service_bus_queue_trigger(arg_name='m', queue_name='q', connection='C')\n"
        "def a(m: func.ServiceBusMessage) -> None:\n    pass\n",
        "a: serviceBusTrigger",
    ),
}


@pytest.mark.parametrize("name", BAD_APPS)
async def test_a_bad_app_is_refused(tmp_path: Path, settings: dict[str, str], name: str) -> None:
    """Indexing fails with a message that names what is wrong."""
    source, reason = BAD_APPS[name]
    (tmp_path / "function_app.py").write_text(source)
    with pytest.raises(IndexingError) as refused:
        async with LocalHost(tmp_path, settings):
            pass
    assert reason in str(refused.value)


async def test_a_missing_connection_is_told_by_name(tmp_path: Path, settings: dict[str, str]) -> None:
    """A trigger whose storage setting is missing says which one."""
    del settings["DataStorage"]
    (tmp_path / "function_app.py").write_text(FUNCTIONS + BLOB + "def a(b: func.InputStream) -> None:\n    pass\n")
    with pytest.raises(SettingsError, match="DataStorage is missing"):
        async with LocalHost(tmp_path, settings):
            pass


async def test_a_second_host_imports_the_app_afresh(
    tmp_path: Path, settings: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Settings that are read at import hold for one host only, also in a package; the environment is put back."""
    monkeypatch.delenv("WORD", raising=False)
    package = tmp_path / "shared"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "words.py").write_text("import os\nWORD = os.environ['WORD']\n")
    activity = "@app.activity_trigger(input_name='n')\ndef word(n: int) -> str:\n    return WORD\n"
    orchestrator = (
        "@app.orchestration_trigger(context_name='c')\ndef say(c, given: dict):\n"
        "    return (yield c.call_activity('word', input=1))\n"
    )
    (tmp_path / "function_app.py").write_text("from shared.words import WORD\n" + DURABLE + activity + orchestrator)
    for word in ("one", "two"):
        async with LocalHost(tmp_path, {**settings, "WORD": word}) as host:
            assert await run(host, "say") == ("COMPLETED", word)
    async with LocalHost(APP, settings, app_modules=APP_MODULES) as host:
        assert await run(host, "chain", {"n": 1}) == ("COMPLETED", 1)
