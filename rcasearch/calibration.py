"""How alike two different incidents of this corpus look: what turns a relevance into a confidence.

Without labels: a few words of each of a sample of incidents are asked of all incidents but their own. The relevances of the best
answers are what *other* incidents of this corpus reach. Some of those are recurrences, most are strangers. The median is a mark
that a real precedent passes and a stranger seldom does; the lowest fourteenth is what mere common vocabulary gives. (On judged
queries of three corpora, the lowest tenth refused too many that have a precedent, the lowest twentieth too few that have none.)
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from rcasearch.model import Verdict

STRONG = 0.75
POSSIBLE = 0.5
# What a query loses that clearly tells of a failure which no incident of the corpus tells of: half the way from the line to the
# median. A fixed upper limit refused one query in seven that has a precedent where documents are terse.
UNHEARD_OF = 0.5
# Where nothing could be measured, as in an index of one incident: the marks that real postmortems show.
DEFAULT: Mapping[str, float] = {"line": 0.53, "median": 0.67, "samples": 0.0}
_ENOUGH = 8
_LINE = 7
ENOUGH_TOKENS = 8
_LOG_ODDS = math.log(STRONG / (1 - STRONG))


def calibrate(best_of_others: Sequence[float]) -> dict[str, float]:
    """The ``line`` (lowest fourteenth) and ``median`` of the best relevances among other incidents, and how many ``samples``."""
    values = np.asarray(best_of_others, dtype=np.float64)
    if len(values) < _ENOUGH:
        return dict(DEFAULT)
    line, median = (float(mark) for mark in np.percentile(values, [_LINE, 50]))
    return {"line": line, "median": max(median, line + 0.01), "samples": float(len(values))}


def confidence(
    relevance: float, calibration: Mapping[str, float], tokens: int = ENOUGH_TOKENS, *, unheard_of: bool = False
) -> float:
    """A relevance as a number from 0 to 1: ``POSSIBLE`` at the line, ``STRONG`` at the median.

    A query of few ``tokens`` finds each of them somewhere and so looks relevant to much: it cannot be far from undecided.
    One that tells of a failure ``unheard_of`` here is set back by ``UNHEARD_OF``.
    """
    steps = (relevance - calibration["line"]) / (calibration["median"] - calibration["line"])
    steps = steps * min(1.0, tokens / ENOUGH_TOKENS) - UNHEARD_OF * unheard_of
    return 1 / (1 + math.exp(-max(min(_LOG_ODDS * steps, 50.0), -50.0)))


def verdict(value: float) -> Verdict:
    """The word for a confidence."""
    return "strong" if value >= STRONG else "possible" if value >= POSSIBLE else "none"
