"""What a store must answer, computed again from the documents by plain loops in double precision: no FAISS, no BM25, no SQL."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rcasearch import template
from rcasearch.chunking import chunk
from rcasearch.encoders import Tokens
from rcasearch.lexical import terms
from rcasearch.model import Chunk, Document, Filters, Incident
from rcasearch.readers import read, resolve_links
from rcasearch.services import service_names
from tests.core.fakes import FakeEncoder

Doubles = NDArray[np.float64]


@dataclass(frozen=True)
class Oracle:
    """The corpus in memory: incident i has ``chunks[i]`` with ``vectors[i]`` (n, d) and n ``tokens[i]``."""

    incidents: list[Incident]
    sources: list[str]
    chunks: list[list[Chunk]]
    vectors: list[Doubles]
    tokens: list[list[Tokens]]

    @classmethod
    def read(cls, source: Path, encoder: FakeEncoder) -> Oracle:
        documents = [found for found in read([source]) if isinstance(found, Document)]
        incidents, _ = resolve_links([document.incident for document in documents])
        learned = template.learn(incidents, service_names(incidents))
        chunks = [learned.marked(chunk(incident, encoder.count_tokens, encoder.max_tokens)) for incident in incidents]
        encoded = [encoder.encode_queries([one.matched for one in own]) for own in chunks]
        vectors = [one.vectors.astype(np.float64) for one in encoded]
        return cls(incidents, [document.source for document in documents], chunks, vectors, [list(one.tokens) for one in encoded])

    def passage(self, number: int, query: Doubles) -> float:
        """The dot product with the nearest passage."""
        return max((float(np.dot(vector, query)) for vector in self.vectors[number]), default=0.0)

    def whole(self, number: int, query: Doubles) -> float:
        """The dot product with the mean passage, of length 1."""
        mean = self.vectors[number].mean(axis=0)
        return float(np.dot(mean / np.linalg.norm(mean), query))

    def nearest(self, number: int, vectors: Doubles, most: int) -> list[int]:
        """The passages with the largest dot products with one of the vectors."""
        near = [max(float(np.dot(own, vector)) for vector in vectors) for own in self.vectors[number]]
        return sorted(range(len(near)), key=lambda i: (-round(near[i], 5), i))[:most]

    def late(self, number: int, query: Doubles, weights: Sequence[float], passages: Sequence[int]) -> tuple[float, float]:
        """The weighted mean over the query's tokens of the best dot product, with any token, and with those of one passage."""
        read = [self.tokens[number][i] for i in passages]
        best = [[max(float(np.dot(own, token)) for own in tokens.vectors) for token in query] for tokens in read]
        anywhere = [max(column) for column in zip(*best, strict=True)]
        return _mean(anywhere, weights), max(_mean(passage, weights) for passage in best)

    def near(self, number: int, chunk: int, vector: Doubles, tokens: Doubles, weights: Sequence[float]) -> float:
        """The mean of a passage's dot product and its late interaction."""
        best = [max(float(np.dot(own, token)) for own in self.tokens[number][chunk].vectors) for token in tokens]
        return (float(np.dot(self.vectors[number][chunk], vector)) + _mean(best, weights)) / 2

    def concepts(self, number: int, exemplars: Sequence[Doubles]) -> Doubles:
        """How much the passages tell of each concept (its exemplars: (e, d)), as shares on average; of length 1."""
        shares = np.mean([concept_shares(vector, exemplars) for vector in self.vectors[number]], axis=0)
        return np.asarray(shares / math.sqrt(float(np.dot(shares, shares))))

    def bm25(self, query: Sequence[str], k1: float = 1.2, b: float = 0.75) -> list[float]:
        """Robertson and Spärck Jones, with the idf that is never negative; a term asked twice counts twice."""
        documents = [Counter(terms(searchable(*pair))) for pair in zip(self.incidents, self.chunks, strict=True)]
        lengths = [sum(document.values()) for document in documents]
        average = sum(lengths) / len(lengths)
        frequency = Counter(term for document in documents for term in document)
        return [
            sum(
                math.log(1 + (len(documents) - frequency[term] + 0.5) / (frequency[term] + 0.5))
                * document[term]
                / (document[term] + k1 * (1 - b + b * length / average))
                for term in query
                if term in document
            )
            for document, length in zip(documents, lengths, strict=True)
        ]

    def token_frequency(self, token: int) -> int:
        """In how many incidents a token occurs."""
        return sum(any(token in own.ids for own in tokens) for tokens in self.tokens)

    def passing(self, filters: Filters) -> list[int]:
        return [number for number, incident in enumerate(self.incidents) if passes(incident, filters)]


def concept_scores(vector: Doubles, exemplars: Sequence[Doubles]) -> list[float]:
    """The nearest exemplar of each concept and half of what their mean direction gives."""
    values = []
    for own in exemplars:
        total = [sum(float(one[axis]) for one in own) for axis in range(len(vector))]
        length = math.sqrt(sum(value * value for value in total))
        mean = sum(value / length * float(given) for value, given in zip(total, vector, strict=True))
        values.append(max(float(np.dot(one, vector)) for one in own) + mean / 2)
    return values


def concept_shares(vector: Doubles, exemplars: Sequence[Doubles], bonus: Sequence[float] | None = None) -> Doubles:
    """The softmax of the scores, and of what signatures add to them, at temperature 0.06."""
    added = bonus if bonus is not None else [0.0] * len(exemplars)
    weights = [math.exp((score + more) / 0.06) for score, more in zip(concept_scores(vector, exemplars), added, strict=True)]
    return np.array([weight / sum(weights) for weight in weights])


def _mean(values: Sequence[float], weights: Sequence[float]) -> float:
    return sum(value * weight for value, weight in zip(values, weights, strict=True)) / sum(weights)


def searchable(incident: Incident, chunks: Sequence[Chunk]) -> str:
    """All the words of a document that the lexical leg should know."""
    told = [" ".join([one.heading, *(one.text[start:end] for start, end in one.telling)]) for one in chunks]
    return "\n".join([*incident.services, *incident.tags, *told])


def passes(incident: Incident, filters: Filters) -> bool:
    def one_of(wanted: Sequence[str], *values: str | None) -> bool:
        return not wanted or bool({w.casefold() for w in wanted} & {value.casefold() for value in values if value})

    return (
        one_of(filters.services, *incident.services)
        and one_of(filters.tags, *incident.tags)
        and one_of(filters.severities, incident.level or incident.severity)
        and one_of(filters.statuses, incident.status)
        and (filters.since is None or (incident.date or "") >= filters.since)
        and (filters.until is None or "" < (incident.date or "") <= filters.until)
    )
