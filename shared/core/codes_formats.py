"""What the codes of an example's format say."""

from shared.core.codes_lines import Meaning

FORMATS: dict[str, Meaning] = {
    # The chat format.
    "wrong-method": Meaning(
        "error", "The example has the format of another method.", 'Set "method" in the options, or change the format.'
    ),
    "reinforcement-example": Meaning(
        "error",
        "The example is one for reinforcement fine-tuning, which is not run here.",
        "End the messages with the answer and remove the grader's keys.",
    ),
    "foreign-format": Meaning(
        "error",
        "The example has a format that the service does not take.",
        "Write it as messages with role and content.",
    ),
    "missing-messages": Meaning("error", "There is no list of messages.", "Give at least one message."),
    "message-not-an-object": Meaning("error", "The message is not an object.", "Write it as role and content."),
    "unknown-role": Meaning(
        "error", "The role is missing or unknown.", "Use system, user, assistant or tool, in lower case."
    ),
    "developer-role": Meaning(
        "warning", "Azure documents no developer role for training.", "Use system for gpt-4o and gpt-4.1 models."
    ),
    "missing-content": Meaning("error", "The message has no content.", "Only an assistant's tool call may have none."),
    "invalid-content": Meaning(
        "error", "The content is neither text nor a list of parts.", "Use a string, or parts of type text."
    ),
    "empty-answer": Meaning("warning", "An assistant's answer is empty.", "Remove the example, or give the answer."),
    "image-not-counted": Meaning(
        "warning", "Tokens of images are not counted.", "Expect to be billed for more tokens than the estimate says."
    ),
    "misplaced-image": Meaning("error", "An image stands outside a user message.", "Move it to a user message."),
    "invalid-image": Meaning(
        "error",
        "An image is neither an https address nor a data URL in base64, or its detail is unknown.",
        'Give image_url a url, and as detail "low", "high" or "auto".',
    ),
    "unsupported-image-type": Meaning(
        "error",
        "An image is not JPEG, PNG or WEBP, or not what its data URL says.",
        "Convert it, and name its true type.",
    ),
    "image-too-large": Meaning("error", "An image has more than 10 MB.", "Scale it down."),
    "too-many-images": Meaning("error", "The example has more than 64 images.", "Keep at most 64, or split it."),
    "invalid-weight": Meaning("error", "The weight is neither 0 nor 1.", "Use 0 or 1."),
    "misplaced-weight": Meaning("error", "A weight stands outside an assistant message.", "Remove the weight."),
    "nothing-to-learn": Meaning("warning", "Every assistant message has weight 0.", "Give one of them weight 1."),
    "invalid-name": Meaning("error", "The name is not a text of 1 to 64 characters.", "Shorten it, or leave it out."),
    "invalid-tool-call": Meaning(
        "error",
        "A tool call is not complete.",
        'Give it an id, type "function", and a function with name and arguments as strings.',
    ),
    "misplaced-tool-calls": Meaning(
        "error", "Tool calls stand outside an assistant message.", "Only the assistant calls tools."
    ),
    "duplicate-tool-call-id": Meaning(
        "warning", "Two tool calls of a message have the same id.", "Give each call an id of its own."
    ),
    "invalid-tool-arguments": Meaning(
        "warning",
        "The arguments of a tool call are not a JSON object, written as text.",
        "The model learns to write them so; mend them.",
    ),
    "unknown-tool": Meaning(
        "warning", "A tool is called that the example's tools do not define.", "Define it in tools, or mend its name."
    ),
    "unmatched-tool-answer": Meaning(
        "error",
        "A tool message answers no call of the message before it.",
        "Put it behind the assistant message whose call has its tool_call_id.",
    ),
    "unanswered-tool-call": Meaning(
        "warning",
        "A tool call has no answer, and the conversation goes on.",
        "Add a tool message for each call, before the next message.",
    ),
    "missing-tool-call-id": Meaning(
        "error", "A tool message answers no tool call.", "Give it the tool_call_id of the call that it answers."
    ),
    "invalid-tools": Meaning(
        "error", "The tools are not a list of functions.", 'Give each type "function" and a function with a name.'
    ),
    "invalid-function-name": Meaning(
        "warning",
        "A function's name is not of 1 to 64 letters, digits, underscores and dashes.",
        "Rename it, in the calls as well.",
    ),
    "duplicate-tool": Meaning("warning", "Two tools have the same name.", "Keep one of them."),
    "invalid-tool-parameters": Meaning(
        "error",
        "The parameters of a tool are not a JSON schema of an object.",
        'Give type "object", properties as an object of schemas, and required as a list of names.',
    ),
    "invalid-parallel-tool-calls": Meaning(
        "error", "parallel_tool_calls is neither true nor false.", "Use true or false, or leave it out."
    ),
    "deprecated-functions": Meaning(
        "warning", "functions and function_call are deprecated.", "Use tools and tool_calls."
    ),
    "missing-assistant-message": Meaning(
        "error", "There is no assistant message to learn from.", "Add the answer that the model shall learn."
    ),
    "last-message-not-assistant": Meaning(
        "error", "The last message is not the assistant's.", "End the example with the answer."
    ),
    "missing-user-message": Meaning("warning", "There is no user message.", "Add what the answer answers."),
    "unknown-key": Meaning("warning", "There is a key that the service does not know.", "Remove it, or mend its name."),
    "example-too-long": Meaning(
        "warning",
        "The example has more tokens than the model trains on; the service cuts off its end, the answer.",
        "Shorten the example, or split it.",
    ),
    # Preference pairs.
    "missing-input": Meaning("error", "There is no input with messages.", "Give input.messages."),
    "invalid-output": Meaning(
        "error", "An output is not a list that ends with an assistant message.", "Give one assistant message."
    ),
    "invalid-output-role": Meaning(
        "error",
        "An output has a message of another role than assistant and tool.",
        "Move that message to input.messages.",
    ),
    "same-outputs": Meaning(
        "warning", "The preferred and the other output are the same.", "Remove the example: it teaches nothing."
    ),
}
