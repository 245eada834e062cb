"""Child processes are ended whatever happens: to them, or to the program that started them."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from emulators.local.children import ChildError, Watchdog, child_process, end_group
from emulators.local.signals import Stopped, held, stop_signals

# Each takes the ready file's path as the last argument, as child_process hands it over.
READY_THEN_SLEEP = "import sys, time; open(sys.argv[-1], 'w').write('{\"url\": \"here\"}'); time.sleep(60)"
DEAF = (
    "import signal, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"
)
FAILING = "import sys; print('no such port'); sys.exit(3)"
# A program like ours: a watchdog, a child, its id on standard output, and then it never ends by itself.
PARENT = f"""
import os, sys, time
from pathlib import Path
from emulators.local.children import Watchdog, child_process
with Watchdog() as watchdog:
    command = [sys.executable, "-c", {READY_THEN_SLEEP!r}]
    with child_process("child", command, folder=Path(sys.argv[1]), environ=os.environ, watchdog=watchdog) as child:
        child.wait_until_ready()
        print(child.process.pid, flush=True)
        time.sleep(60)
"""


def wait_until(predicate: Callable[[], bool], *, description: str, seconds: float = 10) -> None:
    """Wait for a condition, within a deadline."""
    deadline = time.monotonic() + seconds
    while not predicate():
        assert time.monotonic() < deadline, f"not within {seconds} s: {description}"
        time.sleep(0.02)


def is_gone(pid: int) -> bool:
    """Tell whether a process is gone (or only waits for its exit status to be read)."""
    status = Path(f"/proc/{pid}/stat")
    if not status.parent.exists() and Path("/proc/self").exists():
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return status.exists() and status.read_text().rpartition(")")[2].split()[0] == "Z"


def python(program: str) -> list[str]:
    """Return the command that runs this program."""
    return [sys.executable, "-c", program]


def test_child_says_when_it_is_ready(tmp_path: Path) -> None:
    """The ready file's content comes back, and the block's end is the child's end."""
    with Watchdog() as watchdog:
        command = python(READY_THEN_SLEEP)
        with child_process("child", command, folder=tmp_path, environ=os.environ, watchdog=watchdog) as child:
            assert child.wait_until_ready() == {"url": "here"}
            child.check()
        assert child.process.poll() == -signal.SIGTERM
    assert not (tmp_path / "child.ready.json").exists()


def test_child_that_ends_by_itself(tmp_path: Path) -> None:
    """A child that does not start is an error that names its exit status and shows the end of its log."""
    with (
        Watchdog() as watchdog,
        child_process("storage", python(FAILING), folder=tmp_path, environ=os.environ, watchdog=watchdog) as child,
        pytest.raises(ChildError, match=r"storage ended with status 3\n  \| no such port"),
    ):
        child.wait_until_ready()


def test_deaf_child_is_killed() -> None:
    """A child that ignores SIGTERM is killed when its time is over."""
    with subprocess.Popen(python(DEAF), stdout=subprocess.PIPE, process_group=0) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"deaf\n"
        end_group(process, patience=0.1)
        assert process.poll() == -signal.SIGKILL


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_killed_parent_leaves_no_orphan(tmp_path: Path, number: signal.Signals) -> None:
    """When the program is killed without a chance to clean up, the watchdog ends its children."""
    with subprocess.Popen([*python(PARENT), str(tmp_path)], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert not is_gone(pid)
        parent.send_signal(number)
        parent.wait()
    wait_until(lambda: is_gone(pid), description="the child has ended")


def test_signal_becomes_one_exception() -> None:
    """The first signal raises Stopped where the program is; the next ones do not disturb its cleaning up."""
    with stop_signals():
        with pytest.raises(Stopped, match="SIGTERM"):
            signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGHUP)


def test_signal_waits_until_it_may_come() -> None:
    """A signal during a held block raises at the block's end, after all that stands in it."""
    done: list[str] = []

    def be_signalled() -> None:
        with held():
            signal.raise_signal(signal.SIGINT)
            with held():
                done.append("inner")
            done.append("outer")

    with stop_signals(), pytest.raises(Stopped, match="SIGINT"):
        be_signalled()
    assert done == ["inner", "outer"]
