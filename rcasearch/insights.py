"""What incidents come to, by month, quarter, service and severity. Pure: outlines in, figures out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from statistics import median
from typing import TypeVar, get_args

from rcasearch.model import Group, Insights, Level, Outline, Rank, Tally

SERVICES = 12
# A point each: more could not be told apart, and would make a page of megabytes.
MITIGATED = 1_000
# Of a span longer than this only the months with incidents are told of: one document may give the year as 0205.
_MONTHS = 600
Key = TypeVar("Key")
RANKS: tuple[Rank, ...] = (*get_args(Level), "unrated")


def insights(outlines: Sequence[Outline]) -> Insights:
    """What these incidents come to."""
    dated = [one for one in outlines if one.date]
    timed = [one for one in dated if one.minutes_to_mitigate is not None]
    timed.sort(key=lambda one: (one.date or "", one.id), reverse=True)
    services, rest = _by_service(outlines)
    others = [one for one in outlines if rest.intersection(map(str.casefold, one.services))]
    return Insights(
        total=_group("all", outlines),
        dated=len(dated),
        lasting=sum(one.duration_minutes is not None for one in outlines),
        months=_by_month(dated),
        quarters=tuple(_group(name, own) for name, own in sorted(_grouped(timed, _quarter).items())),
        severities=tuple(_group(rank, own) for rank in RANKS if (own := [one for one in outlines if _rank(one) == rank])),
        services=services,
        other_services=len(rest),
        others=_group("others", others),
        mitigated=tuple(_spread(timed, MITIGATED)),
        all_mitigated=len(timed),
    )


def _group(name: str, own: Sequence[Outline]) -> Group:
    ranked = _grouped(own, _rank)
    by_level: dict[Rank, Tally] = {rank: Tally(len(ranked[rank]), _minutes(ranked[rank])) for rank in RANKS if rank in ranked}
    times = [one.minutes_to_mitigate for one in own if one.minutes_to_mitigate is not None]
    return Group(name, len(own), _minutes(own), by_level, len(times), median(times) if times else None)


def _by_month(dated: Sequence[Outline]) -> tuple[Group, ...]:
    found = _grouped(dated, _month)
    return tuple(_group(month, found.get(month, [])) for month in _filled(sorted(found)))


def _by_service(outlines: Sequence[Outline]) -> tuple[tuple[Group, ...], set[str]]:
    """The groups of the most frequent services, and the other ones. Their spelling is the first of the alphabet."""
    spelt: dict[str, str] = {}
    found: dict[str, list[Outline]] = {}
    for one in outlines:
        own = {service.casefold(): service for service in sorted(one.services, reverse=True)}
        for folded, service in own.items():
            spelt[folded] = min(service, spelt.get(folded, service))
            found.setdefault(folded, []).append(one)
    order = sorted(found, key=lambda folded: (-len(found[folded]), folded))
    return tuple(_group(spelt[folded], found[folded]) for folded in order[:SERVICES]), set(order[SERVICES:])


def _grouped(outlines: Iterable[Outline], key: Callable[[Outline], Key]) -> dict[Key, list[Outline]]:
    found: dict[Key, list[Outline]] = {}
    for one in outlines:
        found.setdefault(key(one), []).append(one)
    return found


def _spread(ordered: Sequence[Outline], most: int) -> Sequence[Outline]:
    """All of them, or so many at even steps, with the first."""
    return ordered if len(ordered) <= most else [ordered[number * len(ordered) // most] for number in range(most)]


def _minutes(own: Iterable[Outline]) -> int:
    return sum(one.duration_minutes or 0 for one in own)


def _rank(outline: Outline) -> Rank:
    return outline.level or "unrated"


def _month(outline: Outline) -> str:
    return (outline.date or "")[:7]


def _quarter(outline: Outline) -> str:
    year, month = _month(outline).split("-")
    return f"{year}-Q{(int(month) + 2) // 3}"


def _filled(months: Sequence[str]) -> list[str]:
    """Months in order, with those between them that are missing."""
    if not months:
        return []
    first, last = (12 * int(month[:4]) + int(month[5:]) - 1 for month in (months[0], months[-1]))
    if last - first >= _MONTHS:
        return list(months)
    return [f"{number // 12:04}-{number % 12 + 1:02}" for number in range(first, last + 1)]
