"""The supervised host: processes that are killed, frozen, stopped, or cannot start."""

import asyncio
import json
import os
import signal
import sqlite3
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from emulators.azurite import free_ports
from emulators.clock import Clock
from emulators.functions_host.bridge import Bridge
from emulators.functions_host.hub import Hub
from emulators.functions_host.options import HostOptions
from emulators.functions_host.snapshot import Snapshot
from emulators.functions_host.supervisor import listen
from emulators.functions_host.testing import LocalHost

from .conftest import APP, APP_MODULES, eventually_now, outcome, start, traced

HOOKS = "/runtime/webhooks/durabletask"
COUNT = 10


class Supervised:
    """A host started by its command line."""

    def __init__(self, process: subprocess.Popen[bytes], ready_file: Path) -> None:
        self.process = process
        self._ready_file = ready_file

    @property
    def ready(self) -> dict[str, Any]:
        """Return what the ready file says, once there is one."""

        def read() -> dict[str, Any] | None:
            try:
                return json.loads(self._ready_file.read_text())
            except FileNotFoundError:
                return None

        return eventually_now(read, "the host is ready")

    def kill(self, role: str) -> None:
        """Kill the worker or the hub, and wait until there is another one."""
        pid = self._pid(role)
        os.kill(pid, signal.SIGKILL)
        eventually_now(lambda: self._pid(role) not in (0, pid), f"another {role} runs")

    def call(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Return status and JSON of a webhook call, made again until the connection holds."""

        def attempt() -> tuple[int, Any] | None:
            data = json.dumps(body).encode() if body is not None else None
            headers = {"content-type": "application/json", "x-functions-key": "K"}
            request = urllib.request.Request(self.ready["url"] + HOOKS + path, data, headers, method=method)
            try:
                with urllib.request.urlopen(request, timeout=10) as answer:
                    return answer.status, json.loads(answer.read() or b"null")
            except urllib.error.HTTPError as error:
                return (error.code, None) if error.code != 400 else None  # 400: the hub was just away
            except OSError:
                return None

        return eventually_now(attempt, f"an answer to {method} {path}")

    def _pid(self, role: str) -> int:
        for child in _children(self.process.pid):
            command = Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0")
            if role.encode() in command:
                return child
        return 0


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@contextmanager
def supervised(tmp_path: Path, settings: dict[str, str], app: Path = APP, *options: str) -> Iterator[Supervised]:
    """Run a host, and end it with SIGTERM."""
    ready = tmp_path / "ready.json"
    arguments = ["--app", str(app), "--port", "0", "--state", str(tmp_path / "state"), "--ready-file", str(ready)]
    command = [sys.executable, "-m", "emulators.functions_host", *arguments, "--key", "K", "--log-level", "ERROR"]
    log = (tmp_path / "log").open("w")
    process = subprocess.Popen([*command, *options], env={**os.environ, **settings}, stdout=log, stderr=log)
    try:
        yield Supervised(process, ready)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=15)
        log.close()


def test_killing_worker_and_hub_loses_nothing(tmp_path: Path, settings: dict[str, str]) -> None:
    """Ten pipelines complete, and the semaphore is free, though both processes are killed twice each."""
    with supervised(tmp_path, settings) as host:
        url = host.ready["url"]
        for i in range(COUNT):
            host.call("POST", f"/orchestrators/pipeline/p{i}", {"sleep": 0.2, "timer": 1})
        for role in ("worker", "hub", "worker", "hub"):
            host.kill(role)

        def states() -> list[str]:
            return [i["runtimeStatus"] for i in host.call("GET", "/instances?instanceIdPrefix=p&top=100")[1]]

        eventually_now(lambda: states().count("Completed") == 2 * COUNT, "pipelines and children complete")
        eventually_now(lambda: host.call("GET", "/entities/semaphore/gpu") == (200, 0), "the semaphore is free")
        assert host.ready["url"] == url
    done = {(t["key"], t["n"]) for t in traced(settings, "work")}
    assert done == {(f"p{i}", n) for i in range(COUNT) for n in (0, 1, 2, 7)}


def test_an_acknowledged_start_survives_the_hub(tmp_path: Path, settings: dict[str, str]) -> None:
    """Whatever a start answered, the instance is there after the hub is killed at once, event included."""
    with supervised(tmp_path, settings) as host:
        host.call("POST", "/orchestrators/approval/a", {"timeout": 300})
        host.kill("hub")
        host.call("POST", "/instances/a/raiseEvent/approve", "me")
        host.kill("hub")
        eventually_now(lambda: host.call("GET", "/instances/a")[1]["runtimeStatus"] == "Completed", "it is approved")
        assert host.call("GET", "/instances/a")[1]["output"] == {"approved": "me"}


def test_a_timer_that_runs_survives_the_hub(tmp_path: Path, settings: dict[str, str]) -> None:
    """An instance that waits for a timer when the hub is killed goes on waiting, and ends when it fires."""
    with supervised(tmp_path, settings) as host:
        host.call("POST", "/orchestrators/approval/t", {"timeout": 6})
        history = "/instances/t?showHistory=true"
        eventually_now(lambda: "TimerCreated" in str(host.call("GET", history)[1]["historyEvents"]), "the timer runs")
        host.kill("hub")
        eventually_now(lambda: host.call("GET", "/instances/t")[1]["runtimeStatus"] == "Completed", "the timer fires")
        assert host.call("GET", "/instances/t")[1]["output"] == {"approved": None}


def test_the_ready_file_follows_the_worker_and_goes_with_the_host(tmp_path: Path, settings: dict[str, str]) -> None:
    """It names the current worker, and every process is gone when the host has been told to stop."""
    with supervised(tmp_path, settings) as host:
        before = host.ready
        assert before["pid"] == host.process.pid
        assert {"pipeline", "on_dataset", "tick"} <= set(before["functions"])
        host.kill("worker")
        eventually_now(lambda: host.ready["worker_pid"] != before["worker_pid"], "the file names the new worker")
        pids = _children(host.process.pid)
        assert len(pids) == 2
    assert host.process.returncode == 0
    assert not (tmp_path / "ready.json").exists()
    assert [pid for pid in pids if Path(f"/proc/{pid}").exists()] == []


def test_no_child_outlives_a_killed_supervisor(tmp_path: Path, settings: dict[str, str]) -> None:
    """Hub and worker end by themselves when the supervisor is killed."""
    with supervised(tmp_path, settings) as host:
        pids = _children(host.process.pid)
        host.process.kill()
        eventually_now(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids), "the children are gone")


def test_an_app_that_cannot_be_indexed_stops_the_host(tmp_path: Path, settings: dict[str, str]) -> None:
    """The host prints the reason once, ends with code 1, and does not try again."""
    app = tmp_path / "app"
    app.mkdir()
    (app / "function_app.py").write_text("import nothing_of_this_name")
    with supervised(tmp_path, settings, app) as host:
        assert host.process.wait(timeout=20) == 1
    log = (tmp_path / "log").read_text()
    assert log.count("the app cannot be started") == 1
    assert "nothing_of_this_name" in log


def test_a_child_that_keeps_dying_stops_the_host(tmp_path: Path, settings: dict[str, str]) -> None:
    """An app that ends its own process is given up after five starts, with a message."""
    app = tmp_path / "app"
    app.mkdir()
    (app / "function_app.py").write_text("import os\nos._exit(7)\n")
    with supervised(tmp_path, settings, app) as host:
        assert host.process.wait(timeout=60) == 1
    assert "the worker ended 5 times before it was ready (last code 7)" in (tmp_path / "log").read_text()


async def test_work_of_a_frozen_worker_is_done_by_another(tmp_path: Path, settings: dict[str, str]) -> None:
    """A worker stopped in the middle loses its work to another; what it says when it thaws is ignored."""
    async with LocalHost(APP, settings, Clock(), app_modules=APP_MODULES) as host:
        host._work.cancel()  # only the workers of this test shall work
        await asyncio.gather(host._work, return_exceptions=True)
        host.hub._heartbeat_timeout = 2.0
        worker = await asyncio.to_thread(_worker_process, tmp_path, settings, host.hub.port)
        try:
            ids = [await start(host, "pipeline", {"sleep": 0.5}, instance_id=f"f{i}") for i in range(3)]
            worker.send_signal(signal.SIGSTOP)
            bridge = Bridge(host.app.worker, f"127.0.0.1:{host.hub.port}", max_activities=10, max_orchestrators=10)
            host._work = asyncio.create_task(bridge.run())
            expected = ("COMPLETED", {"xs": [0, 1, 2], "last": 7, "child": 6})
            assert [await outcome(host, i) for i in ids] == [expected] * 3
            assert host.hub.redelivered > 0
            events = [len(host.history(i)) for i in ids]
            worker.send_signal(signal.SIGCONT)
            await asyncio.sleep(1.0)  # time for its late answers; that they change nothing has no condition to wait for
            assert [len(host.history(i)) for i in ids] == events
        finally:
            worker.kill()
            worker.wait()


def _worker_process(tmp_path: Path, settings: dict[str, str], hub_port: int) -> subprocess.Popen[bytes]:
    listening = listen(0)
    options = HostOptions(
        app=str(APP),
        state=str(tmp_path),
        hub_port=hub_port,
        socket_fd=listening.fileno(),
        url=f"http://127.0.0.1:{listening.getsockname()[1]}",
        clock_scale=1.0,
        clock_origin="2026-01-01T00:00:00+00:00",
        log_level="ERROR",
        key_options=("K",),
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "emulators.functions_host", "--child", "worker", options.to_json()],
        env={**os.environ, **settings},
        pass_fds=(listening.fileno(),),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    listening.close()
    assert process.stdout
    assert json.loads(process.stdout.readline())["functions"]
    return process


def test_a_snapshot_of_another_version_is_refused(tmp_path: Path) -> None:
    """State that another durabletask wrote is not guessed at."""
    path = tmp_path / "hub.sqlite3"
    Snapshot(path).close()
    database = sqlite3.connect(path)
    database.execute("UPDATE state SET content = '1.0.0' WHERE kind = 'version'")
    database.commit()
    database.close()
    with pytest.raises(RuntimeError, match=r"written with durabletask 1\.0\.0.*delete the file"):
        Snapshot(path)


def test_two_hubs_cannot_share_a_port() -> None:
    """A second hub on a port fails instead of taking half of the first one's clients."""
    port = free_ports(1)[0]
    first, second = Hub(), Hub()
    first.serve(port)
    try:
        with pytest.raises(RuntimeError, match="bind"):
            second.serve(port)
    finally:
        first.stop()
