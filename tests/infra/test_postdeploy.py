"""The hook after a deployment, run by a real shell against an `az` that writes down what it is asked."""

import json
import os
import stat
import subprocess
from pathlib import Path

import pytest

from tests.infra.bicep import ROOT

KEY = "b1obs-Extension_key=="
# Answers with the key from the attempt in $KEY_AFTER on; keeps a copy of the parameters file and of its mode.
AZ = """#!/bin/sh
printf '%s\\n' "$*" >>"$RECORD/calls"
case "$*" in
*"keys list"*)
    tries=$(grep -c 'keys list' "$RECORD/calls")
    [ "$tries" -ge "$KEY_AFTER" ] && printf '%s\\n' "$KEY"
    exit 0 ;;
*"deployment group create"*)
    for argument in "$@"; do
        case "$argument" in @*)
            cp "${argument#@}" "$RECORD/parameters.json"
            ls -l "${argument#@}" | cut -c1-10 >"$RECORD/mode"
            printf '%s' "${argument#@}" >"$RECORD/path" ;;
        esac
    done
    exit "$DEPLOYMENT_EXIT" ;;
esac
"""
OUTPUTS = {
    "AZURE_SUBSCRIPTION_ID": "s",
    "AZURE_RESOURCE_GROUP": "g",
    "AZURE_FUNCTION_NAME": "tunedrop-abc-app",
    "AZURE_FUNCTION_URL": "https://tunedrop-abc-app.azurewebsites.net",
    "EVENT_TOPIC_NAME": "tunedrop-abc-events",
    "DATASETS_ACCOUNT_ID": "/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/a",
}


class Hook:
    """The hook with its stubs; `record` is where they write."""

    def __init__(self, folder: Path) -> None:
        self.record = folder
        self.bin = folder / "bin"
        self.bin.mkdir()
        self.stub("az", AZ)
        self.stub("sleep", '#!/bin/sh\nprintf \'sleep %s\\n\' "$1" >>"$RECORD/sleeps"\n')

    def stub(self, name: str, text: str) -> None:
        """Put an executable before the system's own."""
        path = self.bin / name
        path.write_text(text)
        path.chmod(path.stat().st_mode | stat.S_IXUSR)

    def run(
        self, *, key_after: int = 1, deployment_exit: int = 0, outputs: dict[str, str] = OUTPUTS
    ) -> subprocess.CompletedProcess[str]:
        """Run the hook as azd does: in the project's folder, with the template's outputs as variables."""
        environment = {
            "PATH": f"{self.bin}{os.pathsep}{os.environ['PATH']}",
            "TMPDIR": str(self.record),
            "RECORD": str(self.record),
            "KEY": KEY,
            "KEY_AFTER": str(key_after),
            "DEPLOYMENT_EXIT": str(deployment_exit),
            **outputs,
        }
        hook = ["sh", "./scripts/postdeploy.sh"]
        return subprocess.run(hook, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=60)

    def calls(self) -> str:
        """Return the arguments of every call of az."""
        path = self.record / "calls"
        return path.read_text() if path.exists() else ""


@pytest.fixture
def hook(tmp_path: Path) -> Hook:
    """A hook of this test's own."""
    return Hook(tmp_path)


def test_the_hook_deploys_the_subscription_with_the_webhook(hook: Hook) -> None:
    """The event subscription gets the app's webhook with the key, the topic and the account for dead letters."""
    done = hook.run()
    assert done.returncode == 0, done.stderr
    given = json.loads((hook.record / "parameters.json").read_text())["parameters"]["endpointUrl"]["value"]
    assert given == (
        "https://tunedrop-abc-app.azurewebsites.net/runtime/webhooks/blobs"
        "?functionName=Host.Functions.on_dataset_blob&code=b1obs-Extension_key=="
    )
    assert "--template-file infra/event-subscription.bicep" in hook.calls()
    assert "topicName=tunedrop-abc-events" in hook.calls()
    assert f"storageAccountId={OUTPUTS['DATASETS_ACCOUNT_ID']}" in hook.calls()


@pytest.mark.parametrize("deployment_exit", [0, 1])
def test_the_key_is_seen_nowhere_and_left_nowhere(hook: Hook, deployment_exit: int) -> None:
    """The key is in no argument and no output; its file is the user's alone and is gone, even after a failure."""
    done = hook.run(deployment_exit=deployment_exit)
    assert done.returncode == deployment_exit
    assert KEY not in hook.calls() + done.stdout + done.stderr
    assert (hook.record / "mode").read_text().strip() == "-rw-------"
    assert not Path((hook.record / "path").read_text()).exists()


def test_the_hook_waits_until_the_host_has_made_the_key(hook: Hook) -> None:
    """A first deployment has no key for a while: the hook asks again."""
    done = hook.run(key_after=4)
    assert done.returncode == 0, done.stderr
    assert hook.calls().count("keys list") == 4
    assert (hook.record / "sleeps").read_text() == "sleep 10\n" * 3


def test_the_hook_gives_up_with_a_sentence(hook: Hook) -> None:
    """An app that never makes a key ends the hook after five minutes, and nothing is deployed."""
    done = hook.run(key_after=1000)
    assert done.returncode == 1
    assert "after 30 attempts the app has no key blobs_extension" in done.stderr
    assert "deployment group create" not in hook.calls()


@pytest.mark.parametrize("name", sorted(OUTPUTS))
def test_a_missing_output_is_named(hook: Hook, name: str) -> None:
    """Without an output of the template the hook says which, and asks Azure nothing."""
    done = hook.run(outputs={**OUTPUTS, name: ""})
    assert done.returncode == 1
    assert f"postdeploy: {name} is not set" in done.stderr
    assert hook.calls() == ""
