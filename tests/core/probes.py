"""Probe phrases for the concepts of the shipped lexicon."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import yaml

Probes = Mapping[str, list[str]]
PATH = Path(__file__).parents[1] / "data" / "lexicon_probes.yaml"


def read_probes() -> Probes:
    """Concept -> texts that tell of it, at least three."""
    return {name: list(map(str, texts)) for name, texts in yaml.safe_load(PATH.read_text(encoding="utf-8")).items()}
