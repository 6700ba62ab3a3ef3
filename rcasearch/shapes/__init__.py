"""What goes over a wire, key by key: the shapes that ``rcasearch.render`` makes and the API's document is generated from.

The type checker holds ``render`` to them. A string beside a type is what the document tells of that key.
"""

from __future__ import annotations

from rcasearch.shapes.asking import Entities, Filters, Query, ReadAs, Symptom, Understood
from rcasearch.shapes.incidents import (
    ActionItem,
    Answers,
    Event,
    FacetCount,
    Incident,
    Link,
    Milestones,
    Page,
    Resolution,
    RootCause,
    Section,
    Summary,
)
from rcasearch.shapes.insights import Insights, Mitigated, Tallied, Tally
from rcasearch.shapes.map import Map, MapFamily
from rcasearch.shapes.recurrences import Fix, OpenAction, Recurrence, Recurrences
from rcasearch.shapes.results import Difference, Evidence, Hit, Match, Results, Shared
from rcasearch.shapes.service import DocumentProblem, Index, ProblemDetails, Searches, VectorSearch

__all__ = [
    "ActionItem",
    "Answers",
    "Difference",
    "DocumentProblem",
    "Entities",
    "Event",
    "Evidence",
    "FacetCount",
    "Filters",
    "Fix",
    "Hit",
    "Incident",
    "Index",
    "Insights",
    "Link",
    "Map",
    "MapFamily",
    "Match",
    "Milestones",
    "Mitigated",
    "OpenAction",
    "Page",
    "ProblemDetails",
    "Query",
    "ReadAs",
    "Recurrence",
    "Recurrences",
    "Resolution",
    "Results",
    "RootCause",
    "Searches",
    "Section",
    "Shared",
    "Summary",
    "Symptom",
    "Tallied",
    "Tally",
    "Understood",
    "VectorSearch",
]
