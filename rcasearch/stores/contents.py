"""The parts of a generation on disk, as they are read to be taken elsewhere."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rcasearch.stores.files import StoredTokens
from rcasearch.stores.layout import Layout
from rcasearch.stores.postings import Postings
from rcasearch.stores.vectors import Vectors


@dataclass(frozen=True, eq=False, slots=True)
class Contents:
    """Which passages stand in which incident, the mean of each, ``incidents``, their tokens, terms and ``profiles`` (n, c)."""

    layout: Layout
    incidents: Vectors
    tokens: StoredTokens
    terms: Postings
    profiles: NDArray[np.float16]
