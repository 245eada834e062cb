"""Which blobs belong together, and what a run is called."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.core.intake import (
    Parts,
    claim_path,
    is_blob_path,
    options_paths_for,
    path_kind,
    private_path,
    request_for,
    run_id_for,
    slug_for,
    validation_paths_for,
)
from shared.core.runs import Pace
from tests.builders import NOON, a_blob

PATHS = st.text(max_size=60).map(lambda text: text.encode(errors="ignore").decode())


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("training_set.jsonl", "training"),
        ("a/b/training_set.jsonl", "training"),
        ("a/chat.jsonl", "training"),
        ("a/CHAT.JSONL", "training"),
        ("a.validation.jsonl/chat.jsonl", "training"),
        ("a/my_validation_set.jsonl", "training"),
        ("a/validation.jsonl", "training"),
        ("a/validation_set.jsonl", "validation"),
        ("a/Validation_Set.JSONL", "validation"),
        ("a/chat.validation.jsonl", "validation"),
        ("a/chat.options.json", "options"),
        ("finetune.json", "options"),
        ("a/FineTune.json", "options"),
        ("a/my-finetune.json", "other"),
        ("a/chat.json", "other"),
        ("a/chat.jsonl.gz", "other"),
        ("a/chat.csv", "other"),
        ("a/.jsonl", "other"),
        ("a/jsonl", "other"),
        ("a/training_set.jsonl/", "other"),
        ("", "other"),
    ],
)
def test_a_name_alone_says_which_part_a_blob_is(path, kind):
    """Only a training file starts a run, so every name has one defined kind."""
    assert path_kind(path) == kind


@pytest.mark.parametrize(
    ("path", "possible"),
    [
        ("a.jsonl", True),
        ("a/b c/数据.jsonl", True),
        ("a/..b/...jsonl", True),
        ("x" * 1_024, True),
        ("x" * 1_025, False),
        ("", False),
        ("/a.jsonl", False),
        ("./a.jsonl", False),
        ("a/../b.jsonl", False),
        ("a\\b.jsonl", False),
        ("a\n.jsonl", False),
        ("a\x00.jsonl", False),
        ("\ud800.jsonl", False),
    ],
)
def test_a_path_names_a_blob_as_it_stands(path, possible):
    """What a client would turn into another path, or storage would refuse, is no blob's path."""
    assert is_blob_path(path) is possible


@pytest.mark.parametrize(
    ("training", "validation"),
    [
        ("a/training_set.jsonl", ("a/validation_set.jsonl", "a/training_set.validation.jsonl")),
        ("training_set.jsonl", ("validation_set.jsonl", "training_set.validation.jsonl")),
        ("a/b/chat.jsonl", ("a/b/chat.validation.jsonl",)),
        ("a/CHAT.JSONL", ("a/CHAT.validation.jsonl",)),
    ],
)
def test_a_validation_file_lies_beside_its_training_file(training, validation):
    """The two conventions hold: the pair of fixed names in one folder, and the pair of one name."""
    assert validation_paths_for(training) == validation


def test_a_datasets_own_options_go_before_its_folders():
    """`<name>.options.json` is looked for first, `finetune.json` in the same folder second."""
    assert options_paths_for("a/chat.jsonl") == ("a/chat.options.json", "a/finetune.json")
    assert options_paths_for("chat.jsonl") == ("chat.options.json", "finetune.json")


@given(PATHS.filter(lambda name: path_kind(name + ".jsonl") == "training"))
def test_what_is_looked_for_is_never_a_training_file(name):
    """No partner of a dataset would itself start a run."""
    path = name + ".jsonl"
    assert {path_kind(partner) for partner in validation_paths_for(path)} == {"validation"}
    assert {path_kind(partner) for partner in options_paths_for(path)} == {"options"}


@pytest.mark.parametrize(
    ("path", "slug"),
    [
        ("demo/training_set.jsonl", "demo"),
        ("Demo Set/Training_Set.JSONL", "demo-set"),
        ("training_set.jsonl", "training-set"),
        ("a/Lighthouse Keeper (v2).jsonl", "lighthouse-keeper-v2"),
        ("a/data.JSONL", "data"),
        ("数据.jsonl", "dataset"),
        ("a/" + "x" * 30 + ".jsonl", "x" * 24),
        ("a/" + "x" * 23 + "-y.jsonl", "x" * 23),
    ],
)
def test_a_slug_reminds_of_the_dataset(path, slug):
    """A run's name starts with what people would call the dataset."""
    assert slug_for(path) == slug


@given(PATHS)
def test_a_slug_is_always_fit_for_a_name(path):
    """Whatever the path: 1 to 24 ASCII letters, digits and hyphens, none of these at an end."""
    assert re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,22}[a-z0-9])?", slug_for(path))


@given(PATHS, st.text("0123456789ABCDEFx", max_size=20), st.dictionaries(st.sampled_from("ab"), st.integers(0, 9)))
def test_a_run_id_is_stable_and_valid(path, etag, options):
    """One dataset version has one id, however its ETag is quoted and its options are ordered."""
    first = run_id_for("datasets", path, etag, options)
    assert run_id_for("datasets", path, f'"{etag}"', dict(reversed(options.items()))) == first
    assert re.fullmatch(r"[a-z0-9-]{1,24}-[0-9a-f]{12}", first)


@pytest.mark.parametrize(
    "other",
    [
        ("other", "a.jsonl", "0x1", {}),
        ("datasets", "b/a.jsonl", "0x1", {}),
        ("datasets", "a.jsonl", "0x2", {}),
        ("datasets", "a.jsonl", "0x1", {"seed": 1}),
    ],
)
def test_another_version_or_other_options_are_another_run(other):
    """Container, path, ETag and explicit options all tell runs apart."""
    assert run_id_for(*other) != run_id_for("datasets", "a.jsonl", "0x1", {})


def test_the_id_of_a_run_does_not_change_between_releases():
    """Claims of earlier releases still hold: this id was computed once and for all."""
    assert run_id_for("datasets", "demo/training_set.jsonl", '"0x8D4BCC2E4835CD0"', {}) == "demo-3da3ef6915ce"


def test_a_request_pins_the_version_that_was_seen():
    """A run is asked for one version of one blob, under the id of that version."""
    request = request_for(a_blob("a/chat.jsonl"), {}, source="http", now=NOON, pace=Pace(grace_seconds=5))
    assert (request.container, request.path, request.etag) == ("datasets", "a/chat.jsonl", '"0x1"')
    assert (request.source, request.requested_at, request.pace.grace_seconds) == ("http", NOON, 5)
    assert request.run_id == run_id_for("datasets", "a/chat.jsonl", "0x1", {})


@pytest.mark.parametrize(
    ("validation", "options_file", "complete"),
    [(True, True, True), (True, False, False), (False, True, False), (False, False, False)],
)
def test_a_dataset_is_complete_when_nothing_is_left_to_wait_for(validation, options_file, complete):
    """The grace period is cut short only when partner and options are both there."""
    parts = Parts(
        training=a_blob(),
        validation=a_blob("v") if validation else None,
        options_file=a_blob("o") if options_file else None,
    )
    assert parts.complete is complete


def test_private_blobs_of_runs_do_not_meet():
    """Each run has a folder and a claim of its own."""
    assert private_path("r-1", "script.json") == "runs/r-1/script.json"
    assert claim_path("r-1") == "claims/r-1.json"
