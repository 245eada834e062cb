"""Microsoft's published types accept the infrastructure, and the check that says so notices what it should."""

import importlib.util
import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from tests.infra.bicep import FILES, INFRA

CHECKER = Path(os.environ.get("TUNEDROP_REFERENCE", ".")) / "tools" / "check_bicep.py"

pytestmark = [
    pytest.mark.reference,
    pytest.mark.skipif("TUNEDROP_REFERENCE" not in os.environ, reason="TUNEDROP_REFERENCE names no reference material"),
    pytest.mark.skipif(
        "TUNEDROP_REFERENCE" in os.environ and not CHECKER.exists(),
        reason="the reference material has no tools/check_bicep.py",
    ),
]

# Types that the reference material may lack. With the tables of Azure/bicep-types-az (August 2026) beside the others,
# these files have no finding either; test_policy.py holds their shape. Anything else that is found is a defect.
WITHOUT_TYPES = {
    ("budget.bicep", "Microsoft.Consumption: no types for this provider under specs/bicep-types"),
    ("private-endpoints.bicep", "Microsoft.Network@2024-06-01: unknown or unlisted API version"),
}

STORAGE, ACCESS = "modules/storage.bicep", "modules/openai-access.bicep"
# File, text, what replaces it, and what the checker must say of it.
MUTANTS = [
    (STORAGE, "allowSharedKeyAccess: false", "allowSharedKeyAcess: false", "allowSharedKeyAcess: unknown property"),
    (STORAGE, "publicAccess: 'None'", "publicAccess: 'Nobody'", "'Nobody' is none of"),
    (STORAGE, "allowBlobPublicAccess: false", "allowBlobPublicAccess: 'no'", "wants a bool"),
    (STORAGE, "  sku: { name: 'Standard_LRS' }\n", "", "sku is missing"),
    ("modules/openai.bicep", "accounts@2025-09-01", "accounts@2025-09-31", "unknown or unlisted API version"),
    ("modules/events.bicep", "EventGrid/systemTopics@", "EventGrid/systemTopicz@", "no such resource type"),
    (ACCESS, "raiPolicyName: 'M", "dynamicThrottlingEnabled: false\n    raiPolicyName: 'M", "read-only"),
    ("modules/vault.bicep", "    tenantId: subscription().tenantId\n", "", "tenantId is missing"),
    ("main.bicep", "topicId: events.outputs.id", "topicId: event.outputs.id", "event: nothing in this file defines it"),
    ("event-subscription.bicep", "    filter: {", "    filter {", "syntax error"),
]


@pytest.fixture(scope="module")
def checker() -> ModuleType:
    """The reference material's checker, with its types."""
    specification = importlib.util.spec_from_file_location("check_bicep", CHECKER)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules["check_bicep"] = module
    specification.loader.exec_module(module)
    return module


def findings(checker: ModuleType, path: Path) -> set[tuple[str, str]]:
    """Return what the checker finds in a file, without what the reference material has no types for."""
    check: Callable[[Path], list[tuple[int, str]]] = checker.check_file
    return {(path.name, message) for _line, message in check(path)} - WITHOUT_TYPES


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_file_agrees_with_the_published_types(checker: ModuleType, path: Path) -> None:
    """Resource types, API versions, properties, kinds, enumerations and names are ones that Azure has."""
    assert findings(checker, path) == set()


@pytest.mark.parametrize(("file", "before", "after", "said"), MUTANTS, ids=[mutant[3] for mutant in MUTANTS])
def test_a_seeded_defect_is_found(
    checker: ModuleType, tmp_path: Path, file: str, before: str, after: str, said: str
) -> None:
    """A copy with one defect is refused, and for that defect."""
    source = (INFRA / file).read_text()
    assert source.count(before) >= 1, "there is nothing to spoil"
    copy = tmp_path / Path(file).name
    copy.write_text(source.replace(before, after, 1))
    assert [message for _file, message in findings(checker, copy) if said in message]
