"""The emulator as a process of its own."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_it_is_told_to_stop(tmp_path: Path, number: signal.Signals) -> None:
    """The ready file tells how to reach it; a signal ends it cleanly and it leaves no scratch files."""
    ready = tmp_path / "ready.json"
    command = [sys.executable, "-m", "emulators.azure_openai", "--pace", "instant", "--ready-file", str(ready)]
    scratch = tmp_path / "state"
    with subprocess.Popen([*command, "--state", str(scratch)], cwd=ROOT) as process:
        deadline = time.monotonic() + 30
        while not ready.exists():
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.02)  # a process of its own can be asked only by looking
        content = json.loads(ready.read_text())
        headers = {"api-key": content["api_key"]}
        assert requests.get(f"{content['url']}/openai/v1/models", headers=headers, timeout=30).status_code == 200
        assert content["pid"] == process.pid
        assert content["identity_endpoint"] == f"{content['url']}/msi/token"
        assert content["resource_id"].endswith("/providers/Microsoft.CognitiveServices/accounts/emulated-openai")
        os.kill(process.pid, number)
        assert process.wait(30) == 0
    assert list(scratch.iterdir()) == []


def test_a_taken_port_is_told(tmp_path: Path) -> None:
    """It fails at once, with a word on the port."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        command = [sys.executable, "-m", "emulators.azure_openai", "--port", str(taken.getsockname()[1])]
        ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)
    assert ended.returncode == 1
    assert "cannot serve on port" in ended.stderr
