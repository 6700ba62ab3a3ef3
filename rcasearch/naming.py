"""Groups of incidents -> what each is called: by the concept that its members share, and the words that tell it from the rest.

Words are weighed as class-based TF-IDF does (Grootendorst, "BERTopic", 2022): by how often the members use them, and by how much
more of the members do than of all incidents. They are written as the members mostly write them.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from rcasearch.lexical import terms
from rcasearch.likeness import telling
from rcasearch.model import Kind
from rcasearch.stores.base import Store

# One word or two, by their stems.
Words = tuple[str, ...]
# Where a failure is told in few words; elsewhere stand the names of people, and what they did.
_KINDS: frozenset[Kind] = frozenset({"title", "summary", "symptoms", "trigger", "root_cause", "contributing_factors"})
# So many members, evenly over a family, tell what it is called.
_READ = 20
# A family is named by a concept that has this much of the mean profile, and of each member's.
_SHARED, _EACH = 0.4, 0.25
# What stands in a title counts so many times; and a word tells nothing that not three times as many use as elsewhere.
_IN_TITLE, _MORE = 3, 3.0
# What is written as a name (lock_timeout, HikariPool-1, OOMKilled) tells more than a word.
_AS_NAME = 1.5
# So many words stand in a name, beside a concept and alone, and so many are kept as terms.
_BESIDE, _ALONE, _TERMS = 2, 3, 8
_SENTENCE = re.compile(r"[.;:!?()\n|]+")
_WORD = re.compile(r"[^\W_]+(?:[-._/:@]*[^\W_]+)*")
_SHORTEST, _WEIGHED = 3, 100
_CALENDAR = """january february march april may june july august september october november december
    monday tuesday wednesday thursday friday saturday sunday weekend utc"""


@dataclass(frozen=True, slots=True)
class Name:
    """What a family is called, and its telling terms, the most telling first."""

    text: str
    terms: tuple[str, ...]


class Namer:
    """Names families of one store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        found = store.term_values()
        self._shares = dict(zip(found.terms, (np.diff(found.starts) / max(store.info.incidents, 1)).tolist(), strict=True))
        self._left_out = {term for name in (*store.services.names, _CALENDAR) for term in terms(name)}

    def name(self, rows: Sequence[int]) -> Name:
        """The name of the family of these incidents."""
        read = [rows[place] for place in np.unique(np.linspace(0, len(rows) - 1, min(len(rows), _READ)).astype(int)).tolist()]
        concept, told = self._concept(read), self._telling(read)
        if concept is None:
            text = ", ".join(list(told)[:_ALONE])
        else:
            known = set(terms(concept))
            text = ": ".join(filter(None, [concept, ", ".join([one for one in told if not known & set(told[one])][:_BESIDE])]))
        return Name(text or self._store.incidents_at(read[:1])[0].title, tuple(told))

    def _concept(self, rows: Sequence[int]) -> str | None:
        profiles = self._store.concept_profiles(np.array(rows))
        if not profiles.shape[1]:
            return None
        means = profiles.mean(axis=0)
        best = int(means.argmax())
        shared = means[best] >= _SHARED and profiles[:, best].min() >= _EACH
        return self._store.concepts.labels[best] if shared else None

    def _telling(self, rows: Sequence[int]) -> dict[str, Words]:
        """The words of the most weight, as they are written, and their stems; none shares a stem with one before it."""
        counted = [self._counted(row) for row in rows]
        weights = {words: self._weight(words, counted) for words in sorted(set().union(*counted))}
        found: dict[str, Words] = {}
        taken = set[str]()
        for words in sorted((words for words in weights if weights[words] > 0), key=lambda one: -weights[one])[:_WEIGHED]:
            form = _written(words, counted)
            if not taken & set(words) and not any(form.lower() in other.lower() for other in found):
                found[form] = words
                taken |= set(words)
        return dict(islice(found.items(), _TERMS))

    def _weight(self, words: Words, counted: Sequence[Mapping[Words, Counter[str]]]) -> float:
        if any(word in self._left_out or not telling(word) or len(word) < _SHORTEST for word in words):
            return 0.0
        own = [sum(one[words].values()) for one in counted if words in one]
        share = len(own) / len(counted)
        more = [share / self._shares.get(word, 1.0) for word in words]
        if len(own) < 2 or max(more) < _MORE:
            return 0.0
        often = sum(math.log1p(count) for count in own) / len(counted)
        named = _AS_NAME if _is_name(_written(words, counted)) else 1.0
        return named * share * often * sum(math.log(max(one, 1.0)) for one in more) / math.sqrt(len(words))

    def _counted(self, row: int) -> Mapping[Words, Counter[str]]:
        """The words of an incident, and its pairs of words in a row: how often each is written how."""
        [told] = self._store.passages_at([row])
        places = [(row, place) for place, kind in enumerate(told.kinds) if kind in _KINDS]
        found: defaultdict[Words, Counter[str]] = defaultdict(Counter)
        for chunk in self._store.chunks_at(places):
            for sentence in _SENTENCE.split(chunk.matched):
                for words, form in _runs(sentence):
                    found[words][form] += _IN_TITLE if chunk.kind == "title" else 1
        return found


def _written(words: Words, counted: Sequence[Mapping[Words, Counter[str]]]) -> str:
    """How they are mostly written."""
    forms = sum((one[words] for one in counted if words in one), Counter[str]())
    return min(forms, key=lambda form: (-forms[form], form))


def _runs(sentence: str) -> Iterable[tuple[Words, str]]:
    """The words of a sentence and its pairs of words in a row, by their stems; function words end a run."""
    before: tuple[str, str] | None = None
    for match in _WORD.finditer(sentence):
        own = terms(match.group())
        if not own:
            before = None
            continue
        form = match.group() if _is_name(match.group()) else match.group().lower()
        yield (own[0],), form
        if before is not None and sentence[match.start() - 1] == " ":
            yield (before[0], own[0]), f"{before[1]} {form}"
        before = (own[0], form)


def _is_name(word: str) -> bool:
    """Whether a word is written in its own way: an abbreviation or an identifier."""
    return word[1:] != word[1:].lower() or any(not (sign.isalpha() or sign in " -") for sign in word)
