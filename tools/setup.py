"""Create or repair `.venv` and `node_modules` from the lock files; setup.sh finds the interpreter that runs this."""

import argparse
import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

PYTHON_LOCKS = ("requirements.txt", "requirements-dev.txt")
NODE_LOCKS = ("package.json", "package-lock.json", ".npmrc")
PYTHON_STAMP = ".venv/tunedrop-stamp"
NODE_STAMP = "node_modules/.tunedrop-stamp"
LOG = ".tunedrop/setup.log"
# How pip and npm word a network that is not there.
OFFLINE = re.compile(
    r"name resolution|NewConnectionError|Failed to establish a new connection|Network is unreachable|ConnectTimeout"
    r"|ProxyError|Read timed out|ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ENETUNREACH|ETIMEDOUT"
)
# The first line in which pip or npm say more than a code.
FIRST_ERROR = re.compile(
    r"^(?:ERROR:|npm (?:error|ERR!))[ \t]+(?!code |errno |syscall |A complete log)(\S.*)$", re.MULTILINE
)


class SetupError(Exception):
    """Why the set-up cannot go on, in one line for the person who ran it."""


def main() -> int:
    """Set up the project, or with --check only say by the exit status whether there is nothing to do."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--node", type=Path, help="path of the Node to use")
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 when there is something to do")
    arguments = parser.parse_args()
    project = Path(__file__).resolve().parent.parent
    node = (arguments.node or project / ".venv/bin/node").resolve()
    if arguments.check:
        return 0 if python_is_ready(project) and node_is_ready(project, node) else 1
    try:
        set_up(project, node)
    except SetupError as error:
        sys.stderr.write(f"Set-up failed: {error}\n")
        return 1
    return 0


def set_up(project: Path, node: Path) -> None:
    """Make `.venv` and `node_modules` what the lock files say. Raises: SetupError."""
    log = project / LOG
    log.parent.mkdir(exist_ok=True)
    with (project / ".tunedrop/setup.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # a second set-up waits for the first instead of working in the same folders
        log.write_text("")
        if not python_is_ready(project):
            set_up_python(project)
        link_node(project, node)
        if not node_is_ready(project, node):
            set_up_node(project, node)


def python_is_ready(project: Path) -> bool:
    """Say whether `.venv` was completed from these lock files with the interpreter that runs this."""
    return read(project / PYTHON_STAMP) == python_stamp(project)


def node_is_ready(project: Path, node: Path) -> bool:
    """Say whether `node_modules` was completed from these lock files and `.venv/bin/node` is this Node."""
    return node.exists() and read(project / NODE_STAMP) == node_stamp(project, node)


def python_stamp(project: Path) -> str:
    """Return what a complete `.venv` is keyed by: the interpreter, then the hash of the lock files."""
    return f"{base_python()} {sys.version.split()[0]}\n{hash_of(project, PYTHON_LOCKS)}\n"


def node_stamp(project: Path, node: Path) -> str:
    """Return what complete `node_modules` are keyed by: the Node, then the hash of the lock files."""
    return f"{node}\n{hash_of(project, NODE_LOCKS)}\n"


def base_python() -> str:
    """Return the real path of the interpreter outside any virtual environment."""
    # Nothing public names this file; venv itself reads it here.
    executable: str = getattr(sys, "_base_executable")  # noqa: B009  the type stubs do not know it
    return os.path.realpath(executable)


def hash_of(project: Path, names: Sequence[str]) -> str:
    """Return the SHA-256 of these files' contents, one after the other."""
    return hashlib.sha256(b"\0".join((project / name).read_bytes() for name in names)).hexdigest()


def read(path: Path) -> str | None:
    """Return a file's text, or None where there is no such file."""
    return path.read_text() if path.is_file() else None


def set_up_python(project: Path) -> None:
    """Install the pinned packages, into the present `.venv` if an earlier set-up completed it, else into a new one."""
    venv, stamp = project / ".venv", project / PYTHON_STAMP
    # Without a stamp of this interpreter it may be half-made, and pip takes half-installed packages for whole ones.
    is_complete = (read(stamp) or "").startswith(python_stamp(project).splitlines()[0])
    stamp.unlink(missing_ok=True)
    if not is_complete:
        say(f"Creating .venv with Python {sys.version.split()[0]} ({base_python()})")
        remove(venv)
        run(project, "python -m venv", [base_python(), "-I", "-m", "venv", str(venv)])
    pins = pins_of(project)
    say(f"Installing {len(pins)} pinned Python packages")
    pip = [str(venv / "bin/python"), "-I", "-m", "pip", "--disable-pip-version-check", "--no-input"]
    files = [argument for name in PYTHON_LOCKS for argument in ("-r", name)]
    options = ["--no-user", "--retries", "2", "--require-hashes", "--only-binary", ":all:"]
    run(project, "pip install", [*pip, "install", *options, *files])
    remove_strays(project, pip, pins)
    stamp.write_text(python_stamp(project))


def pins_of(project: Path) -> set[str]:
    """Return the normalised names that the lock files pin."""
    text = "\n".join((project / name).read_text() for name in PYTHON_LOCKS)
    return {normalised(name) for name in re.findall(r"^([A-Za-z0-9._-]+)(?:\[.*?\])?==", text, re.MULTILINE)}


def normalised(name: str) -> str:
    """Return a package's name as the index compares it (https://packaging.python.org/specifications/name-normalization)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def remove_strays(project: Path, pip: Sequence[str], pins: set[str]) -> None:
    """Uninstall what earlier lock files pinned and these do not, so that nothing works by accident."""
    listed = run(project, "pip list", [*pip, "list", "--format=freeze"])
    installed = {line.partition("==")[0] for line in listed.splitlines() if "==" in line}
    strays = sorted(name for name in installed if normalised(name) not in pins | {"pip", "setuptools"})
    if strays:
        say(f"Removing packages that are no longer pinned: {', '.join(strays)}")
        run(project, "pip uninstall", [*pip, "uninstall", "--yes", *strays])


def link_node(project: Path, node: Path) -> None:
    """Put the chosen Node on the project's own path, `.venv/bin`, wherever it lies."""
    link = project / ".venv/bin/node"
    if not link.is_symlink() or link.resolve() != node:
        link.unlink(missing_ok=True)
        link.symlink_to(node)


def set_up_node(project: Path, node: Path) -> None:
    """Install the pinned development tools that need Node into new `node_modules`."""
    say("Installing the storage emulator and the type checker (npm)")
    (project / NODE_STAMP).unlink(missing_ok=True)
    npm = ["npm", "ci", "--include=dev", "--ignore-scripts", "--no-progress", "--fetch-retries=1"]
    run(project, "npm ci", npm, path=f"{node.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}")
    (project / NODE_STAMP).write_text(node_stamp(project, node))


def run(project: Path, name: str, command: Sequence[str], path: str | None = None) -> str:
    """Run a command in the project's folder, log and return what it prints. Raises: SetupError in one line."""
    environ = {key: value for key, value in os.environ.items() if key not in {"PIP_TARGET", "PIP_PREFIX", "PIP_USER"}}
    # Caches stay in the project's folder unless the person has chosen their place.
    environ.setdefault("PIP_CACHE_DIR", str(project / ".tunedrop/cache/pip"))
    environ.setdefault("npm_config_cache", str(project / ".tunedrop/cache/npm"))
    if path is not None:
        environ["PATH"] = path
    done = subprocess.run(  # noqa: S603  fixed commands; nothing comes from outside
        command, cwd=project, env=environ, stdin=subprocess.DEVNULL, text=True, errors="replace", check=False,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    with (project / LOG).open("a") as log:
        log.write(f"$ {' '.join(command)}\n{done.stdout}\n")
    if done.returncode != 0:
        raise SetupError(f"{name}: {cause_of(done.stdout)} (all of it in {LOG})")
    return done.stdout


def cause_of(output: str) -> str:
    """Return in one line why pip or npm gave up."""
    if OFFLINE.search(output):
        return "the package index cannot be reached; check the network or the proxy, then run make setup again"
    if error := FIRST_ERROR.search(output):
        return error[1]
    lines = output.strip().splitlines()
    return lines[-1] if lines else "it said nothing"


def remove(folder: Path) -> None:
    """Remove a folder with all it holds, if it is there."""
    if folder.is_symlink():
        folder.unlink()
    elif folder.exists():
        shutil.rmtree(folder)


def say(line: str) -> None:
    """Print a line at once, also into a pipe."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
