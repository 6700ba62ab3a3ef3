"""All incidents as points of a plane."""

from __future__ import annotations

from typing import Annotated, TypedDict

from rcasearch.model import Level


class MapFamily(TypedDict):
    """Incidents of one failure, and where the one stands that is most in their middle."""

    name: str
    incidents: int
    x: float
    y: float
    url: Annotated[str, "The page of the failure, relative to the server."]


class Map(TypedDict):
    """All incidents as points: the n-th entry of each of the lists without another word belongs to the n-th incident.

    Those that tell of the like stand near to one another; the axes mean nothing.
    """

    index_id: Annotated[str, "Changes whenever the index does."]
    families: Annotated[list[MapFamily], "Of each family what it is; by their numbers."]
    services: Annotated[list[str], "The names of the services; by their numbers."]
    id: list[str]
    title: list[str]
    date: list[str | None]
    level: list[Level | None]
    service: Annotated[list[list[int]], "The numbers of the services of each."]
    family: Annotated[list[int], "The number of the family of each, -1 where it is in none."]
    x: Annotated[list[float], "From -1 to 1."]
    y: Annotated[list[float], "From -1 to 1."]
