"""Which services a text names: those of the corpus, however they are joined, and those that pod names give away.

A service says where it broke, not how. Its name is therefore kept out of the symptom match, on both sides, and counts on its own.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from rcasearch.model import Incident

Span = tuple[int, int]

_WORD = re.compile(r"[^\W_]+")
_JOINTS = re.compile(r"[-_. ]")
# Kubernetes draws the ends of pod names from letters and digits that make no words.
_DRAWN = "bcdfghjklmnpqrstvwxz2456789"
_POD_END = re.compile(rf"-(?=[a-z]*\d)[a-f0-9{_DRAWN}]{{6,10}}-[{_DRAWN}]{{5}}(?![\w-])|-\d{{1,3}}(?![\w.-])")
_POD = re.compile(rf"(?<![\w-])([a-z][a-z0-9]*(?:-[a-z0-9]+)*?)-(?=[a-z]*\d)[a-f0-9{_DRAWN}]{{8,10}}-[{_DRAWN}]{{5}}(?![\w-])")
# A name that stands in fewer incidents tells which incident it was.
_RECURS = 3


@dataclass(frozen=True)
class ServiceNames:
    """The ``names`` of a corpus's services, and those of them that are ``masked``: kept out of the symptom match."""

    names: tuple[str, ...]
    masked: frozenset[str]

    def named_in(self, text: str) -> tuple[str, ...]:
        """The services that a text names, in order: as the corpus writes them, or as a pod's name does."""
        return tuple(dict.fromkeys(name for _, _, name in self.places(text)))

    def places(self, text: str) -> list[tuple[int, int, str]]:
        """Where the text names which service, in order, with the drawn end of a pod's name."""
        known = list(self._found(text))
        starts = {start for start, _, _ in known}
        pods = ((*match.span(), match.group(1)) for match in _pods(text) if match.start() not in starts)
        return sorted([*known, *pods])

    def spans(self, text: str) -> list[Span]:
        """Where the text names a service that is kept out of the symptom match, with the drawn end of a pod's name."""
        known = [(start, end) for start, end, name in self._found(text) if name in self.masked]
        pods = [match.span() for match in _pods(text)]
        return merged([*known, *pods])

    def differing(self, other: ServiceNames) -> list[str]:
        """The names that only one of the two finds in a text, or keeps out of the match. Who names none reads the same."""
        pairs = ((self._by_parts.get(parts), other._by_parts.get(parts)) for parts in {*self._by_parts, *other._by_parts})
        moved = {name for pair in pairs if pair[0] != pair[1] for name in pair if name}
        return sorted(moved | (self.masked ^ other.masked))

    def _found(self, text: str) -> Iterator[tuple[int, int, str]]:
        """(start, end, name) from the left, the longest name first."""
        words = [word.casefold() for word in _WORD.findall(text)]
        if self._lengths.keys().isdisjoint(words):
            return
        places = [match.span() for match in _WORD.finditer(text)]
        position = 0
        for first in (number for number, word in enumerate(words) if word in self._lengths):
            taken, found = self._longest(text, words, places, first) if first >= position else (0, None)
            if found:
                start, end = places[first][0], places[first + taken - 1][1]
                pod_end = _POD_END.match(text, end)
                yield start, pod_end.end() if pod_end else end, found
                position = first + taken

    def _longest(self, text: str, words: list[str], places: list[Span], first: int) -> tuple[int, str | None]:
        for count in self._lengths[words[first]]:
            name = self._by_parts.get(tuple(words[first : first + count]))
            run = places[first : first + count]
            if name and _is_one_name(text, run):
                return len(run), name
        return 0, None

    @cached_property
    def _by_parts(self) -> dict[tuple[str, ...], str]:
        return {_parts(name): name for name in reversed(self.names) if _parts(name)}

    @cached_property
    def _lengths(self) -> dict[str, list[int]]:
        """First word of a name -> how many words the names that begin with it have, most first."""
        lengths: dict[str, set[int]] = {}
        for parts in self._by_parts:
            lengths.setdefault(parts[0], set()).add(len(parts))
        return {word: sorted(counts, reverse=True) for word, counts in lengths.items()}


NO_SERVICES = ServiceNames((), frozenset())


def service_names(incidents: Iterable[Incident]) -> ServiceNames:
    """The service names of a corpus."""
    return names_of(incident.services for incident in incidents)


def names_of(services: Iterable[Iterable[str]]) -> ServiceNames:
    """The names that the incidents of a corpus list. Kept out of the symptom match are those that recur and have several words.

    A name of one word ("search") is also a word of the symptom, and a name that hardly recurs identifies its incident.
    """
    counts = Counter(service for own in services for service in own)
    names = sorted(counts, key=lambda name: (-counts[name], name))
    joined = (name for name in names if counts[name] >= _RECURS and re.search(r"[^\W_][-_.][^\W_]", name))
    return ServiceNames(tuple(names), frozenset(joined))


def merged(spans: Iterable[Span]) -> list[Span]:
    """The spans in order, those that overlap or touch as one."""
    result: list[Span] = []
    for start, end in sorted(spans):
        if result and start <= result[-1][1]:
            result[-1] = (result[-1][0], max(end, result[-1][1]))
        else:
            result.append((start, end))
    return result


def _pods(text: str) -> Iterator[re.Match[str]]:
    # A pod's name has two hyphens at least, and most texts do not.
    return _POD.finditer(text) if text.count("-") > 1 else iter(())


def _parts(name: str) -> tuple[str, ...]:
    return tuple(word.casefold() for word in _WORD.findall(name))


def _is_one_name(text: str, run: Sequence[Span]) -> bool:
    """Whether the words of ``run`` stand joined, and no further word is joined to them but the end of a pod's name."""
    gaps = [text[left[1] : right[0]] for left, right in pairwise(run)]
    start, end = run[0][0], run[-1][1]
    follows = text[end : end + 1] in ("-", "_") and text[end + 1 : end + 2].isalnum() and not _POD_END.match(text, end)
    leads = start > 1 and text[start - 1] in "-_" and text[start - 2].isalnum()
    return all(_JOINTS.fullmatch(gap) for gap in gaps) and not leads and not follows
