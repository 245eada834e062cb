"""What a run is expected to cost, and what the estimate admits not to know."""

import json
import os
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from shared.core.plans import Blob, Hyperparameters, Plan, TrainingType
from shared.core.pricing import (
    HOSTING_PRICES,
    REGIONAL_HOSTING_PRICES,
    TRAINING_PRICES,
    estimate_cost,
    hosting_price,
    training_price,
)
from shared.core.validation import Distribution, SplitStatistics


def plan(
    base_model: str = "gpt-4o-mini-2024-07-18",
    *,
    n_epochs: int | None = None,
    training_type: TrainingType = "GlobalStandard",
    sku: str = "GlobalStandard",
) -> Plan:
    """Return a plan for a model."""
    return Plan(
        run_id="demo-1",
        training=Blob(container="datasets", path="demo/training_set.jsonl", etag="0x1", size=1),
        base_model=base_model,
        method="supervised",
        seed=1,
        suffix="demo",
        hyperparameters=Hyperparameters(n_epochs=n_epochs),
        training_type=training_type,
        deployment_name="demo-1",
        sku=sku,
        capacity=1,
    )


def split(*, examples: int = 10, total: int = 4_800, over_limit: int = 0, longest: int = 500) -> SplitStatistics:
    """Return statistics of a split of so many tokens."""
    tokens = Distribution(minimum=1, maximum=longest, mean=1, median=1, p5=1, p95=1)
    return SplitStatistics(
        examples=examples,
        size_bytes=1,
        total_tokens=total,
        assistant_tokens=1,
        over_limit=over_limit,
        tokens_per_example=tokens,
        assistant_tokens_per_example=tokens,
    )


def test_a_plan_without_epochs_is_estimated_by_the_cookbook_rule() -> None:
    """Ten examples of 4,800 tokens run ten epochs: 48,000 tokens at 0.003 per thousand."""
    estimate = estimate_cost(plan(), split(), "northcentralus")
    assert (estimate.n_epochs, estimate.n_epochs_source) == (10, "cookbook rule")
    assert estimate.training_tokens == 48_000
    assert estimate.training_usd == Decimal("0.1440")
    assert estimate.hosting_usd_per_hour == Decimal("1.70")
    assert estimate.prices_of == date(2026, 8, 11)
    assert any("Azure publishes no rule" in sentence for sentence in estimate.assumptions)


def test_epochs_of_the_options_are_taken_as_they_are() -> None:
    """A number that will be sent needs no assumption."""
    estimate = estimate_cost(plan(n_epochs=2), split(), "northcentralus")
    assert (estimate.n_epochs, estimate.n_epochs_source) == (2, "options")
    assert estimate.training_usd == Decimal("0.0288")
    assert not any("Azure publishes no rule" in sentence for sentence in estimate.assumptions)


def test_an_estimate_is_rounded_up() -> None:
    """A bound is never passed by rounding: 7 tokens at 0.003 per thousand are 0.000021."""
    assert estimate_cost(plan(n_epochs=1), split(total=7), "northcentralus").training_usd == Decimal("0.0001")


def test_the_longest_example_is_billed_up_to_the_limit() -> None:
    """One example of 70,000 tokens is cut to 65,536."""
    statistics = split(total=100_000, over_limit=1, longest=70_000)
    estimate = estimate_cost(plan(n_epochs=1), statistics, "northcentralus", limit_tokens=65_536)
    assert estimate.training_tokens == 95_536
    assert any("cuts off" in sentence for sentence in estimate.assumptions)


def test_the_estimate_never_falls_below_what_is_billed() -> None:
    """Of three long examples, the others may be over the limit by a single token."""
    statistics = split(total=300_000, over_limit=3, longest=70_000)
    assert estimate_cost(plan(n_epochs=1), statistics, "x", limit_tokens=65_536).training_tokens == 295_534
    assert estimate_cost(plan(n_epochs=1), statistics, "x").training_tokens == 300_000


@pytest.mark.parametrize(
    ("base_model", "training_type", "region", "usd"),
    [
        ("gpt-4.1-2025-04-14", "Standard", "northcentralus", "0.0275"),
        ("gpt-4.1-2025-04-14", "Standard", "swedencentral", "0.03025"),
        ("gpt-4.1-mini-2025-04-14", "GlobalStandard", "swedencentral", "0.005"),
        ("gpt-4.1-nano-2025-04-14", "developerTier", "swedencentral", "0.00075"),
        ("gpt-4o-2024-08-06", "Standard", "swedencentral", "0.0275"),
        ("gpt-4o-mini-2024-07-18", "Standard", "southeastasia", "0.00396"),
        ("gpt-4o-mini", "GlobalStandard", "northcentralus", "0.003"),
        ("gpt-4o-mini-2024-07-18.ft-0e208cf33a6a466994aff31a08aba678-demo", "GlobalStandard", "x", "0.003"),
    ],
)
def test_price_is_that_of_model_tier_and_region(
    base_model: str, training_type: TrainingType, region: str, usd: str
) -> None:
    """A model may be named with its version, or be a fine-tuned model itself; worldwide prices know no region."""
    price = training_price(base_model, training_type, region)
    assert (price.usd, price.assumption) == (Decimal(usd), "")


def test_an_unknown_model_gets_the_highest_known_price() -> None:
    """The bound on dollars must hold for a model that is newer than the table, and the estimate says so."""
    estimate = estimate_cost(plan("gpt-9-2031-01-01", n_epochs=1), split(total=1_000), "northcentralus")
    assert estimate.training_usd == Decimal("0.0250")
    assert "No training price of gpt-9-2031-01-01 is known" in " ".join(estimate.assumptions)


def test_an_unknown_region_gets_the_highest_regional_price() -> None:
    """Regions differ by up to a fifth."""
    price = training_price("gpt-4.1-2025-04-14", "Standard", "atlantis")
    assert price.usd == Decimal("0.033")
    assert "atlantis" in price.assumption


def test_the_developer_tier_costs_nothing_to_host() -> None:
    """No meter exists for it; its deployments are deleted after a day instead."""
    estimate = estimate_cost(plan(sku="DeveloperTier"), split(), "northcentralus")
    assert estimate.hosting_usd_per_hour == Decimal(0)
    assert any("deletes its deployments after a day" in sentence for sentence in estimate.assumptions)


def test_regional_hosting_knows_the_dearer_region() -> None:
    """Southeast Asia costs a fifth more for a regional deployment alone."""
    assert hosting_price("gpt-4o-mini-2024-07-18", "Standard", "southeastasia").usd == Decimal("2.04")
    assert hosting_price("gpt-4o-mini-2024-07-18", "GlobalStandard", "southeastasia").usd == Decimal("1.70")


def test_an_unknown_sku_gets_the_highest_known_price() -> None:
    """A provisioned deployment costs more than any known price, so the estimate warns."""
    price = hosting_price("gpt-4o-2024-08-06", "ProvisionedManaged", "northcentralus")
    assert price.usd == Decimal("2.04")
    assert "it may cost more" in price.assumption


METERS = {
    "gpt-4.1": ("gpt-4.1 FT Training global", "gpt 4.1 dev ft training glbl", "gpt-4.1 FT Training regional"),
    "gpt-4.1-mini": (
        "gpt-4.1-mini FT Training global",
        "gpt 4.1 mini dev ft training glbl",
        "gpt-4.1-mini FT Training regional",
    ),
    "gpt-4.1-nano": (
        "gpt-4.1-nano FT Training global",
        "gpt 4.1 nano dev ft training glbl",
        "gpt-4.1-nano FT Training regional",
    ),
    "gpt-4o": ("gpt-4o-0806-FT-Trng-glbl tkn", "gpt 4o dev ft training glbl", "gpt-4o-0806-FT-Trng-regnl tkn"),
    "gpt-4o-mini": (
        "gpt-4o-mini-0718-FT-Trng-glbl",
        "gpt 4o mini dev ft training glbl",
        "gpt-4o-mini-0718-FT-Trng-regnl",
    ),
}
REGIONAL_HOSTING_METERS = {
    "gpt-4.1": "gpt-4.1-ft hosting regional Unit",
    "gpt-4.1-mini": "gpt-4.1-mini-ft hosting regional Unit",
    "gpt-4.1-nano": "gpt-4.1-nano-ft hosting regional Unit",
    "gpt-4o": "gpt-4o-0806-FT-Hstng-regnl Unit",
    "gpt-4o-mini": "gpt-4o-mini-0718-FT-Hstng-regnl Unit",
}


def retail_prices() -> dict[str, dict[str, Decimal]]:
    """Return Azure's retail prices of the table's day, by meter and region."""
    folder = os.environ.get("TUNEDROP_REFERENCE")
    if not folder:
        pytest.skip("TUNEDROP_REFERENCE names no folder with Azure's retail prices")
    text = Path(folder, "specs/azure-retail-prices-fine-tuning-2026-08-11.json").read_text()
    prices: dict[str, dict[str, Decimal]] = {}
    for item in json.loads(text, parse_float=Decimal)["items"]:
        by_region = prices.setdefault(item["meterName"], {})
        by_region.update(dict.fromkeys(item["regions"], Decimal(item["retailPrice"])))
    return prices


@pytest.mark.reference
@pytest.mark.parametrize("family", sorted(METERS))
def test_training_prices_are_those_of_the_retail_api(family: str) -> None:
    """Every training price, in every region that sells it, is the one of Azure's list."""
    retail = retail_prices()
    worldwide, developer, regional = (retail[f"{meter} Tokens"] for meter in METERS[family])
    prices = TRAINING_PRICES[family]
    assert set(worldwide.values()) == {prices.worldwide}
    assert set(developer.values()) == {prices.developer}
    assert regional == prices.regional


@pytest.mark.reference
@pytest.mark.parametrize("family", sorted(REGIONAL_HOSTING_METERS))
def test_hosting_prices_are_those_of_the_retail_api(family: str) -> None:
    """Regional hosting differs in the regions of the table and nowhere else; worldwide hosting does not differ."""
    retail = retail_prices()
    for region, usd in retail[REGIONAL_HOSTING_METERS[family]].items():
        assert REGIONAL_HOSTING_PRICES.get((family, region), HOSTING_PRICES["Standard"]) == usd
    worldwide = REGIONAL_HOSTING_METERS[family].replace("regional", "global").replace("regnl", "glbl")
    assert set(retail[worldwide].values()) == {HOSTING_PRICES["GlobalStandard"]}
