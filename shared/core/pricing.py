"""What a run is expected to cost, by a table of prices that says its date."""

import re
from datetime import date
from decimal import ROUND_UP, Decimal

from msgspec import Struct

from shared.core.epochs import default_epochs
from shared.core.plans import Plan, TrainingType
from shared.core.validation import CostEstimate, SplitStatistics

# Azure's retail prices (https://prices.azure.com/api/retail/prices) as they were on this day, in USD.
PRICES_OF = date(2026, 8, 11)
# Estimates are rounded up to a hundredth of a cent: a bound compared with them must not be passed by rounding.
CENT_FRACTION = Decimal("0.0001")

_US_REGIONS = ("eastus", "eastus2", "northcentralus", "southcentralus", "westus", "westus3")


class TrainingPrices(Struct, frozen=True):
    """What 1,000 training tokens of a model cost in USD; regional prices by region."""

    worldwide: Decimal
    developer: Decimal
    regional: dict[str, Decimal]


class Price(Struct, frozen=True):
    """A price in USD, and a sentence on what was assumed to find it ("" when nothing was)."""

    usd: Decimal
    assumption: str = ""


def _regional(us: str, regions: tuple[str, ...] = _US_REGIONS, **others: str) -> dict[str, Decimal]:
    return dict.fromkeys(regions, Decimal(us)) | {region: Decimal(usd) for region, usd in others.items()}


TRAINING_PRICES: dict[str, TrainingPrices] = {
    "gpt-4.1": TrainingPrices(
        Decimal("0.025"), Decimal("0.0125"), _regional("0.0275", swedencentral="0.03025", northeurope="0.033")
    ),
    "gpt-4.1-mini": TrainingPrices(
        Decimal("0.005"), Decimal("0.0025"), _regional("0.0055", swedencentral="0.00605", northeurope="0.0066")
    ),
    "gpt-4.1-nano": TrainingPrices(
        Decimal("0.0015"), Decimal("0.00075"), _regional("0.00165", swedencentral="0.001815", northeurope="0.00198")
    ),
    "gpt-4o": TrainingPrices(
        Decimal("0.025"),
        Decimal("0.0125"),
        _regional("0.0275", ("eastus2", "northcentralus"), swedencentral="0.0275", southeastasia="0.033"),
    ),
    "gpt-4o-mini": TrainingPrices(
        Decimal("0.003"),
        Decimal("0.0015"),
        _regional("0.0033", ("northcentralus",), swedencentral="0.0033", southeastasia="0.00396"),
    ),
}

# Per hour from creation to deletion, used or not. No meter exists for the developer tier.
HOSTING_PRICES: dict[str, Decimal] = {
    "GlobalStandard": Decimal("1.70"),
    "DataZoneStandard": Decimal("1.70"),
    "Standard": Decimal("1.70"),
    "DeveloperTier": Decimal(0),
}
# Where regional hosting costs more: by model and region.
REGIONAL_HOSTING_PRICES: dict[tuple[str, str], Decimal] = {
    ("gpt-4o", "southeastasia"): Decimal("2.04"),
    ("gpt-4o-mini", "southeastasia"): Decimal("2.04"),
}

# A base model may be named with its version, and may itself be a fine-tuned model of that family.
_FAMILY = re.compile(r"(?P<family>[a-z0-9.-]+?)(-\d{4}-\d{2}-\d{2})?(\.ft-.*)?", re.DOTALL)


def estimate_cost(plan: Plan, training: SplitStatistics, region: str, *, limit_tokens: int = 0) -> CostEstimate:
    """Return what the plan's training is expected to cost and its deployment will cost an hour, in USD.

    `limit_tokens` is the most that the service bills for one example (0: unknown, nothing is cut off).
    """
    n_epochs = plan.hyperparameters.n_epochs
    epochs = n_epochs or default_epochs(training.examples)
    tokens = _billed_tokens(training, limit_tokens) * epochs
    price = training_price(plan.base_model, plan.training_type, region)
    hosting = hosting_price(plan.base_model, plan.sku, region)
    return CostEstimate(
        n_epochs=epochs,
        n_epochs_source="options" if n_epochs else "cookbook rule",
        training_tokens=tokens,
        training_usd=(tokens * price.usd / 1000).quantize(CENT_FRACTION, rounding=ROUND_UP),
        hosting_usd_per_hour=hosting.usd,
        prices_of=PRICES_OF,
        assumptions=_assumptions(plan, training, price, hosting),
    )


def training_price(base_model: str, training_type: TrainingType, region: str) -> Price:
    """Return what 1,000 training tokens cost; where unknown, the highest known price and a sentence saying so."""
    prices = TRAINING_PRICES.get(_family_of(base_model))
    if prices is None:
        highest = max(_price_of(known, training_type, region).usd for known in TRAINING_PRICES.values())
        return Price(
            highest, f"No training price of {base_model} is known; the highest known price of any model is assumed."
        )
    return _price_of(prices, training_type, region)


def hosting_price(base_model: str, sku: str, region: str) -> Price:
    """Return what a deployment costs an hour; for an unknown SKU, the highest known price and a sentence saying so."""
    if sku not in HOSTING_PRICES:
        highest = max(*HOSTING_PRICES.values(), *REGIONAL_HOSTING_PRICES.values())
        return Price(
            highest, f"No hosting price of SKU {sku} is known; the highest known price is assumed, it may cost more."
        )
    regional = REGIONAL_HOSTING_PRICES.get((_family_of(base_model), region)) if sku == "Standard" else None
    return Price(regional or HOSTING_PRICES[sku])


def _family_of(base_model: str) -> str:
    match = _FAMILY.fullmatch(base_model)
    return match["family"] if match else base_model


def _price_of(prices: TrainingPrices, training_type: TrainingType, region: str) -> Price:
    if training_type == "GlobalStandard":
        return Price(prices.worldwide)
    if training_type == "developerTier":
        return Price(prices.developer)
    if region in prices.regional:
        return Price(prices.regional[region])
    return Price(
        max(prices.regional.values()),
        f"No regional training price of {region} is known; the highest known regional price is assumed.",
    )


def _billed_tokens(training: SplitStatistics, limit_tokens: int) -> int:
    # The lengths of single examples are not kept. The longest is cut to the limit, every other one that is over it by
    # at least one token, so this is never less than what is billed, and exact for one long example.
    if not limit_tokens or not training.over_limit:
        return training.total_tokens
    cut = training.tokens_per_example.maximum - limit_tokens + training.over_limit - 1
    return training.total_tokens - max(cut, 0)


def _assumptions(plan: Plan, training: SplitStatistics, price: Price, hosting: Price) -> list[str]:
    sentences = [
        f"Retail prices of {PRICES_OF.isoformat()} in USD, without taxes, discounts or later changes.",
        price.assumption,
        hosting.assumption,
    ]
    if plan.hyperparameters.n_epochs is None:
        sentences.append(
            "Azure publishes no rule for the number of epochs: the OpenAI cookbook's rule is assumed; "
            "set n_epochs to be certain."
        )
    if training.over_limit:
        sentences.append(
            "The service cuts off examples longer than the model's limit, so it may bill fewer tokens than estimated."
        )
    sentences += [
        "Tokens are those of the training split by the OpenAI cookbook's formula; the service's own count decides.",
        "Hosting is billed by the hour from deployment to deletion, whether it is used or not."
        if hosting.usd
        else "The developer tier costs nothing to host, and the service deletes its deployments after a day.",
        "Inference, verification included, is billed by the token on top.",
    ]
    return [sentence for sentence in sentences if sentence]
