"""The hook before a deployment: the host file and the provisioned Durable backend must be of one kind."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.infra.bicep import ROOT


def check(folder: Path, backend: str | None) -> subprocess.CompletedProcess[str]:
    """Run the hook in a folder with a host.json, as azd does."""
    environment = {"PATH": os.environ["PATH"]} | ({"DURABLE_BACKEND": backend} if backend is not None else {})
    hook = ["sh", str(ROOT / "scripts" / "predeploy.sh")]
    return subprocess.run(hook, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=30)


@pytest.fixture
def for_storage(tmp_path: Path) -> Path:
    """A folder with the project's host.json."""
    shutil.copy(ROOT / "host.json", tmp_path)
    return tmp_path


@pytest.fixture
def for_scheduler(for_storage: Path) -> Path:
    """A folder with host.json as docs/deploy.md changes it."""
    host = json.loads((for_storage / "host.json").read_text())
    guide = (ROOT / "docs" / "deploy.md").read_text()
    (block,) = re.findall(r"```json\n(.*?)```", guide, re.DOTALL)
    host["extensions"] |= json.loads(block)
    (for_storage / "host.json").write_text(json.dumps(host, indent=2))
    return for_storage


@pytest.mark.parametrize("backend", [None, "", "AzureStorage"])
def test_the_committed_host_file_goes_with_azure_storage(for_storage: Path, backend: str | None) -> None:
    """Without a choice, and with Azure Storage, the project deploys as it is."""
    assert check(for_storage, backend).returncode == 0


def test_the_guides_host_file_goes_with_the_scheduler(for_scheduler: Path) -> None:
    """What the guide says to write is what the scheduler needs."""
    assert check(for_scheduler, "DurableTaskScheduler").returncode == 0


def test_an_unchanged_host_file_is_refused_for_the_scheduler(for_storage: Path) -> None:
    """The app would keep its state in the wrong place: the deployment stops and says what to read."""
    refused = check(for_storage, "DurableTaskScheduler")
    assert refused.returncode == 1
    assert "host.json is written for AzureStorage" in refused.stderr


def test_the_schedulers_host_file_is_refused_for_azure_storage(for_scheduler: Path) -> None:
    """Without a scheduler the app could not start."""
    refused = check(for_scheduler, "AzureStorage")
    assert refused.returncode == 1
    assert "host.json is written for DurableTaskScheduler" in refused.stderr
