"""Whether the parts of a generation fit together: what else leads beyond an array, into another incident, or to no answer.

Checksums tell that the files are what was written; this tells that what was written is one index. Raises ValueError.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rcasearch.concepts import ConceptSpace
from rcasearch.model import IndexInfo


def check_bounds(starts: NDArray[Any], count: int, total: int, what: str) -> None:
    """``count`` spans, one after the other, from 0 to ``total``."""
    whole = starts.ndim == 1 and len(starts) == count + 1 > 0 and starts.dtype.kind == "i"
    if not whole or starts[0] != 0 or starts[-1] != total or (np.diff(starts) < 0).any():
        raise ValueError(f"the places of {what} do not follow one another up to their number")


def check_numbers(numbers: NDArray[Any], count: int, below: int, what: str) -> None:
    """``count`` whole numbers from 0 on, below a bound."""
    whole = numbers.shape == (count,) and numbers.dtype.kind in "iu"
    if not whole or (count and not 0 <= int(numbers.min()) <= int(numbers.max()) < below):
        raise ValueError(f"there are others than the {below:,} {what}")


def check_shape(array: NDArray[Any], shape: tuple[int, ...], what: str) -> None:
    """As many values as the other files have."""
    if array.shape != shape:
        raise ValueError(f"there are {array.shape} {what} instead of {shape}")


def check_counts(info: IndexInfo, incidents: set[int], chunks: set[int], passages: set[int], dimensions: set[int]) -> None:
    """As many of each, wherever they are counted, as the manifest says."""
    told = ({info.incidents}, {info.chunks}, {info.passages}, {info.dimension})
    if told != (incidents, chunks, passages, dimensions):
        raise ValueError("its files hold other numbers of incidents, chunks or passages than the manifest says")


def check_concepts(space: ConceptSpace, reach: NDArray[Any], dimension: int) -> None:
    """A stretch of vectors and a reach for each concept, and no signatures of others."""
    count = len(space.labels)
    check_shape(reach, (count,), "values of the reach of concepts")
    check_shape(space.vectors, (len(space.vectors), dimension if count else 0), "vectors of concepts")
    check_bounds(np.append(space.starts, len(space.vectors)), count, len(space.vectors), "concepts")
    if not all(0 <= number < count for _, number in space.signatures):
        raise ValueError("a signature belongs to no concept")
