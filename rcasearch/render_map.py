"""The landscape as plain values: lists beside each other, since of ten thousand objects half would be names."""

from __future__ import annotations

from collections.abc import Sequence
from math import dist
from statistics import median
from typing import TYPE_CHECKING

from rcasearch import shapes
from rcasearch.model import Outline
from rcasearch.render_recurrences import recurrence_url

if TYPE_CHECKING:
    from rcasearch.landscape import Landscape

_DIGITS = 4
Points = list[tuple[float, float]]


def map_as_dict(outlines: Sequence[Outline], landscape: Landscape, index_id: str) -> shapes.Map:
    """All incidents, by row, with their places."""
    points = _rounded(landscape)
    services = {name: number for number, name in enumerate(sorted({one for own in outlines for one in own.services}))}
    return {
        "index_id": index_id,
        "families": families_as_dicts(outlines, landscape),
        "services": list(services),
        "id": [one.id for one in outlines],
        "title": [one.title for one in outlines],
        "date": [one.date for one in outlines],
        "level": [one.level for one in outlines],
        "service": [[services[name] for name in one.services] for one in outlines],
        "family": landscape.families.tolist(),
        "x": [x for x, _ in points],
        "y": [y for _, y in points],
    }


def families_as_dicts(outlines: Sequence[Outline], landscape: Landscape) -> list[shapes.MapFamily]:
    """The families by their numbers, each where the incident stands that is most in the middle of it."""
    points = _rounded(landscape)
    rows: list[list[int]] = [[] for _ in landscape.names]
    for row, family in enumerate(landscape.families.tolist()):
        if family >= 0:
            rows[family].append(row)
    middles = [_middle([points[row] for row in own]) for own in rows]
    return [
        {"name": name, "incidents": len(own), "x": x, "y": y, "url": recurrence_url(outlines[own[0]].id)}
        for name, own, (x, y) in zip(landscape.names, rows, middles, strict=True)
    ]


def _middle(points: Points) -> tuple[float, float]:
    """The point nearest to the median of these: a name there stands at something, also where they lie far apart."""
    middle = median(x for x, _ in points), median(y for _, y in points)
    return min(points, key=lambda point: round(dist(point, middle), _DIGITS))


def _rounded(landscape: Landscape) -> Points:
    return [(round(x, _DIGITS), round(y, _DIGITS)) for x, y in landscape.positions.tolist()]
