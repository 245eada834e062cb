"""For every code of an issue, lines of a dataset that have it, or words where no short line could."""

from typing import Any

_ASK: dict[str, Any] = {"role": "user", "content": "2 + 2?"}
_ANSWER: dict[str, Any] = {"role": "assistant", "content": "Four."}
_CALL = {"id": "c1", "type": "function", "function": {"name": "add", "arguments": "{}"}}
_CALLING: dict[str, Any] = {"role": "assistant", "content": None, "tool_calls": [_CALL]}
_TOOL: dict[str, Any] = {"type": "function", "function": {"name": "add"}}
_PAIR: dict[str, Any] = {
    "input": {"messages": [_ASK]},
    "preferred_output": [_ANSWER],
    "non_preferred_output": [{"role": "assistant", "content": "Five."}],
}


def _chat(*messages: Any, **beside: Any) -> dict[str, Any]:
    return {"messages": list(messages), **beside}


def _image(url: str, role: str = "user") -> dict[str, Any]:
    return {"role": role, "content": [{"type": "image_url", "image_url": {"url": url}}]}


def _saying(text: str) -> dict[str, Any]:
    return _chat({"role": "user", "content": text}, _ANSWER)


def _tool(**function: Any) -> dict[str, Any]:
    return _chat(_ASK, _ANSWER, tools=[{"type": "function", "function": function}])


# Put together here, so that no scanner takes this file for one that holds secrets.
_KEY = "AccountKey=" + "0123456789" * 4
_PEM = "-----BEGIN " + "PRIVATE KEY-----"

# The lines, of which the last has the issue; an object is a line of JSON. Examples of pairs are checked as such.
EXAMPLES: dict[str, list[Any]] = {
    "empty-dataset": [],
    "too-few-examples": [_chat(_ASK, _ANSWER)],
    "blank-line": [""],
    "truncated-line": ['{"messages": [{"role": "us'],
    "invalid-json": ["{'messages': []}"],
    "not-an-object": ['"2 + 2?"'],
    "duplicate-key": ['{"messages": [], "messages": []}'],
    "not-a-number": ['{"messages": [], "weight": NaN}'],
    "number-out-of-range": ['{"messages": [], "weight": 1e999}'],
    "lone-surrogate": ['{"messages": [], "name": "\\ud83d"}'],
    "wrong-method": [_PAIR],
    "reinforcement-example": [_chat(_ASK, reference_answer="Four.")],
    "foreign-format": [{"prompt": "2 + 2?", "completion": "Four."}],
    "missing-messages": [_chat()],
    "message-not-an-object": [_chat(_ASK, "Four.")],
    "unknown-role": [_chat(_ASK, {"role": "Assistant", "content": "Four."})],
    "developer-role": [_chat({"role": "developer", "content": "Be brief."}, _ASK, _ANSWER)],
    "missing-content": [_chat(_ASK, {"role": "assistant", "content": None})],
    "invalid-content": [_chat(_ASK, {"role": "assistant", "content": 4})],
    "empty-answer": [_chat(_ASK, {"role": "assistant", "content": ""})],
    "image-not-counted": [_chat(_image("https://example.org/a.png"), _ANSWER)],
    "misplaced-image": [_chat(_ASK, _image("https://example.org/a.png", "assistant"))],
    "invalid-image": [_chat(_image("file:///a.png"), _ANSWER)],
    "unsupported-image-type": [_chat(_image("data:image/gif;base64,R0lGODlh"), _ANSWER)],
    "invalid-weight": [_chat(_ASK, {**_ANSWER, "weight": 0.5})],
    "misplaced-weight": [_chat({**_ASK, "weight": 1}, _ANSWER)],
    "nothing-to-learn": [_chat(_ASK, {**_ANSWER, "weight": 0})],
    "invalid-name": [_chat({**_ASK, "name": ""}, _ANSWER)],
    "invalid-tool-call": [_chat(_ASK, {"role": "assistant", "tool_calls": [{"id": "c1"}]})],
    "misplaced-tool-calls": [_chat({**_ASK, "tool_calls": [_CALL]}, _ANSWER)],
    "duplicate-tool-call-id": [_chat(_ASK, {**_CALLING, "tool_calls": [_CALL, _CALL]}, tools=[_TOOL])],
    "invalid-tool-arguments": [
        _chat(_ASK, {**_CALLING, "tool_calls": [{**_CALL, "function": {"name": "add", "arguments": "2, 2"}}]})
    ],
    "unknown-tool": [_chat(_ASK, _CALLING)],
    "unmatched-tool-answer": [_chat(_ASK, {"role": "tool", "tool_call_id": "c9", "content": "4"}, _ANSWER)],
    "unanswered-tool-call": [_chat(_ASK, _CALLING, _ANSWER, tools=[_TOOL])],
    "missing-tool-call-id": [_chat(_ASK, _CALLING, {"role": "tool", "content": "4"}, _ANSWER)],
    "invalid-tools": [_chat(_ASK, _ANSWER, tools=[{"name": "add"}])],
    "invalid-function-name": [_tool(name="add up")],
    "duplicate-tool": [_chat(_ASK, _ANSWER, tools=[_TOOL, _TOOL])],
    "invalid-tool-parameters": [_tool(name="add", parameters={"a": "integer"})],
    "invalid-parallel-tool-calls": [_chat(_ASK, _ANSWER, parallel_tool_calls="no")],
    "deprecated-functions": [_chat(_ASK, _ANSWER, functions=[{"name": "add"}])],
    "missing-assistant-message": [_chat(_ASK)],
    "last-message-not-assistant": [_chat(_ANSWER, _ASK)],
    "missing-user-message": [_chat(_ANSWER)],
    "unknown-key": [_chat(_ASK, _ANSWER, tool=[])],
    "missing-input": [{**_PAIR, "input": "2 + 2?"}],
    "invalid-output": [{**_PAIR, "preferred_output": "Four."}],
    "invalid-output-role": [{**_PAIR, "preferred_output": [_ASK, _ANSWER]}],
    "same-outputs": [{**_PAIR, "non_preferred_output": [_ANSWER]}],
    "mixed-methods": [_chat(_ASK, _ANSWER), _PAIR],
    "duplicate-example": [_chat(_ASK, _ANSWER), _chat(_ASK, _ANSWER)],
    "near-duplicate-example": [_chat(_ASK, _ANSWER), _chat(_ASK, {"role": "assistant", "content": " FOUR."})],
    "contradictory-answer": [_chat(_ASK, _ANSWER), _chat(_ASK, {"role": "assistant", "content": "Five."})],
    "one-token-answers": [_chat(_ASK, {"role": "assistant", "content": "4"})],
    "private-key": [_saying(f"What is {_PEM}?")],
    "api-key": [_saying("Is api_key=" + "0123456789abcdef" * 2 + " right?")],
    "bearer-token": [_saying("Send Bearer " + "0123456789" * 2 + ".")],
    "connection-string": [_saying(_KEY)],
    "sas-signature": [_saying("https://example.org/a?sig=" + "0123456789" * 4)],
}

WORDS: dict[str, str] = {
    "not-jsonl": "a gzip or zip archive, a PDF or Parquet file, UTF-16 text, a JSON array",
    "line-too-long": "a line of 16,777,217 bytes",
    "misplaced-byte-order-mark": "two files with a mark each, one behind the other",
    "not-utf8": "a line in Windows-1252 with an accent",
    "carriage-return-line-ends": "a file of which no line ends in a line feed",
    "too-deep": "33 lists, each in the other",
    "too-many-keys": "an object with 1,001 keys",
    "example-too-long": "an example of 65,537 tokens, for gpt-4o",
    "image-too-large": "a data URL of a picture with 10,000,001 bytes or more",
    "too-many-images": "65 images in the messages of an example",
    "leaked-example": "the same line in both files",
    "leaked-prompt": "a line in each file, the same but for the answer",
    "not-all-compared": "more than 786,432 examples",
    "model-without-vision": "an image in a training file for gpt-4o-mini",
    "file-too-large": "a file of 512,000,001 bytes",
    "files-too-large": "two files of 500,000,001 bytes",
    "too-many-tokens": "a billion tokens and three epochs",
    "too-many-image-examples": "50,001 examples with an image",
    "counter-replaced": "a text that the fast counter and tiktoken count differently",
    "unknown-model": 'the option `"base_model": "gpt-unknown"`',
}
