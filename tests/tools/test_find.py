"""The interpreter finder against made-up machines: folders of stub executables."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

FIND = Path(__file__).parents[2] / "tools/find.sh"

FITTING_PYTHON = "echo fits"
WITHOUT_VENV = "echo 'no venv'"
WRONG_PYTHON = "exit 0"  # the probe prints nothing in any version but 3.13
FAILING_SHIM = "echo 'pyenv: python3.13: command not found' >&2; exit 127"


class Machine:
    """A machine with nothing on it but what a test installs."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.path = [root / "bin"]

    def install(self, path: str, script: str) -> Path:
        """Put a stub executable at this place under the root."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"#!/bin/sh\n{script}\n")
        file.chmod(0o755)
        return file

    def find(self, what: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """Run the finder on this machine, with no environment but its own."""
        settings = {
            "HOME": str(self.root / "home/user"),
            "PATH": os.pathsep.join(map(str, self.path)),
            "TUNEDROP_SYSROOT": str(self.root),
        }
        command = ["/bin/sh", str(FIND), what]
        return subprocess.run(command, env=settings | environ, capture_output=True, text=True, check=False)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """Return a machine with nothing on it."""
    return Machine(tmp_path)


def assert_one_line(result: subprocess.CompletedProcess[str], *parts: str) -> None:
    """Check that the finder gave up with one line that holds these parts."""
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.count("\n") == 1
    for part in parts:
        assert part in result.stderr


def test_python_on_the_path(machine: Machine) -> None:
    """A fitting python3.13 on PATH is taken."""
    python = machine.install("bin/python3.13", FITTING_PYTHON)
    assert machine.find("python").stdout == f"{python}\n"


def test_failing_shim_is_passed_over(machine: Machine) -> None:
    """A version manager's shim that only prints an error does not hide the version beside it."""
    machine.install("bin/python3.13", FAILING_SHIM)
    python = machine.install("home/user/.pyenv/versions/3.13.2/bin/python", FITTING_PYTHON)
    assert machine.find("python").stdout == f"{python}\n"


def test_later_folder_of_the_path(machine: Machine) -> None:
    """PATH is searched to its end, past a failing shim of the same name, in a folder with a space in its name too."""
    machine.path.append(machine.root / "more tools")
    machine.install("bin/python3.13", FAILING_SHIM)
    python = machine.install("more tools/python3.13", FITTING_PYTHON)
    assert machine.find("python").stdout == f"{python}\n"


def test_wrong_version_is_passed_over(machine: Machine) -> None:
    """A python3 of another version does not end the search."""
    machine.install("bin/python3", WRONG_PYTHON)
    python = machine.install("usr/local/bin/python3.13", FITTING_PYTHON)
    assert machine.find("python").stdout == f"{python}\n"


@pytest.mark.parametrize(
    "place",
    [
        "home/user/.local/share/uv/python/cpython-3.13.5-linux-x86_64-gnu/bin/python3.13",
        "home/user/.asdf/installs/python/3.13.1/bin/python",
        "home/user/.local/share/mise/installs/python/3.13.1/bin/python",
        "opt/homebrew/opt/python@3.13/bin/python3.13",
        "home/linuxbrew/.linuxbrew/bin/python3.13",
        "opt/python-3.13/bin/python3.13",
        "usr/bin/python3.13",
    ],
)
def test_python_off_the_path(machine: Machine, place: str) -> None:
    """Each usual place is searched without its being on PATH."""
    python = machine.install(place, FITTING_PYTHON)
    assert machine.find("python").stdout == f"{python}\n"


def test_folders_that_the_environment_names(machine: Machine) -> None:
    """PYENV_ROOT and UV_PYTHON_INSTALL_DIR are honoured."""
    pyenv = machine.install("elsewhere/pyenv/versions/3.13.0/bin/python", FITTING_PYTHON)
    uv = machine.install("elsewhere/uv/cpython-3.13.0-macos/bin/python3.13", FITTING_PYTHON)
    root = machine.root / "elsewhere"
    assert machine.find("python", PYENV_ROOT=str(root / "pyenv")).stdout == f"{pyenv}\n"
    assert machine.find("python", UV_PYTHON_INSTALL_DIR=str(root / "uv")).stdout == f"{uv}\n"


def test_no_python(machine: Machine) -> None:
    """An empty machine gets one line that says how to get Python 3.13."""
    assert_one_line(machine.find("python"), "needs Python 3.13", "uv python install 3.13", "make setup PYTHON=")


def test_python_without_venv(machine: Machine) -> None:
    """A Python 3.13 without venv is named together with what it lacks."""
    machine.install("usr/bin/python3.13", WITHOUT_VENV)
    assert_one_line(machine.find("python"), "/usr/bin/python3.13", "apt install python3.13-venv")


def test_given_python_is_the_only_one_tried(machine: Machine) -> None:
    """PYTHON=… is taken when it fits, and is an error when it does not, whatever else there is."""
    machine.install("bin/python3.13", FITTING_PYTHON)
    chosen = machine.install("chosen/python", FITTING_PYTHON)
    wrong = machine.install("chosen/python2", WRONG_PYTHON)
    assert machine.find("python", PYTHON=str(chosen)).stdout == f"{chosen}\n"
    assert_one_line(machine.find("python", PYTHON=str(wrong)), f"PYTHON={wrong} is not")


def test_real_python_answers_the_probe(machine: Machine) -> None:
    """The probe itself runs, and accepts the interpreter that runs this test."""
    assert machine.find("python", PYTHON=sys.executable).stdout == f"{sys.executable}\n"


def test_node_with_npm(machine: Machine) -> None:
    """A Node of at least 20 with npm beside it is taken, past an older one and past one without npm."""
    machine.install("bin/node", "echo 18")
    machine.install("bin/npm", "")
    machine.install("opt/node/bin/node", "echo 22")
    node = machine.install("home/user/.nvm/versions/node/v20.1.0/bin/node", "echo 20")
    machine.install("home/user/.nvm/versions/node/v20.1.0/bin/npm", "")
    assert machine.find("node").stdout == f"{node}\n"


def test_no_fitting_node(machine: Machine) -> None:
    """A machine with an old Node or none gets one line that says what is needed."""
    machine.install("bin/node", "echo 18")
    assert_one_line(machine.find("node"), "needs Node 20 or newer with npm", "make setup NODE=")


def test_node_without_npm(machine: Machine) -> None:
    """A Node without npm is named together with what it lacks."""
    machine.install("bin/node", "echo 22")
    assert_one_line(machine.find("node"), "/bin/node is Node 22 without npm")
