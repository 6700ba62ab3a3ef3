"""The semantic operations lexicon: failure concepts, how people tell them, and how systems print them.

The file that comes with the package is written from how systems fail. A file of the user's own, in the same form, adds to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rcasearch.errors import SettingsError
from rcasearch.texts import unique

SHIPPED = Path(__file__).with_name("lexicon.yaml")
_SHAPE = "A concept is a mapping with concept, label, phrases and, if wanted, area and signatures; see lexicon.yaml."
# A concept stands in a list and has lists; the stream and its document count as well.
_DEEPEST = 20
_KEYS = {"concept", "label", "area", "phrases", "signatures"}


@dataclass(frozen=True, slots=True)
class Concept:
    """A way of failing. ``phrases`` are compared by meaning, ``signatures`` matched exactly, without regard to case."""

    name: str
    label: str
    area: str
    phrases: tuple[str, ...]
    signatures: tuple[str, ...] = ()


def load_lexicon(own: str = "") -> tuple[Concept, ...]:
    """The shipped concepts, extended by those of the file ``own`` where that is named.

    Raises SettingsError for a file that cannot be read, naming the concept that is wrong.
    """
    concepts = {concept.name: concept for concept in _read(SHIPPED)}
    for concept in _read(own_file(own)) if own else ():
        known = concepts.get(concept.name)
        concepts[concept.name] = _extended(known, concept) if known else concept
    return tuple(_complete(concept) for concept in concepts.values())


def _complete(concept: Concept) -> Concept:
    """With a label, and with a phrase: one of signatures alone is still told by what it is called."""
    label = concept.label or concept.name.replace("-", " ")
    return replace(concept, label=label, phrases=concept.phrases or (label,))


def _extended(known: Concept, own: Concept) -> Concept:
    phrases, signatures = unique(known.phrases + own.phrases), unique(known.signatures + own.signatures)
    return Concept(known.name, own.label or known.label, own.area or known.area, phrases, signatures)


def own_file(name: str) -> Path:
    """The file of the user's own lexicon."""
    try:
        return Path(name).expanduser()
    except RuntimeError:
        # "~name" of nobody: as it stands, it cannot be read either, and that error names it.
        return Path(name)


def _read(path: Path) -> list[Concept]:
    import yaml

    try:
        # Plain texts, as YAML would make other values of codes like 01555 or 12:30. The other parser takes half a second.
        loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
        text = path.read_text(encoding="utf-8")
        _check_depth(yaml.parse(text, loader))
        rows = yaml.load(text, loader)  # noqa: S506
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
        hint = "Mend it, or unset RCASEARCH_LEXICON."
        raise SettingsError(f"The lexicon {path} cannot be read: {error}.", hint, field="lexicon") from None
    if not isinstance(rows, list):
        raise SettingsError(f"The lexicon {path} is not a list of concepts.", _SHAPE, field="lexicon")
    return [_concept(path, number, row) for number, row in enumerate(rows, 1)]


def _check_depth(events: Iterable[Any]) -> None:
    """Raises ValueError for lists and mappings within one another without end, which take the parser down, and Python with it."""
    depth = 0
    for event in events:
        depth += type(event).__name__.endswith("StartEvent") - type(event).__name__.endswith("EndEvent")
        if depth > _DEEPEST:
            raise ValueError("it is nested too deep")


def _concept(path: Path, number: int, row: object) -> Concept:
    given: Mapping[str, Any] = row if isinstance(row, Mapping) else {}
    phrases, signatures = _texts(given.get("phrases", [])), _texts(given.get("signatures", []))
    name = given.get("concept")
    wrong = phrases is None or signatures is None or not (phrases or signatures) or not set(given) <= _KEYS
    if not isinstance(name, str) or not name or wrong:
        raise SettingsError(f"The lexicon {path} is wrong at its entry {number} ({name!r}).", _SHAPE, field="lexicon")
    return Concept(name, str(given.get("label") or ""), str(given.get("area") or ""), phrases or (), signatures or ())


def _texts(value: object) -> tuple[str, ...] | None:
    """The texts of a list; None for what is not a list of texts."""
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        return None
    return unique(text for text in map(str.strip, value) if text)
