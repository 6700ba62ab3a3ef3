"""What is asked: a query, its filters, and what a pasted text or a payload was understood as."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

AlertStatus = Literal["firing", "resolved"]
MOST_SYMPTOMS_AT_ONCE = 8
# What a text turned out to be: the sender of a payload, or what a person pastes.
Source = Literal[
    "text",
    "log",
    "kubernetes",
    "alertmanager",
    "grafana",
    "pagerduty",
    "pagerduty_event",
    "opsgenie",
    "datadog",
    "cloudwatch",
    "sentry",
    "cloudevent",
    "json",
]

# What a text is read as, and what can be ignored of it.
Readable = Literal["source", "service", "signature", "concept"]


@dataclass(frozen=True, slots=True)
class Filters:
    """What a hit must satisfy: any of the values named in a field, every field named. Dates are inclusive."""

    services: tuple[str, ...] = ()
    severities: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    since: str | None = None
    until: str | None = None

    def __bool__(self) -> bool:
        return any((self.services, self.severities, self.tags, self.statuses, self.since, self.until))


NO_FILTERS = Filters()


@dataclass(frozen=True, slots=True)
class Entities:
    """What an alert names: pods as their workloads, ARNs as names, ``severity`` as it is written."""

    services: tuple[str, ...] = ()
    workloads: tuple[str, ...] = ()
    namespaces: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    signatures: tuple[str, ...] = ()
    runbook_urls: tuple[str, ...] = ()
    severity: str | None = None


NO_ENTITIES = Entities()


@dataclass(frozen=True, slots=True)
class Symptom:
    """One failure that a payload tells of. ``text`` is what is searched; ``count`` alerts of the payload tell the same.

    ``key`` is the same each time that a sender tells of this failure again, and when it tells that it is over.
    """

    text: str
    key: str
    status: AlertStatus = "firing"
    count: int = 1
    entities: Entities = NO_ENTITIES


@dataclass(frozen=True, slots=True)
class Understood:
    """What a text or payload was understood as: at least one symptom, those that fire before those that are over.

    ``suggested`` are filters to offer. Nothing applies them by itself.
    """

    source: Source
    symptoms: tuple[Symptom, ...]
    suggested: Filters = NO_FILTERS

    @property
    def status(self) -> AlertStatus:
        """Firing as long as one symptom is."""
        return self.symptoms[0].status

    @property
    def current(self) -> tuple[Symptom, ...]:
        """The symptoms that fire, or all of them where none does."""
        return tuple(symptom for symptom in self.symptoms if symptom.status == self.status)

    @property
    def text(self) -> str:
        """What to search for all of it at once: the current symptoms, a line each, as many as one query can tell of."""
        return "\n".join(symptom.text for symptom in self.current[:MOST_SYMPTOMS_AT_ONCE])


@dataclass(frozen=True, slots=True)
class Query:
    """A symptom description and what its precedents must satisfy.

    ``text`` is as it was given; where it was ``understood``, what that tells is searched. ``ignore`` names what was read from it
    and is not to count, each as ``service:NAME`` or so, by the names that an answer reads it as.
    """

    text: str
    limit: int = 10
    filters: Filters = NO_FILTERS
    understood: Understood | None = field(default=None, compare=False)
    ignore: tuple[str, ...] = ()

    @property
    def searched(self) -> str:
        """The text that is compared with the incidents."""
        return self.text if self.understood is None else self.understood.text

    def ignored(self, kind: Readable) -> frozenset[str]:
        """The names of that kind that are not to count, in lower case."""
        pairs = (one.partition(":") for one in self.ignore)
        return frozenset(name.strip().casefold() for own, _, name in pairs if own == kind)
