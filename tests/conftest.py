"""Keep every test, and the Python processes it starts, on this machine."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

GUARD = Path(__file__).parent / "tools/loopback_only"

# Python imports sitecustomize by itself when it starts: children get the guard from the environment, and so do the
# processes of a parallel run. Where this process started without it, its own sitecustomize, if any, is replaced here.
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(GUARD), os.environ.get("PYTHONPATH")]))
if Path(getattr(sys.modules.get("sitecustomize"), "__file__", None) or "").parent != GUARD:
    sys.modules.pop("sitecustomize", None)
sys.path.insert(0, str(GUARD))
from sitecustomize import REFUSED  # noqa: E402  it can be imported only now that its folder is on the path


@pytest.fixture(autouse=True)
def stay_on_loopback() -> Iterator[None]:
    """Fail the test in which a connection was refused, even if the code under test swallowed the error."""
    yield
    refused = ", ".join(REFUSED)
    REFUSED.clear()
    assert not refused, f"the test tried to reach another machine: {refused}"
