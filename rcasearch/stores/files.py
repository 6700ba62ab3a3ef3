"""What `writer` wrote beside vectors, read again: concepts, services, memory-mapped arrays."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from rcasearch.concepts import ConceptSpace
from rcasearch.services import ServiceNames
from rcasearch.stores import writer
from rcasearch.stores.base import Floats


def read_concepts(folder: Path) -> tuple[ConceptSpace, Floats]:
    """The concepts of a generation, and how far (c,) any of its incidents tells of each."""
    names = msgspec.json.decode((folder / writer.CONCEPT_NAMES).read_bytes())
    with (folder / writer.CONCEPTS).open("rb") as file, np.load(file) as stored:
        vectors, starts = stored["vectors"].astype(np.float32), stored["starts"]
        reach: Floats = stored["reach"]
    space = ConceptSpace(tuple(names["labels"]), tuple((text, number) for text, number in names["signatures"]), vectors, starts)
    return space, reach


def read_services(folder: Path) -> ServiceNames:
    """The services of a generation."""
    stored = msgspec.json.decode((folder / writer.SERVICES).read_bytes())
    return ServiceNames(tuple(stored["names"]), frozenset(stored["masked"]))


def read_mapped(path: Path, dtype: type[np.generic]) -> NDArray[Any]:
    """The values of a plain file, memory-mapped."""
    # An empty file cannot be mapped. The plain view spares every slice the cost of a memmap object.
    return np.asarray(np.memmap(path, dtype, mode="r")) if path.stat().st_size else np.zeros(0, dtype)
