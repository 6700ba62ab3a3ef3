"""How much of a document goes into every answer that names it: what no author writes is cut, and the author is told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from rcasearch.model import Incident, Problem

LONGEST_TITLE = 2_000
# The sections keep the whole; these stand beside them in hits, lists and filters.
MOST = {"services": 200, "tags": 200, "aliases": 200, "links": 2_000, "action_items": 2_000, "timeline": 4_000}
_NAMES = {"action_items": "action items", "timeline": "events in its timeline"}


def bounded(incident: Incident) -> tuple[Incident, list[Problem]]:
    """The incident with no more of anything than can be shown, and what is told of that which was left out."""
    over = {name: most for name, most in MOST.items() if len(getattr(incident, name)) > most}
    if not over and len(incident.title) <= LONGEST_TITLE:
        return incident, []
    kept: dict[str, Any] = {name: getattr(incident, name)[:most] for name, most in over.items()}
    return replace(incident, title=incident.title[:LONGEST_TITLE], **kept), list(_told(incident, over))


def _told(incident: Incident, over: dict[str, int]) -> Iterator[Problem]:
    if len(incident.title) > LONGEST_TITLE:
        yield _problem(incident, f"The title has {len(incident.title):,} characters")
    for name in over:
        yield _problem(incident, f"The document has {len(getattr(incident, name)):,} {_NAMES.get(name, name)}")


def _problem(incident: Incident, what: str) -> Problem:
    return Problem(
        incident.path, None, f"{what}; the first of them are kept.", "Split the document, or take out what a program wrote."
    )
