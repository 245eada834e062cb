"""Finds what looks like a secret in a text, and counts e-mail addresses and phone numbers, in linear time.

The patterns favour silence: what is found is almost surely a secret, and some secrets are not found. A text that could
hold one is known by a few letters, so most texts cost no more than the search for these.
"""

import re
from typing import Any, NamedTuple


class _Pattern(NamedTuple):
    """A code with the pattern of what it names; only a text that holds one of the `marks` is searched.

    Repetitions are bounded, or begin where no repetition can have begun before, so that no text takes quadratic time.
    """

    code: str
    marks: tuple[str, ...]
    pattern: re.Pattern[str]


# Every secret but the header of a private key has this many characters without white space.
_LONG_WORD, _HEADER_MARK = 20, "PRIVATE KEY-"

_HAS_DIGIT = r"(?=[A-Za-z._~+/-]{0,64}[0-9])"

_SECRETS: tuple[_Pattern, ...] = (
    _Pattern("private-key", (_HEADER_MARK,), re.compile(r"-----BEGIN (?:[A-Z]{2,12} ){0,2}PRIVATE KEY-----")),
    _Pattern(
        "connection-string",
        ("AccountKey=", "SharedAccessKey="),
        re.compile(r"(?:AccountKey|SharedAccessKey)=[A-Za-z0-9+/]{40}"),
    ),
    _Pattern("sas-signature", ("sig=",), re.compile(r"[?&]sig=[A-Za-z0-9%+/]{40}")),
    _Pattern("bearer-token", ("earer ", "EARER "), re.compile(rf"\b(?i:bearer) {_HAS_DIGIT}[A-Za-z0-9._~+/-]{{20}}")),
    # A JSON web token: two JSON objects in base64, of which each begins so.
    _Pattern("bearer-token", (".eyJ",), re.compile(r"(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10}")),
    _Pattern("api-key", ("AKIA", "ASIA"), re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b")),
    _Pattern("api-key", ("ghp_", "gho_", "ghu_", "ghs_", "ghr_"), re.compile(r"\bgh[pousr]_[A-Za-z0-9]{36}")),
    _Pattern("api-key", ("github_pat_",), re.compile(r"\bgithub_pat_[A-Za-z0-9_]{22}")),
    _Pattern("api-key", ("sk-",), re.compile(rf"(?<![A-Za-z0-9-])sk-{_HAS_DIGIT}[A-Za-z0-9_-]{{32}}")),
    _Pattern("api-key", ("xox",), re.compile(r"\bxox[abprs]-[0-9]{6,16}-[0-9A-Za-z-]{10}")),
    _Pattern("api-key", ("AIza",), re.compile(r"\bAIza[0-9A-Za-z_-]{35}")),
    _Pattern(
        "api-key",
        ("pi_key", "pi-key", "pi key", "pikey", "piKey", "pi_Key", "pi-Key", "pi Key", "PI_KEY", "PI-KEY", "PI KEY"),
        re.compile(
            rf"(?:a|A)(?:pi|PI)[-_ ]?(?:[kK]ey|KEY)[\"']? {{0,3}}[:=] {{0,3}}[\"']?{_HAS_DIGIT}[A-Za-z0-9]{{32}}"
        ),
    ),
)

# Both begin with the one sign that is rare in texts.
_EMAIL = re.compile(r"(?<=[A-Za-z0-9_%+-])@(?:[A-Za-z0-9-]{1,63}\.){1,4}[A-Za-z]{2,24}\b")
_INTERNATIONAL_PHONE = re.compile(r"(?<![\w+])\+[1-9](?:[ ().-]{0,2}[0-9]){7,14}(?![0-9])")
# The digit stands before the lookbehind, because then the search skips to the next digit.
_NORTH_AMERICAN_PHONE = re.compile(r"[0-9](?<![\w.+-][0-9])[0-9]{2}(?:\) ?|[ .-])[0-9]{3}[ .-][0-9]{4}(?![\w-])")


def texts_of(value: Any) -> list[str]:
    """Return every text in a JSON value, without keys and images in data URLs."""
    found: list[str] = []
    _collect(value, found)
    return found


def secrets_in(text: str) -> list[str]:
    """Return the codes of the secrets that a text seems to hold, each once."""
    if max(map(len, text.split()), default=0) < _LONG_WORD and _HEADER_MARK not in text:
        return []
    found: list[str] = []
    for code, marks, pattern in _SECRETS:
        for mark in marks:
            if mark in text:
                if code not in found and pattern.search(text):
                    found.append(code)
                break
    return found


def count_email_addresses(text: str) -> int:
    """Return how many e-mail addresses a text has."""
    return sum(1 for _ in _EMAIL.finditer(text)) if "@" in text else 0


def count_phone_numbers(text: str) -> int:
    """Return how many phone numbers a text has: international ones, and North American ones without their country."""
    # Taken out, so that the end of an international number is not counted once more.
    rest, international = _INTERNATIONAL_PHONE.subn("", text) if "+" in text else (text, 0)
    return international + sum(1 for _ in _NORTH_AMERICAN_PHONE.finditer(rest))


def _collect(value: Any, found: list[str]) -> None:
    if isinstance(value, str):
        if not value.startswith("data:"):
            found.append(value)
    elif isinstance(value, (dict, list)):
        for child in value.values() if isinstance(value, dict) else value:
            _collect(child, found)
