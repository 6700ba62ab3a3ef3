"""Links between documents: wiki links, markdown links to other files, and the ids in front matter, resolved over the corpus."""

from __future__ import annotations

import posixpath
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import replace
from urllib.parse import unquote

from rcasearch.model import MARKDOWN_SUFFIXES, Incident, Link, Problem
from rcasearch.readers.ids import distinct

_SCHEMES = ("http:", "https:", "mailto:", "ftp:", "tel:", "data:", "javascript:", "file:", "obsidian:", "slack:")
_CODE = re.compile(r"[A-Za-z]{2,10}[-_]?\d{2,}(?:-\d+)?(?![\w-])")


def resolve_links(incidents: Sequence[Incident]) -> tuple[list[Incident], list[Problem]]:
    """The incidents with every id unique and every link to another incident resolved, and a Problem for each id that was taken.

    A target is tried as a path, a file name, an id, an alias, a title and the code
    that a name begins with (PM-0143), in this order and without regard to case. Where
    several incidents answer to it, the one in the same folder wins, then the one whose path is shortest, then first in order.
    """
    renamed, problems = _with_unique_ids(incidents)
    names = _Names(renamed)
    return [replace(incident, links=tuple(_resolved(incident, names))) for incident in renamed], problems


def _with_unique_ids(incidents: Sequence[Incident]) -> tuple[list[Incident], list[Problem]]:
    owners: dict[str, str] = {}
    taken = {incident.id for incident in incidents}
    changed: dict[int, Incident] = {}
    problems: list[Problem] = []
    for number, incident in sorted(enumerate(incidents), key=lambda pair: (pair[1].path, pair[0])):
        if incident.id in owners:
            new = distinct(incident.id, incident.path, taken)
            taken.add(new)
            changed[number] = replace(incident, id=new)
            problems.append(_taken(incident, owners[incident.id], new))
        else:
            owners[incident.id] = incident.path
    return [changed.get(number, incident) for number, incident in enumerate(incidents)], problems


def _taken(incident: Incident, owner: str, new: str) -> Problem:
    return Problem(
        incident.path,
        None,
        f"The id {incident.id} is already that of {owner}; this document is known as {new}.",
        "Give the two documents different ids in their front matter, or different file names.",
    )


class _Names:
    """What each incident answers to."""

    def __init__(self, incidents: Sequence[Incident]) -> None:
        self.tables: list[dict[str, list[Incident]]] = [{} for _ in range(6)]
        for incident in incidents:
            answers: tuple[tuple[str, ...], ...] = (
                (_without_suffix(incident.path),),
                (incident.stem,),
                (incident.id,),
                incident.aliases,
                (incident.title,),
                tuple(match[0] for name in (incident.stem, incident.title) if (match := _CODE.match(name))),
            )
            for table, names in zip(self.tables, answers, strict=True):
                for name in names:
                    table.setdefault(_key(name), []).append(incident)

    def find(self, target: str, origin: Incident) -> Incident | None:
        folder = posixpath.dirname(origin.path)
        for number, table in enumerate(self.tables):
            for name in (
                _spellings(target, folder) if number == 0 else (target, posixpath.basename(target)) if number == 1 else (target,)
            ):
                if found := table.get(_key(_without_suffix(name) if number < 2 else name)):
                    return min(found, key=lambda incident: _distance(incident, folder))
        return None


def _spellings(target: str, folder: str) -> Iterator[str]:
    """A target as a path: relative to the document's folder, then from the top of the corpus."""
    yield posixpath.normpath(posixpath.join(folder, target.lstrip("/") if target.startswith("/") else target))
    yield posixpath.normpath(target.lstrip("/"))


def _distance(incident: Incident, folder: str) -> tuple[bool, int, str]:
    return (posixpath.dirname(incident.path) != folder, incident.path.count("/"), incident.path)


def _key(name: str) -> str:
    return " ".join(unicodedata.normalize("NFC", name).casefold().split())


def _without_suffix(path: str) -> str:
    stem, suffix = posixpath.splitext(path)
    return stem if suffix.lower() in MARKDOWN_SUFFIXES else path


def _resolved(incident: Incident, names: _Names) -> Iterator[Link]:
    for link in incident.links:
        target = page_of(link)
        found = names.find(target, incident) if target else None
        if found is None or found.id == incident.id:
            yield link if found is None or link.kind == "url" else replace(link, incident_id=found.id)
        else:
            yield replace(link, incident_id=found.id)


def page_of(link: Link) -> str | None:
    """The document that a link names, without heading or block; None for a link out of the corpus."""
    if link.kind != "url":
        return link.target.partition("#")[0].partition("^")[0].strip() or None
    target = unquote(link.target)
    if target.lower().startswith(_SCHEMES) or target.startswith(("#", "//")):
        return None
    return target.partition("#")[0].partition("?")[0].strip() or None
