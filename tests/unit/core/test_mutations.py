"""Thousands of damaged datasets: validation never fails, never hangs, and names the right lines.

TUNEDROP_MUTATIONS says how many; each is made from its number alone, so a failure can be repeated.
"""

import json
import os
import random
import time
from collections.abc import Callable
from typing import Any

import pytest

from shared.core.checks import check_example
from shared.core.comparison import Known
from shared.core.dataset_check import Rules, check_split
from shared.core.examples import parse_example
from shared.core.issues import MEANINGS, Finding, IssueLog
from shared.core.plain_examples import is_plain_chat, parse_plain
from shared.core.plans import Method
from shared.core.validation import Issue

MUTATIONS = int(os.environ.get("TUNEDROP_MUTATIONS", "1500"))
BATCHES = 6
# Told at the later of two lines, which need not be the damaged one.
COMPARING = {"duplicate-example", "near-duplicate-example", "contradictory-answer", "mixed-methods"}
CALL = {"id": "c1", "type": "function", "function": {"name": "add", "arguments": '{"a": 1}'}}
TOOL = {"type": "function", "function": {"name": "add", "parameters": {"type": "object", "properties": {"a": {}}}}}


def chat(number: int) -> dict[str, Any]:
    """Return one of a few kinds of sound chats."""
    question: dict[str, Any] = {"role": "user", "content": f'Frage {number}: wie heißt "das"?\n\u2028'}
    answer: dict[str, Any] = {"role": "assistant", "content": f"Antwort {number} 🙂 lautet so.", "weight": 1}
    if number % 4 == 1:
        question["content"] = [{"type": "text", "text": f"Teil {number}"}]
    if number % 4 == 2:
        called = {"role": "assistant", "content": None, "tool_calls": [CALL]}
        told = {"role": "tool", "tool_call_id": "c1", "content": f"{number}"}
        return {"messages": [question, called, told, answer], "tools": [TOOL], "parallel_tool_calls": False}
    system = {"role": "system", "content": "Antworte knapp.", "name": "s"}
    return {"messages": [system, question, answer] if number % 4 else [question, answer]}


def pair(number: int) -> dict[str, Any]:
    """Return a sound preference pair."""
    better, worse = ({"role": "assistant", "content": f"{word} Antwort {number}."} for word in ("Gute", "Schlechte"))
    asked = {"role": "user", "content": f"Frage {number}?"}
    return {"input": {"messages": [asked]}, "preferred_output": [better], "non_preferred_output": [worse]}


DATASETS: dict[Method, list[bytes]] = {
    "supervised": [json.dumps(chat(number), ensure_ascii=number % 2 == 0).encode() for number in range(12)],
    "dpo": [json.dumps(pair(number), ensure_ascii=False).encode() for number in range(12)],
}
HOSTILE = [
    b"",
    b" \t",
    b"[" * 5_000,
    b'{"messages":' * 3_000,
    b'{"messages": ' + b"9" * 5_000 + b"}",
    b'{"a": 1e999}',
    b'{"a": NaN}',
    b'{"a": "\\ud800"}',
    b'{"messages": [' + b"{}," * 500 + b"{}]}",
    b"\xef\xbb\xbf{}",
    b"\xff\xfe\x00",
    b"null",
    b'{"messages": [{"role": "user", "content": "' + b"api_key=" * 500 + b'"}]}',
]
JUNK: list[Any] = [None, True, 0, 1.5, -1, 10**30, "", "x", "user", "assistant", "tool", [], {}, [[]], [{}], {"a": {}}]
PIECES = [b'"', b"\\", b"{", b"}", b"[", b"]", b",", b":", b"\\u", b"\\ud83d", b"\r", b"\x00", b"\xe2\x80", b"1e9"]


def damaged_bytes(line: bytes, rng: random.Random) -> bytes:
    """Return a line with some bytes changed, lost, doubled or put in; none is a line feed."""
    start = rng.randrange(len(line))
    end = min(len(line), start + rng.choice([1, 1, 2, 5, 40]))
    instead = rng.choice([b"", line[start:end] * 2, rng.choice(PIECES), bytes([rng.randrange(256)])])
    return (line[:start] + instead + line[end:]).replace(b"\n", b"")


def damaged_value(line: bytes, rng: random.Random) -> bytes:
    """Return a line of which one value, somewhere inside, was replaced, removed, renamed, doubled or moved."""
    example = json.loads(line)
    holder, key = rng.choice(list(places_in(example)))
    kind = rng.choice(["replace", "remove", "rename", "double", "shuffle"])
    if kind == "replace":
        holder[key] = rng.choice(JUNK)
    elif kind == "remove":
        del holder[key]
    elif kind == "rename" and isinstance(holder, dict):
        holder[rng.choice(["messages", "content", "weight", "input", "Role", key + " "])] = holder.pop(key)
    elif kind == "double" and isinstance(holder, list):
        holder.insert(rng.randrange(len(holder) + 1), holder[key])
    elif isinstance(holder, list):
        rng.shuffle(holder)
    return json.dumps(example).encode()


def places_in(value: Any) -> Any:
    """Yield every place in a JSON value as its holder with a key or index."""
    for key in list(value) if isinstance(value, dict) else range(len(value) if isinstance(value, list) else 0):
        yield value, key
        yield from places_in(value[key])


def hostile(_line: bytes, rng: random.Random) -> bytes:
    """Return a line that was made to hurt."""
    return rng.choice(HOSTILE)


def cut_anywhere(data: bytes, rng: random.Random) -> bytes:
    """Return the beginning of a file."""
    return data[: rng.randrange(len(data))]


LINES: list[Callable[[bytes, random.Random], bytes]] = [damaged_bytes, damaged_value, damaged_value, hostile]
FILES: list[Callable[[bytes, random.Random], bytes]] = [
    cut_anywhere,
    lambda data, rng: data[rng.randrange(len(data)) :],
    lambda data, _: data.replace(b"\n", b"\r\n"),
    lambda data, _: data.replace(b"\n", b"\r"),
    lambda data, _: data.replace(b"\n", b"\n\n"),
    lambda data, _: data + b"\xef\xbb\xbf" + data,
    lambda data, _: data.decode().encode("utf-16"),
    lambda data, _: data.decode().encode("cp1252", errors="replace"),
    lambda data, rng: rng.choice([b"\x1f\x8b", b"PK\x03\x04", b"%PDF-", b"PAR1", b"["]) + data,
    lambda data, rng: b"\n".join(rng.sample(data.split(b"\n"), 12)),
]


def check(data: bytes, method: Method, rng: random.Random) -> list[Issue]:
    """Return what is found in a dataset that comes in pieces of any size."""
    size = rng.choice([1, 7, 64, 10_000])
    log, rules = IssueLog(), Rules(method=method, limit_tokens=10_000, count=len)
    chunks = (data[start : start + size] for start in range(0, len(data), size))
    check_split(chunks, "training", rules, log, Known())
    return log.issues()


@pytest.mark.parametrize("batch", range(BATCHES))
def test_no_damage_confuses_validation(batch: int) -> None:
    """Every mutation is judged within seconds, by known codes, on lines that the file has."""
    for number in range(batch, MUTATIONS, BATCHES):
        rng = random.Random(number)
        method: Method = rng.choice(["supervised", "supervised", "dpo"])
        began = time.perf_counter()
        if rng.random() < 0.8:
            damage_a_line(DATASETS[method], method, rng, number)
        else:
            damage_a_file(DATASETS[method], method, rng, number)
        assert time.perf_counter() - began < 5, number


def damage_a_line(lines: list[bytes], method: Method, rng: random.Random, number: int) -> None:
    """Damage one line and expect all issues on it."""
    at = rng.randrange(len(lines))
    damaged = rng.choice(LINES)(lines[at], rng)
    issues = check(b"\n".join([*lines[:at], damaged, *lines[at + 1 :], b""]), method, rng)
    elsewhere = {issue.line for issue in issues if issue.code not in COMPARING} - {0, at + 1}
    assert not elsewhere, number
    parsed = parse_example(damaged, first=at == 0)
    plain = parse_plain(damaged)
    if plain is not None:
        assert plain == parsed, number
        assert not (is_plain_chat(plain, method) and list(check_example(plain, method))), number
    if isinstance(parsed, Finding) and not (at == 0 and issues[0].code == "not-jsonl"):
        assert (parsed.code, at + 1) in {(issue.code, issue.line) for issue in issues}, number


def damage_a_file(lines: list[bytes], method: Method, rng: random.Random, number: int) -> None:
    """Damage the file as a whole and expect issues on lines that it has."""
    data = rng.choice(FILES)(b"\n".join([*lines, b""]), rng)
    issues = check(data, method, rng)
    assert all(issue.code in MEANINGS for issue in issues), number
    assert all(0 <= issue.line <= data.count(b"\n") + 1 for issue in issues), number


def test_the_undamaged_datasets_are_sound() -> None:
    """What is found in a damaged dataset is the damage."""
    for method, lines in DATASETS.items():
        assert check(b"\n".join(lines), method, random.Random(0)) == []
