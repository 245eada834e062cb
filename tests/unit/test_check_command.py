"""`python -m shared.check` in a process of its own: what it prints, its exit code, what it loads."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


def lines(number: int, part: str = "t") -> bytes:
    """Return so many sound and distinct examples."""
    examples: list[Any] = [
        {
            "messages": [
                {"role": "user", "content": f"{part} question {n}"},
                {"role": "assistant", "content": f"{part}{n}!"},
            ]
        }
        for n in range(number)
    ]
    return b"".join(json.dumps(example).encode() + b"\n" for example in examples)


def check(*arguments: str, stdin: bytes = b"") -> tuple[int, str, str]:
    """Run the command; return its exit code, output and errors."""
    command = [sys.executable, "-m", "shared.check", *arguments]
    run = subprocess.run(command, cwd=ROOT, input=stdin, capture_output=True, timeout=60, check=False)
    return run.returncode, run.stdout.decode(), run.stderr.decode()


def test_a_valid_dataset_exits_with_0(tmp_path: Path) -> None:
    """The verdict and the statistics of both parts are printed, and nothing else where no one watches."""
    (tmp_path / "t.jsonl").write_bytes(lines(12))
    (tmp_path / "v.jsonl").write_bytes(lines(10, "v"))
    code, output, errors = check(str(tmp_path / "t.jsonl"), "--validation", str(tmp_path / "v.jsonl"))
    assert (code, errors) == (0, "")
    assert "t.jsonl: valid, 0 errors" in output
    assert "training: 12 examples" in output
    assert "validation: 10 examples" in output


def test_a_rejected_dataset_exits_with_1(tmp_path: Path) -> None:
    """Issues are printed by code, with the first lines and the remedy."""
    (tmp_path / "t.jsonl").write_bytes(lines(10) + b"{\n" * 7)
    code, output, _ = check(str(tmp_path / "t.jsonl"))
    assert code == 1
    assert "t.jsonl: REJECTED, 7 errors" in output
    assert "error invalid-json (7):" in output
    assert "at training line 11, training line 12, training line 13" in output
    assert "and 2 more" in output
    assert "Write each line with a JSON library" in output


def test_standard_input_is_read_as_a_file() -> None:
    """A pipe is checked without being a file, and JSON holds the same numbers."""
    code, output, errors = check("-", "--json", "--model", "gpt-4", stdin=lines(10))
    assert (code, errors) == (0, "")
    summary = json.loads(output)["-"]["summary"]
    assert (summary["encoding"], summary["training"]["examples"]) == ("cl100k_base", 10)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "required: FILE"),
        (["/nowhere/t.jsonl"], "/nowhere/t.jsonl: No such file or directory"),
        (["/"], "/: Is a directory"),
        (["-", "--validation", "-"], "standard input can be read only once"),
        (["-", "--method", "rl"], "invalid choice: 'rl'"),
    ],
)
def test_wrong_usage_exits_with_2(arguments: list[str], said: str) -> None:
    """What cannot be checked is no verdict."""
    code, output, errors = check(*arguments)
    assert (code, output) == (2, "")
    assert said in errors


def test_several_files_are_checked_in_turn(tmp_path: Path) -> None:
    """Each has its report, and one that is rejected decides the exit code."""
    (tmp_path / "good.jsonl").write_bytes(lines(10))
    (tmp_path / "bad.jsonl").write_bytes(b"[]")
    code, output, _ = check(str(tmp_path / "good.jsonl"), str(tmp_path / "bad.jsonl"))
    assert code == 1
    assert "good.jsonl: valid" in output
    assert "bad.jsonl: REJECTED" in output


def test_no_sdk_is_loaded() -> None:
    """A check needs neither Azure's libraries nor OpenAI's."""
    code = "import sys, shared.check; print({name.partition('.')[0] for name in sys.modules} & {'azure', 'openai'})"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout == "set()\n"
