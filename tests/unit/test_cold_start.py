"""The promise of a short cold start, held by what an import of the app does not load."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

PROBE = """
import json, os, sys
os.environ["DATASETS_TRIGGER_SOURCE"] = "EventGrid"
import azure.durable_functions, azurefunctions.extensions.bindings.blob
framework = set(sys.modules)
import function_app
print(json.dumps(sorted({name.partition(".")[0] for name in set(sys.modules) - framework})))
"""

# The product itself, its JSON library, and small parts of the standard library that the framework does not load.
ALLOWED = {"function_app", "shared", "msgspec"}


def test_importing_the_app_loads_nothing_heavy_beyond_the_framework():
    """Beyond Durable Functions and the blob binding, an import of the app loads msgspec and the standard library."""
    run = subprocess.run([sys.executable, "-c", PROBE], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = set(json.loads(run.stdout))
    assert loaded - ALLOWED - sys.stdlib_module_names == set()
