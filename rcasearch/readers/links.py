"""Links between documents: wiki links, markdown links to other files, and the ids in front matter, resolved over the corpus."""

from __future__ import annotations

import posixpath
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple
from urllib.parse import unquote

from rcasearch.model import MARKDOWN_SUFFIXES, Incident, Link, Problem
from rcasearch.readers.ids import distinct

_SCHEMES = ("http:", "https:", "mailto:", "ftp:", "tel:", "data:", "javascript:", "file:", "obsidian:", "slack:")
_CODE = re.compile(r"[A-Za-z]{2,10}[-_]?\d{2,}(?:-\d+)?(?![\w-])")


Labels = tuple[str, ...]


class Name(NamedTuple):
    """What a document may be called: ``kind`` is 0 for a path, then file name, id, alias, title, code; keys are compared."""

    kind: int
    key: str


def resolve_links(incidents: Sequence[Incident]) -> tuple[list[Incident], list[Problem]]:
    """The incidents with every id unique and every link to another incident resolved, and a Problem for each id that was taken.

    A target is tried as a path, a file name, an id, an alias, a title and the code
    that a name begins with (PM-0143), in this order and without regard to case. Where
    several incidents answer to it, the one in the same folder wins, then the one whose path is shortest, then first in order.
    Incidents that everybody sees who sees the one with the link are tried before all others.
    """
    paths, ids, access = ([getattr(one, name) for one in incidents] for name in ("path", "id", "access"))
    changed, problems = unique_ids(paths, ids, access)
    renamed = [replace(one, id=changed[number]) if number in changed else one for number, one in enumerate(incidents)]
    names = _Names(renamed)
    return [replace(incident, links=tuple(_resolved(incident, names))) for incident in renamed], problems


def unique_ids(paths: Sequence[str], ids: Sequence[str], access: Sequence[Labels]) -> tuple[dict[int, str], list[Problem]]:
    """The numbers of the documents whose id another has, with the id that each gets instead, and a Problem for each.

    A document keeps its id from one with more labels, so that nobody can tell by it that there is one.
    """
    owners: dict[str, int] = {}
    taken = set(ids)
    changed: dict[int, str] = {}
    problems: list[Problem] = []
    if len(taken) == len(ids):
        return changed, problems
    for number in sorted(range(len(ids)), key=lambda one: (len(access[one]), access[one], paths[one], one)):
        own, path = ids[number], paths[number]
        if own in owners:
            owner = owners[own]
            changed[number] = distinct(own, path, taken)
            taken.add(changed[number])
            known = set(access[owner]).issubset(access[number])
            problems.append(_taken(path, own, paths[owner] if known else "another document", changed[number]))
        else:
            owners[own] = number
    return changed, problems


def _taken(path: str, own: str, owner: str, new: str) -> Problem:
    return Problem(
        path,
        None,
        f"The id {own} is already that of {owner}; this document is known as {new}.",
        "Give the two documents different ids in their front matter, or different file names.",
    )


class _Names:
    """What each incident answers to."""

    def __init__(self, incidents: Sequence[Incident]) -> None:
        self._table: dict[Name, list[Incident]] = {}
        for incident in incidents:
            for name in answers(incident):
                self._table.setdefault(name, []).append(incident)

    def find(self, link: Link, origin: Incident) -> Incident | None:
        called = [self._table[name] for name in wanted(link, origin.path) if name in self._table]
        open_to_all = [[one for one in own if set(one.access).issubset(origin.access)] for own in called]
        found = next(filter(None, [*open_to_all, *called]), None)
        return min(found, key=lambda incident: nearness(incident.path, origin.path)) if found else None


def answers(incident: Incident) -> Iterator[Name]:
    """What an incident is called."""
    yield Name(0, name_key(_without_suffix(incident.path)))
    yield Name(1, name_key(incident.stem))
    yield Name(2, name_key(incident.id))
    yield from (Name(3, name_key(alias)) for alias in incident.aliases)
    yield Name(4, name_key(incident.title))
    yield from (Name(5, name_key(match[0])) for name in (incident.stem, incident.title) if (match := _CODE.match(name)))


def wanted(link: Link, path: str) -> tuple[Name, ...]:
    """What the incident that a link in the document at ``path`` leads to may be called, the best first; empty for one outward."""
    target = page_of(link)
    if not target:
        return ()
    paths = (Name(0, name_key(_without_suffix(spelling))) for spelling in _spellings(target, posixpath.dirname(path)))
    stems = (Name(1, name_key(_without_suffix(name))) for name in (target, posixpath.basename(target)))
    key = name_key(target)
    return (*paths, *stems, Name(2, key), Name(3, key), Name(4, key), Name(5, key))


def _spellings(target: str, folder: str) -> Iterator[str]:
    """A target as a path: relative to the document's folder, then from the top of the corpus."""
    yield posixpath.normpath(posixpath.join(folder, target.lstrip("/") if target.startswith("/") else target))
    yield posixpath.normpath(target.lstrip("/"))


def nearness(path: str, origin: str) -> tuple[bool, int, str]:
    """What decides between the documents of one name, for a link in the document at ``origin``: the smallest wins."""
    return (posixpath.dirname(path) != posixpath.dirname(origin), path.count("/"), path)


def name_key(name: str) -> str:
    """A name as it is compared with others."""
    return " ".join(unicodedata.normalize("NFC", name).casefold().split())


def _without_suffix(path: str) -> str:
    stem, suffix = posixpath.splitext(path)
    return stem if suffix.lower() in MARKDOWN_SUFFIXES else path


def _resolved(incident: Incident, names: _Names) -> Iterator[Link]:
    for link in incident.links:
        found = names.find(link, incident)
        yield led_to(link, incident.id, found.id) if found else link


def led_to(link: Link, own: str, found: str) -> Link:
    """A link of the incident ``own`` that leads to the incident ``found``."""
    return link if found == own and link.kind == "url" else replace(link, incident_id=found)


def page_of(link: Link) -> str | None:
    """The document that a link names, without heading or block; None for a link out of the corpus."""
    if link.kind != "url":
        return link.target.partition("#")[0].partition("^")[0].strip() or None
    target = unquote(link.target)
    if target.lower().startswith(_SCHEMES) or target.startswith(("#", "//")):
        return None
    return target.partition("#")[0].partition("?")[0].strip() or None
