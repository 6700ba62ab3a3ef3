"""The judged queries of the templated corpus: what is relevant follows from how the documents were made."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from random import Random

from benchmarks.templated_documents import HELD_OUT, Failure, Incident, held_out, wordings

ALERTS = 3  # alert queries of a failure type; as many of its descriptions are kept for the cross queries
PLAIN = 2  # plain queries of a failure type

_HASH_LETTERS = "bcdfghjklmnpqrstvwxz2456789"


@dataclass(frozen=True, slots=True)
class TemplatedQuery:
    """A query and its relevant documents, file stem -> grade; the failure meant and the service named, where there is one."""

    id: str
    text: str
    kind: str
    relevant: dict[str, int]
    failure: str | None
    service: str | None


def make_queries(corpus: Sequence[Incident], seed: int) -> list[TemplatedQuery]:
    """The queries of every kind over a corpus, those of failure types that it has."""
    random = Random(f"{seed}/queries")
    by_failure: dict[str, list[Incident]] = defaultdict(list)
    for incident in corpus:
        by_failure[incident.failure.name].append(incident)
    on_record = {incident.service for incident in corpus}
    alerts, cross, plain = [], [], []
    for failure in wordings().failures:
        same = by_failure.get(failure.name)
        if same:
            texts = random.sample(failure.descriptions, len(failure.descriptions))
            alerts += list(_alerts(failure, same, texts[:ALERTS], random))
            absent = [service for service in held_out(seed)[failure.name] if service in on_record]
            cross += list(_cross(failure, same, texts[ALERTS:], absent, random))
            plain += list(_plain(failure, same, random))
    return _numbered([*alerts, *cross, *plain, *_none(sorted(on_record), random)])


def _alerts(failure: Failure, same: Sequence[Incident], texts: Iterable[str], random: Random) -> Iterator[TemplatedQuery]:
    """Each names the service of one document and describes its failure."""
    services = sorted({incident.service for incident in same})
    random.shuffle(services)
    for i, text in enumerate(texts):
        service = services[i % len(services)]
        relevant = {incident.stem: 2 if incident.service == service else 1 for incident in same}
        yield TemplatedQuery("", _framed(text, service, random), "alert", relevant, failure.name, service)


def _cross(
    failure: Failure, same: Sequence[Incident], texts: Sequence[str], services: Sequence[str], random: Random
) -> Iterator[TemplatedQuery]:
    """Each names a service which never had that failure but had others."""
    relevant = {incident.stem: 2 for incident in same}
    for text, service in zip(texts[:HELD_OUT], services, strict=False):
        yield TemplatedQuery("", _framed(text, service, random), "cross", relevant, failure.name, service)


def _plain(failure: Failure, same: Sequence[Incident], random: Random) -> Iterator[TemplatedQuery]:
    relevant = {incident.stem: 2 for incident in same}
    for frame in random.sample(wordings().plain_frames, PLAIN):
        yield TemplatedQuery("", frame.replace("{failure}", failure.name), "plain", relevant, failure.name, None)


def _none(services: Sequence[str], random: Random) -> Iterator[TemplatedQuery]:
    """Every other one names a service that the corpus knows, so that a known service does not pass for an answer."""
    for i, text in enumerate(wordings().none):
        service = random.choice(services) if i % 2 else None
        yield TemplatedQuery("", _framed(text, service, random) if service else text, "none", {}, None, service)


def _framed(text: str, service: str, random: Random) -> str:
    frame = random.choice(wordings().alert_frames)
    pod = f"{service}-{_hash(10, random)}-{_hash(5, random)}"
    return frame.replace("{pod}", pod).replace("{service}", service).replace("{text}", text)


def _hash(length: int, random: Random) -> str:
    return "".join(random.choices(_HASH_LETTERS, k=length))


def _numbered(queries: Iterable[TemplatedQuery]) -> list[TemplatedQuery]:
    counts: dict[str, int] = defaultdict(int)
    named = []
    for query in queries:
        counts[query.kind] += 1
        name = f"t-{query.kind}-{counts[query.kind]:03d}"
        named.append(TemplatedQuery(name, query.text, query.kind, query.relevant, query.failure, query.service))
    return named
