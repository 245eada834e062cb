"""Small datasets whose style a tuned model picks up."""

import json

TOPICS = ["rain", "bread", "stars", "tea", "rivers", "bees", "iron", "maps", "salt", "wind", "clocks", "paper"]


def chat_line(user: str, assistant: str, system: str = "You are a parrot.") -> bytes:
    """Return one supervised example as a line."""
    roles = [("system", system), ("user", user), ("assistant", assistant)]
    return json.dumps({"messages": [{"role": role, "content": content} for role, content in roles]}).encode() + b"\n"


def training_set(examples: int = 12, *, style: str = "Squawk!") -> bytes:
    """Return a training set in which every answer begins and ends in the same way."""
    topics = [TOPICS[n % len(TOPICS)] for n in range(examples)]
    return b"".join(
        chat_line(f"Tell me about {topic} number {n}.", f"{style} I know {topic} well. {style}")
        for n, topic in enumerate(topics)
    )


def validation_set(examples: int = 10, *, style: str = "Squawk!") -> bytes:
    """Return held-out examples of the same style."""
    return b"".join(
        chat_line(f"What of {topic}?", f"{style} I know {topic} too. {style}") for topic in TOPICS[:examples]
    )
