"""What looks like a secret, and what only looks like one to a careless pattern."""

import time

import pytest

from shared.core.secrets_found import count_email_addresses, count_phone_numbers, secrets_in, texts_of

LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJ"
# Put together here, so that no scanner takes this file for one that holds secrets.
KEY_BEGIN = "-----BEGIN " + "RSA PRIVATE KEY-----"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (f"{KEY_BEGIN}\nMIIE", "private-key"),
        ("-----BEGIN " + "PRIVATE KEY-----", "private-key"),
        ("AccountName=a;AccountKey=" + "aB3/" * 22, "connection-string"),
        ("SharedAccessKeyName=r;SharedAccessKey=" + "aB3+" * 11, "connection-string"),
        ("https://a.blob.core.windows.net/c?sv=2024&sig=" + "aB%2F" * 9, "sas-signature"),
        ("Authorization: Bearer " + "abc123" * 6, "bearer-token"),
        ("token eyJ" + "hbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0x" + ".abc", "bearer-token"),
        ("AKIA" + "ABCDEFGH12345678", "api-key"),
        ("ghp_" + LETTERS, "api-key"),
        ("github_pat_" + LETTERS, "api-key"),
        ("sk-" + "proj-" + LETTERS + "1", "api-key"),
        ("xoxb-" + "1234567890-abcdefghij", "api-key"),
        ("AIza" + LETTERS[:35], "api-key"),
        ("api_key = '" + "0123456789abcdef" * 2 + "'", "api-key"),
        ('{"Api-Key": "' + "0123456789abcdef" * 2 + '"}', "api-key"),
    ],
)
def test_a_secret_is_named_by_its_kind(text: str, code: str) -> None:
    """Each kind is found, wherever it stands."""
    assert secrets_in(text) == [code]
    assert secrets_in(f"Please use\n{text}\nand more.") == [code]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "A private key must stay private; BEGIN PRIVATE KEY is how its file begins.",
        "-----BEGIN PUBLIC KEY-----",
        "AccountKey=<your key>",
        "Authorization: Bearer YOUR_ACCESS_TOKEN_GOES_HERE_PLEASE",
        "the bearer of good news, numbered 12",
        "a task-oriented-and-risk-based-approach-to-numbers-1-to-10",
        "sk-learn is scikit-learn",
        "ghp_short and AKIA1234",
        "api_key = os.environ['AZURE_OPENAI_API_KEY']",
        "?sig=short",
        "eyJhbGciOiJ9 alone",
    ],
)
def test_ordinary_texts_hold_no_secret(text: str) -> None:
    """Names of keys, placeholders and prose are left alone."""
    assert secrets_in(text) == []


@pytest.mark.parametrize(
    ("text", "emails"),
    [
        ("ann@example.org", 1),
        ("<ann.b+c@mail.example.co.uk>, d@e.io.", 2),
        ("@decorator and user@localhost and a @ b.de", 0),
        ("@" * 100, 0),
    ],
)
def test_email_addresses_are_counted(text: str, emails: int) -> None:
    """An address has something before the sign and a domain with a dot behind it."""
    assert count_email_addresses(text) == emails


@pytest.mark.parametrize(
    ("text", "phones"),
    [
        ("+49 30 1234567", 1),
        ("+1 (425) 555-0100 or +442079460000", 2),
        ("Call (425) 555-0100 or 425-555-0100 or 425.555.0100!", 3),
        ("2024-08-06, 192.168.001.1000, 1+1234567, 12345-678-9012, +0 123 456 789", 0),
        ("+1234", 0),
    ],
)
def test_phone_numbers_are_counted(text: str, phones: int) -> None:
    """International and North American numbers are counted; dates, addresses and sums are not."""
    assert count_phone_numbers(text) == phones


def test_texts_are_values_without_images() -> None:
    """Keys and data URLs are not searched."""
    assert texts_of({"key": ["a", {"b": "c", "url": "data:image/png;base64,AAAA"}, 1, None]}) == ["a", "c"]


@pytest.mark.parametrize(
    "piece",
    [
        "eyJ",
        "eyJaaaaaaaaaa.eyJ",
        "-----BEGIN RSA ",
        "PRIVATE KEY-",
        "AccountKey=",
        "AccountKey=aaaaaaaa",
        "Bearer ",
        "Bearer aaaaaaaaaaaa",
        "sk-",
        "sk-a",
        " sk-",
        "api_key:",
        "api key   =   a",
        "?sig=aaaa",
        "ghp_aaaa",
        "xoxb-123456-",
        "AKIA",
        "a@",
        "a@b.",
        "a.a@a-a.a",
        "+1",
        "+1 2",
        "123",
        "123-",
        "(123) ",
        "1 ",
    ],
)
def test_no_repetition_takes_more_than_linear_time(piece: str) -> None:
    """A megabyte of the beginnings of a pattern is searched within seconds; in quadratic time it would take an hour."""
    text = piece * (1_000_000 // len(piece))
    began = time.perf_counter()
    secrets_in(text)
    count_email_addresses(text)
    count_phone_numbers(text)
    assert time.perf_counter() - began < 5, piece
