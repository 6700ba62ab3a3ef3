"""How alike two unrelated incidents of this corpus look: what turns a relevance into a confidence.

Without labels: each of a sample of passages is asked of all incidents but its own, and the best answer's relevance is what an
incident of this corpus that is *not* the precedent looks like. A query's best relevance is then placed on that distribution.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from rcasearch.model import Verdict

# The sections that read most like a query.
ASKED_KINDS = ("symptoms", "summary", "impact", "detection")

STRONG = 0.75
POSSIBLE = 0.5
# Before anything was measured: an index of one incident has nothing to compare.
DEFAULT: Mapping[str, float] = {"middle": 0.55, "spread": 0.05, "samples": 0.0}
_ENOUGH = 8


def calibrate(best_unrelated: Sequence[float]) -> dict[str, float]:
    """The ``middle`` and robust ``spread`` of the best relevance found among unrelated incidents, and how many ``samples``."""
    values = np.asarray(best_unrelated, dtype=np.float64)
    if len(values) < _ENOUGH:
        return dict(DEFAULT)
    middle = float(np.median(values))
    spread = 1.4826 * float(np.median(np.abs(values - middle)))
    return {"middle": middle, "spread": max(spread, 0.01), "samples": float(len(values))}


def confidence(relevance: float, calibration: Mapping[str, float]) -> float:
    """A relevance as a number from 0 to 1: one half where a passage's best unrelated incident stands."""
    distance = (relevance - calibration["middle"]) / calibration["spread"]
    return 1 / (1 + math.exp(-max(min(distance, 50.0), -50.0)))


def verdict(value: float) -> Verdict:
    """The word for a confidence."""
    return "strong" if value >= STRONG else "possible" if value >= POSSIBLE else "none"
