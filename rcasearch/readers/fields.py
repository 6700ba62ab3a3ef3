"""``Key: value`` lines: which keys mean which field of an incident, in front matter and in the body alike."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from rcasearch.readers.front_matter import normal_key
from rcasearch.readers.inline import Line

# The first name of a field that has a value wins.
ALIASES: dict[str, tuple[str, ...]] = {
    field: tuple(names.split())
    for field, names in {
        "id": """
            id incident_id incident_number incident_no incident_key rca_id postmortem_id ticket_id uuid uid""",
        "title": """
            title incident_title incident_name name headline subject""",
        "date": """
            date incident_date date_of_incident incident_day occurred occurred_at occurred_on start_time started_at started
            start_date incident_start start date_time datetime when detected_at date_started begin impact_start
            start_date_time start_time_utc created created_at date_created published day""",
        "severity": """
            severity incident_severity severity_level sev sev_level priority incident_priority urgency criticality
            impact_level how_bad""",
        "services": """
            services services_affected affected_services service affected_service service_affected services_impacted
            impacted_services impacted_service component components affected_components affected_component component_s
            service_s system systems affected_systems affected_system systems_affected resource resources application
            applications affected_services_and_systems services_involved""",
        "tags": """
            tags tag keywords keyword categories category labels label topics""",
        "status": """
            status state incident_status current_status resolution_status""",
        "duration": """
            duration_minutes duration duration_mins duration_min incident_duration outage_duration total_duration
            duration_of_incident duration_of_impact impact_duration time_to_resolve ttr time_to_resolution time_to_recovery
            downtime length duration_hours duration_seconds duration_of_outage downtime_minutes""",
        "author": """
            author authors owner owners author_s owner_s postmortem_owner incident_owner rca_owner written_by prepared_by
            created_by postmortem_author reporter reported_by who_wrote_this incident_commander team owning_team""",
        "aliases": """
            aliases alias also_known_as aka""",
        "related": """
            related_incidents related_incident related similar_incidents see_also links recurrence_of previous""",
    }.items()
}  # fmt: skip
DURATION_UNITS = {"duration_hours": "h", "duration_seconds": "s"}
_FIELD_OF = {name: field for field, names in reversed(ALIASES.items()) for name in names}
# Keys that say something only at the top of a document, not wherever "Name: ..." stands.
_BROAD = frozenset(
    {"name", "when", "start", "day", "length", "links", "system", "previous", "begin", "team", "state", "subject", "label"}
)

_KEY_VALUE = re.compile(r"^\s*([^\W_][^:\n]{0,48}?)\s*::?(?:\s+(.*)|$)")
# A line that states more of them is no line of fields.
_MOST_FIELDS = 50
_LONGEST = 200
_WORDS = re.compile(r"^[\w /()&'?.#\u2019-]+$")


class Field(NamedTuple):
    """A field found in the body, under its normalised key."""

    key: str
    value: str
    line: int


def field_of(label: str) -> str | None:
    """The field that a label names ("Affected Services" is services), or None."""
    return _FIELD_OF.get(label_key(label))


def label_key(label: str) -> str:
    """The normalised key of a label: "Component(s)" is component_s, "Start (UTC)" is start; of a long one, of its beginning."""
    return _label_key(label[:_LONGEST])


@lru_cache(maxsize=4096)
def _label_key(label: str) -> str:
    bare = re.sub(r"\((?!s\))[^()]*\)", "", label)
    return normal_key(bare.replace("(s)", "_s"))


def is_field(label: str, anywhere: bool = True) -> bool:
    """Whether a label names a field; ``anywhere`` leaves out keys that are common words in prose."""
    key = label_key(label)
    return key in _FIELD_OF and not (anywhere and key in _BROAD)


def split_label(line: Line) -> tuple[str, Line, bool] | None:
    """(label, the rest, whether it is bold) of ``**Impact:** text``, ``**Impact** - text``, ``Impact: text``, ``**Impact**``."""
    begin = len(line.text) - len(line.text.lstrip())
    bold = next((mark for mark in line.marks if mark.kind == "strong" and mark.start <= begin), None)
    if bold is not None:
        label, rest = line.text[bold.start : bold.end].strip(), line.cut(bold.end)
        if label.endswith(":"):
            return label.rstrip(": "), rest, True
        if rest.text.startswith(":"):
            return label, rest.cut(rest.text.startswith("::") + 1), True
        if not rest.text:
            return label, rest, True
        if label.endswith((".", "?")) and rest.text:
            return label.rstrip(" .?"), rest, True
        if match := re.match(r"[-\u2013\u2014\u00b7]\s+", rest.text):
            return label, rest.cut(match.end()), True
        inner = _KEY_VALUE.match(label)
        return (inner[1], line.cut(bold.start + inner.start(2)), True) if inner and inner[2] and not rest.text else None
    match = _KEY_VALUE.match(line.text[:400])
    if match is None or not _WORDS.match(match[1]):
        return None
    if any(mark.kind == "code" and mark.start < match.end(1) for mark in line.marks):
        return None
    value = line.cut(match.start(2)) if match[2] is not None else Line("")
    return match[1], value, False


def fields_in(line: Line, number: int) -> Iterator[Field]:
    """The fields on a line, which may hold several: ``**Date:** 2025-01-02 **Status:** done``."""
    starts = [m.start for m in line.marks if m.kind == "strong" and line.text[m.start : m.end + 1].rstrip().endswith(":")]
    cuts = sorted(starts)[:_MOST_FIELDS] if len(starts) > 1 and not line.text[: min(starts)].strip() else [0]
    for start, end in zip(cuts, [*cuts[1:], None], strict=True):
        found = split_label(line.cut(start, end))
        if found is not None and found[1].text and field_of(found[0]):
            yield Field(label_key(found[0]), found[1].text.strip(" |*,"), number)
