"""What the demonstration takes, shows and promises, from its command line to its exit status."""

import json
import os
import signal
import subprocess
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from emulators.__main__ import main
from emulators.local.drop import SAMPLES, DatasetError, dataset_for
from emulators.local.progress import LineProgress
from emulators.local.summary import print_outcome, print_summary

PROJECT = Path(__file__).parents[2]
FAILURE = {"code": "dataset-invalid", "message": "2 errors.", "remedy": "Mend the lines.", "detail": ""}
STAGES = ("intake", "validation", "upload", "training", "deployment", "verification", "publication")


def run(**fields: Any) -> dict[str, Any]:
    """Return a run as the API shows it, as empty as one can be but for these fields."""
    empty = ("plan", "validation", "estimate", "files", "job", "deployment", "verification", "failure", "report")
    stages = [{"name": name, "status": "pending", "started_at": None, "finished_at": None} for name in STAGES]
    base = {"run_id": "demo-0123456789ab", "status": "running", "waiting_for": "", "stages": stages}
    return base | dict.fromkeys(empty) | fields


def console_and_text() -> tuple[Console, StringIO]:
    """Return a console that is no terminal, and where it writes."""
    text = StringIO()
    return Console(file=text, width=80), text


@pytest.mark.parametrize("name", ["training", "validation", "options"])
def test_missing_file_is_one_line_before_anything_starts(name: str, tmp_path: Path, capfd: Any) -> None:
    """A file that is not there ends the demonstration with one line and status 2, and leaves no trace."""
    missing = tmp_path / "missing.jsonl"
    assert main(["--state", str(tmp_path / "state"), "demo", f"--{name}", str(missing)]) == 2
    out, error = capfd.readouterr()
    assert (out, error) == ("", f"error: the {name} file {missing} cannot be read: No such file or directory\n")
    assert not (tmp_path / "state").exists()


def test_folder_is_no_file(tmp_path: Path) -> None:
    """A folder where a file should be is told apart."""
    with pytest.raises(DatasetError, match="cannot be read: Is a directory"):
        dataset_for(tmp_path, None, None)


def test_own_training_file_comes_alone(tmp_path: Path) -> None:
    """With a training file of one's own, no sample's validation set or options come with it."""
    mine = tmp_path / "mine.jsonl"
    mine.touch()
    dataset = dataset_for(mine, None, None)
    assert (dataset.validation, dataset.options, dataset.path) == (None, None, "mine/training_set.jsonl")


def test_samples_are_the_default() -> None:
    """Without a file named, the samples are dropped, options included."""
    dataset = dataset_for(None, None, None)
    assert (dataset.options, dataset.path) == (SAMPLES / "finetune.json", "demo/training_set.jsonl")


def test_lines_come_once_for_each_change() -> None:
    """Without a terminal each change of a stage is one line, and an unchanged stage none."""
    console, text = console_and_text()
    progress = LineProgress(console)
    times = {"started_at": "2026-01-01T00:00:00Z", "finished_at": "2026-01-01T00:00:02.5Z"}
    validated = run(waiting_for="the check of every example")
    validated["stages"][1] |= {"status": "succeeded"} | times
    validated["validation"] = {
        "training": {"examples": 1200, "total_tokens": 5000},
        "error_count": 0,
        "warning_count": 1,
    }
    for state in (run(), validated, validated):
        progress.show(state)
    assert text.getvalue() == "validation   succeeded    2.5 s  1,200 examples, 5,000 tokens, 1 warning\n"


def test_failure_is_told_with_its_remedy() -> None:
    """A failed run is told with code, message and remedy, and each finding with its line and code."""
    console, text = console_and_text()
    issue = {
        "code": "invalid-json", "severity": "error", "split": "training", "line": 8,
        "message": "The line is not JSON.", "remedy": "Mend it.",
    }  # fmt: skip
    validation = {"training": None, "validation": None, "issues": [issue], "error_count": 2, "warning_count": 0}
    rejected = run(status="rejected", failure=FAILURE, validation=validation)
    print_summary(console, rejected, None, [])
    print_outcome(console, rejected, {})
    lines = [line for line in text.getvalue().splitlines() if line]
    assert lines == [
        "Run             demo-0123456789ab",
        "error           training line 8 (invalid-json): The line is not JSON. Mend it.",
        "                and 1 more in the report",
        "The run was rejected: dataset-invalid",
        "  2 errors.",
        "  Mend the lines.",
    ]


def test_samples_teach_one_style() -> None:
    """The samples are what their page says: 64 and 14 examples, none in both, each from "Ahoy!" to "Fair winds."."""
    questions: dict[str, list[str]] = {}
    for name in ("training_set", "validation_set"):
        lines = (SAMPLES / f"{name}.jsonl").read_text().splitlines()
        dialogues = [json.loads(line)["messages"] for line in lines]
        assert all(
            [message["role"] for message in dialogue] == ["system", "user", "assistant"] for dialogue in dialogues
        )
        answers = [dialogue[2]["content"] for dialogue in dialogues]
        assert all(answer.startswith("Ahoy! ") and answer.endswith(" Fair winds.") for answer in answers)
        questions[name] = [dialogue[1]["content"] for dialogue in dialogues]
    assert [len(set(part)) for part in questions.values()] == [64, 14]
    assert not set(questions["training_set"]) & set(questions["validation_set"])


def emulators(*arguments: str, state: Path) -> subprocess.Popen[str]:
    """Start the command line in a process of its own, with its state in this folder."""
    command = [sys.executable, "-m", "emulators", "--state", str(state), *arguments]
    return subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def test_demonstration_of_the_samples(tmp_path: Path) -> None:
    """The samples go all the way: exit status 0, the tuned model speaks as taught, the report lies where it says."""
    with emulators("demo", state=tmp_path) as demo:
        output, _ = demo.communicate(timeout=120)
    assert demo.returncode == 0, output
    assert "The run succeeded." in output
    assert "3 of 3 answers pass" in output
    assert output.count("  tuned  Ahoy! ") == 3
    report = next(tmp_path.glob("reports/*/report.html"))
    assert report.resolve().as_uri() in output
    assert json.loads(report.with_suffix(".json").read_text())["run"]["status"] == "succeeded"


def test_start_ends_everything_on_a_signal(tmp_path: Path) -> None:
    """A running start answers SIGTERM by ending every process that it started, with status 0."""
    with emulators("start", state=tmp_path) as start:
        assert start.stdout is not None
        lines = iter(start.stdout.readline, "")
        assert any("Ctrl-C stops everything" in line for line in lines)
        ready = [json.loads(file.read_text()) for file in (tmp_path / "start/logs").glob("*.ready.json")]
        pids = [said[key] for said in ready for key in ("pid", "worker_pid") if key in said]
        assert len(pids) == 3
        start.send_signal(signal.SIGTERM)
        assert start.wait(timeout=30) == 0
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_services_write_the_settings_for_core_tools(tmp_path: Path) -> None:
    """Storage and Azure OpenAI run alone, and the settings written for Core Tools lead to them and nowhere else."""
    with emulators("services", state=tmp_path) as services:
        assert services.stdout is not None
        lines = iter(services.stdout.readline, "")
        printed = next(line for line in lines if line.startswith("  Azure OpenAI  ")).split()[-1]
        assert any("Ctrl-C stops everything" in line for line in lines)
        values = json.loads((tmp_path / "services/local.settings.json").read_text())["Values"]
        services.send_signal(signal.SIGTERM)
        assert services.wait(timeout=30) == 0
    assert values["AZURE_OPENAI_ENDPOINT"] == values["ARM_ENDPOINT"] == printed
    assert values["DATASETS_TRIGGER_SOURCE"] == "LogsAndContainerScan"
    assert not any("azure.com" in value or "windows.net" in value for value in values.values())
