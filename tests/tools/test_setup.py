"""The set-up in a made-up project: a real virtual environment, lock files of our own, and a stub npm."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tools.setup import cause_of

TOOLS = Path(__file__).parents[2] / "tools"
# A pin that no index can serve here; only its form matters.
PIN = "no-such-package==1.0 --hash=sha256:" + "0" * 64 + "\n"
STUB_NPM = 'echo "$*" >> npm-calls\nmkdir -p node_modules\nexit "${NPM_STATUS:-0}"'


class Project:
    """A folder with the set-up's scripts and lock files, and stub Node tools beside it."""

    def __init__(self, root: Path) -> None:
        self.root = root / "project"
        self.node = root / "node/bin/node"
        (self.root / "tools").mkdir(parents=True)
        self.node.parent.mkdir(parents=True)
        for name in ("setup.sh", "setup.py", "find.sh"):
            shutil.copy(TOOLS / name, self.root / "tools")
        for name in ("requirements.txt", "requirements-dev.txt", "package.json", "package-lock.json", ".npmrc"):
            (self.root / name).write_text("")
        for path, script in ((self.node, "echo 22"), (self.node.with_name("npm"), STUB_NPM)):
            path.write_text(f"#!/bin/sh\n{script}\n")
            path.chmod(0o755)

    def set_up(self, **environ: str) -> subprocess.CompletedProcess[str]:
        """Run the set-up from another folder, with the interpreter of this test first on PATH."""
        path = os.pathsep.join([str(Path(sys.executable).parent), str(self.node.parent), "/usr/bin", "/bin"])
        settings = {"HOME": str(self.root.parent / "home"), "PATH": path, "PIP_INDEX_URL": "http://127.0.0.1:9/"}
        command = ["/bin/sh", str(self.root / "tools/setup.sh")]
        return subprocess.run(command, env=settings | environ, capture_output=True, text=True, check=False, cwd="/")

    @property
    def npm_runs(self) -> int:
        """Return how often npm was called."""
        calls = self.root / "npm-calls"
        return len(calls.read_text().splitlines()) if calls.exists() else 0


def assert_quiet(result: subprocess.CompletedProcess[str]) -> None:
    """Check that the set-up had nothing to do and said nothing."""
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_setup_of_a_half_made_project(tmp_path: Path) -> None:
    """A half-made .venv is made anew; then only what changed is done, without the network where nothing is missing."""
    project = Project(tmp_path)
    leftover = project.root / ".venv/lib/half-installed.py"
    leftover.parent.mkdir(parents=True)
    leftover.write_text("")

    first = project.set_up()
    assert first.returncode == 0, first.stderr
    assert first.stdout.startswith("Creating .venv with Python 3.13")
    assert not leftover.exists()
    assert (project.root / ".venv/bin/node").resolve() == project.node
    assert project.npm_runs == 1

    assert_quiet(project.set_up())

    (project.root / "package-lock.json").write_text("{}")
    again = project.set_up()
    assert (again.returncode, "Creating" in again.stdout, project.npm_runs) == (0, False, 2)

    (project.root / "requirements-dev.txt").write_text("# another lock, with the same pins\n")
    again = project.set_up()
    assert (again.returncode, "Creating" in again.stdout, "Installing 0" in again.stdout) == (0, False, True)
    assert project.npm_runs == 2

    (project.root / "package-lock.json").write_text("{ }")
    failed = project.set_up(NPM_STATUS="1")
    assert (failed.returncode, failed.stderr.count("\n")) == (1, 1)
    assert project.set_up().returncode == 0
    assert_quiet(project.set_up())
    assert not (tmp_path / "home").exists(), "the set-up wrote outside the project's folder"

    (project.root / "requirements.txt").write_text(PIN)
    offline = project.set_up()
    assert (offline.returncode, offline.stderr.count("\n")) == (1, 1)
    assert "the package index cannot be reached" in offline.stderr
    assert not (project.root / ".venv/tunedrop-stamp").exists(), "what failed counts as complete"


def test_setup_without_node(tmp_path: Path) -> None:
    """Without a Node the set-up stops with one line before it makes anything."""
    project = Project(tmp_path)
    shutil.rmtree(project.node.parent)
    missing = project.root / "no-node"
    result = project.set_up(NODE=str(missing))
    assert (result.returncode, result.stdout, result.stderr.count("\n")) == (1, "", 1)
    assert not (project.root / ".venv").exists()


@pytest.mark.parametrize(
    ("output", "cause"),
    [
        ("WARNING: Retrying after NewConnectionError\nERROR: No matching distribution found", "cannot be reached"),
        ("npm error code ENOTFOUND\nnpm error network", "cannot be reached"),
        ("Collecting x\nERROR: THESE PACKAGES DO NOT MATCH THE HASHES", "THESE PACKAGES DO NOT MATCH THE HASHES"),
        (
            "npm error code EUSAGE\nnpm error\nnpm error The lock is out of date\nnpm error A complete log",
            "out of date",
        ),
        ("Segmentation fault\n", "Segmentation fault"),
        ("", "it said nothing"),
    ],
)
def test_cause_is_one_line(output: str, cause: str) -> None:
    """What pip or npm print at length becomes one line that names the cause."""
    assert cause in cause_of(output)
    assert "\n" not in cause_of(output)
