"""What each leg of the ranking is worth: the shipped recipe with one leg switched off at a time, on the same queries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from rcasearch.measures import MEASURES, OVER_KINDS, Figure, Values, differences
from rcasearch.retrieval import HYBRID, PLAIN, Weights

SHIPPED = "hybrid"


@dataclass(frozen=True, slots=True)
class Ablation:
    """One ranker beside the shipped recipe.

    ``ndcg`` is the nDCG@10 of each kind of query and of the mean over kinds; ``difference`` is that mean less the shipped
    recipe's, with the interval of a paired bootstrap; ``success`` is the mean over kinds of Success@1.
    """

    ranker: str
    ndcg: Mapping[str, float]
    difference: Figure
    success: float


def ablated() -> dict[str, Weights]:
    """The plain recipe, the shipped one, and the shipped one without each of its legs in turn, by name."""
    legs = [leg for leg, weight in HYBRID.items() if weight]
    without = {f"without {leg}": {name: HYBRID[name] for name in legs if name != leg} for leg in legs}
    return {"plain": PLAIN, SHIPPED: HYBRID, **{name: weights for name, weights in without.items() if weights}}


def ablation(ranker: str, values: Mapping[str, Values], shipped: Mapping[str, Values]) -> Ablation:
    """One ranker's values by kind, as `measures.by_kind` gives them, against the shipped recipe's on the same queries."""
    ndcg, success = MEASURES.index("nDCG@10"), MEASURES.index("Success@1")
    kinds = {kind: float(own[ndcg].mean()) for kind, own in values.items()}
    difference = differences(list(values.values()), list(shipped.values()))[ndcg]
    firsts = [own[success].mean() for own in values.values()]
    return Ablation(ranker, {**kinds, OVER_KINDS: float(np.mean(list(kinds.values())))}, difference, float(np.mean(firsts)))
