"""What incidents come to, as plain values and as text for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from rcasearch import shapes
from rcasearch.model import Group, Insights, Outline, Tally
from rcasearch.render import incident_url
from rcasearch.wording import clean, minutes, plural

# Of the months the last of these are printed; JSON has them all.
_MONTHS = 12


def insights_as_dict(found: Insights, index_id: str) -> shapes.Insights:
    """All the figures."""
    return {
        "index_id": index_id,
        "total": _group_as_dict(found.total),
        "dated": found.dated,
        "lasting": found.lasting,
        "months": [_group_as_dict(group) for group in found.months],
        "quarters": [_group_as_dict(group) for group in found.quarters],
        "severities": [_group_as_dict(group) for group in found.severities],
        "services": [_group_as_dict(group) for group in found.services],
        "other_services": found.other_services,
        "others": _group_as_dict(found.others),
        "mitigated": [_mitigated_as_dict(outline) for outline in found.mitigated],
        "all_mitigated": found.all_mitigated,
    }


def _group_as_dict(group: Group) -> shapes.Tallied:
    return {
        "name": group.name,
        **_tally_as_dict(Tally(group.incidents, group.minutes)),
        "levels": {level: _tally_as_dict(tally) for level, tally in group.by_level.items()},
        "mitigated": group.mitigated,
        "median_minutes_to_mitigate": group.median_to_mitigate,
    }


def _tally_as_dict(tally: Tally) -> shapes.Tally:
    return {"incidents": tally.incidents, "minutes": tally.minutes}


def _mitigated_as_dict(outline: Outline) -> shapes.Mitigated:
    assert outline.date is not None
    assert outline.minutes_to_mitigate is not None
    return {
        "id": outline.id,
        "title": outline.title,
        "date": outline.date,
        "level": outline.level,
        "minutes_to_mitigate": outline.minutes_to_mitigate,
        "url": incident_url(outline.id),
    }


def insights_as_text(found: Insights) -> str:
    """The figures as tables: the last months, the severities, the services."""
    others = [replace(found.others, name=plural(found.other_services, "other service"))] * bool(found.other_services)
    parts = {
        "Month": found.months[-_MONTHS:],
        "Severity": found.severities,
        "Service": (*found.services, *others),
    }
    tables = ("\n".join(_table(name, groups)) for name, groups in parts.items() if groups)
    return "\n\n".join((_sum(found), *tables)) + "\n"


def _sum(found: Insights) -> str:
    total = found.total
    if not total.incidents:
        return "No incident passes."
    told = [plural(total.incidents, "incident")]
    if found.lasting:
        told.append(f"{minutes(total.minutes)} lost (told of {found.lasting:,})")
    if total.median_to_mitigate is not None:
        told.append(f"mitigated after {_median(total)} (the median of {total.mitigated:,})")
    return ", ".join(told)


def _table(name: str, groups: Sequence[Group]) -> Iterator[str]:
    width = max(len(name), *(len(group.name) for group in groups))
    yield f"{name:{width}}  incidents  {'time lost':>12}  {'to mitigate':>12}"
    for group in groups:
        lost = minutes(group.minutes) if group.minutes else "-"
        yield f"{clean(group.name):{width}}  {group.incidents:>9,}  {lost:>12}  {_median(group):>12}"


def _median(group: Group) -> str:
    return "-" if group.median_to_mitigate is None else minutes(round(group.median_to_mitigate))
