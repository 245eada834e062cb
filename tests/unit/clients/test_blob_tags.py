"""Index tags within Azure's limits, and ETags in one spelling."""

from shared.clients.blobs import merged_tags, quoted


def test_ours_are_set_over_older_ones() -> None:
    """Our value replaces an older one and leaves the others alone."""
    assert merged_tags({"team": "blue", "a": "1"}, {"a": "2", "b": "3"}) == {"team": "blue", "a": "2", "b": "3"}


def test_tags_of_others_are_never_dropped() -> None:
    """Where ten tags are reached, only ours that exist already are set."""
    existing = {f"t{n}": "x" for n in range(9)}
    merged = merged_tags(existing, {"first": "1", "second": "2", "t0": "y"})
    assert len(merged) == 10
    assert (merged["first"], merged["t0"], "second" in merged) == ("1", "y", False)


def test_what_azure_refuses_is_replaced_and_cut() -> None:
    """Keys keep 128 characters, values 256, of the characters that Azure allows."""
    assert merged_tags({}, {"k" * 200: "v" * 300}) == {"k" * 128: "v" * 256}
    assert merged_tags({}, {"model": "gpt-4o.ft-1:a/b=c_d +é?\n"}) == {"model": "gpt-4o.ft-1:a/b=c_d +___"}


def test_etags_are_quoted_once() -> None:
    """An ETag of an event has no quotes, that of an answer has: both mean one version."""
    assert quoted("0x8D4BCC2E4835CD0") == '"0x8D4BCC2E4835CD0"'
    assert quoted('"0x8D4BCC2E4835CD0"') == '"0x8D4BCC2E4835CD0"'
