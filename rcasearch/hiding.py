"""An incident as if nobody had linked it: no text of a link is left for a search to find it by, on either side.

Gone are its sections and lines of related incidents, the items of lists and rows of tables that begin with a link to an incident
(a link and what the author says of it), the text of every other link, and the names of the linked incidents where they stand as
plain text. The rest of a line stays, unless it is less than three words ("see also").
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from rcasearch.model import Block, Incident, Link, Section
from rcasearch.readers.headings import kinds_of

_CODE = re.compile(r"[A-Za-z]{2,10}[-_]?\d{2,}(?:-\d+)?(?!\w)")
_WORD = re.compile(r"\w+")
_FEWEST_WORDS = 3
_GLOSSED = ("list_item", "table_row", "field")


def without_links(incident: Incident, linked: Iterable[Incident]) -> Incident:
    """The incident as a search would read it without its links; ``linked`` are those it links to and those that link to it.

    Only what is ranked is kept: the title, labels and sections. Lines stay where they were.
    """
    names = _names(linked)
    sections = tuple(_section(section, incident.links, names) for section in incident.sections if "related" not in section.kinds)
    return Incident(
        id=incident.id,
        title=_without(names, incident.title) if names else incident.title,
        path=incident.path,
        date=incident.date,
        severity=incident.severity,
        level=incident.level,
        services=incident.services,
        tags=incident.tags,
        status=incident.status,
        duration_minutes=incident.duration_minutes,
        sections=sections,
    )


def _names(incidents: Iterable[Incident]) -> re.Pattern[str] | None:
    """What a text may call these incidents. Names without a number are left out: they may be common words."""
    found: set[str] = set()
    for incident in incidents:
        called = {incident.id, incident.stem, incident.title, *incident.aliases}
        codes = {match[0] for name in called if (match := _CODE.match(name))}
        found |= {name for name in called | codes if re.search(r"\d", name)}
    return _pattern(found)


def _pattern(texts: Iterable[str]) -> re.Pattern[str] | None:
    """Any of the texts, the longest first, whatever blanks and line breaks are between their words."""
    spelled = sorted({r"\s+".join(map(re.escape, text.split())) for text in texts if text.strip()}, key=len, reverse=True)
    return re.compile(rf"(?<!\w)(?:{'|'.join(spelled)})(?!\w)", re.IGNORECASE) if spelled else None


def _section(section: Section, links: Iterable[Link], names: re.Pattern[str] | None) -> Section:
    heading = _hidden(section.heading, [link for link in links if link.line == section.line], names)
    blocks = tuple(_block(block, list(_inside(block, links)), names) for block in section.blocks)
    return replace(section, heading=heading, path=(*section.path[:-1], heading), blocks=blocks)


def _inside(block: Block, links: Iterable[Link]) -> Iterator[Link]:
    return (link for link in links if block.line <= link.line <= block.line + block.text.count("\n"))


def _block(block: Block, links: list[Link], names: re.Pattern[str] | None) -> Block:
    glossed = _pattern(text for link in links if link.incident_id for text in _shown(link))
    if block.kind in _GLOSSED and glossed and glossed.match(block.text.lstrip("\"'([ ")):
        return replace(block, text="\n" * block.text.count("\n"))
    return replace(block, text=_hidden(block.text, links, names))


def _hidden(text: str, links: Iterable[Link], names: re.Pattern[str] | None) -> str:
    own = _pattern(shown for link in links if link.kind != "url" or link.incident_id for shown in _shown(link))
    left = text
    for pattern in filter(None, (own, names)):
        left = _without(pattern, left)
    pairs = zip(text.split("\n"), left.split("\n"), strict=True)
    return "\n".join(
        "" if _names_related(before) or (after != before and _says_nothing(after)) else after for before, after in pairs
    )


def _names_related(line: str) -> bool:
    """Whether the line is a list of related incidents under a label of its own ("Related: PM-0143, where ...")."""
    label, colon, _ = line.partition(":")
    return bool(colon) and "related" in kinds_of(label)


def _says_nothing(line: str) -> bool:
    return len(_WORD.findall(line)) < _FEWEST_WORDS


def _shown(link: Link) -> tuple[str, ...]:
    """How a link reads in the text: by its own words, or by its target when it has none."""
    page, _, part = link.target.partition("#")
    return link.text, " > ".join(filter(None, (page, part.lstrip("^").replace("#", " > "))))


def _without(pattern: re.Pattern[str], text: str) -> str:
    """The text without what the pattern finds; its line breaks stay."""
    return pattern.sub(lambda match: "\n" * match[0].count("\n"), text)
