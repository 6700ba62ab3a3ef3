"""The documents of the templated corpus: what happened, drawn at random, and its text, filled into one layout."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from itertools import accumulate
from pathlib import Path
from random import Random
from typing import TypeVar

import msgspec

HELD_OUT = 3  # services in which a failure type never happens

_FIRST_DAY = date(2023, 1, 1)
_DAYS = 3 * 365
_SLOT = re.compile(r"\{([^{}]+)\}")
_RANGE = re.compile(r"(\d+)-(\d+)")
_DUE_DAYS = (7, 14, 21, 30)

_T = TypeVar("_T")


class Failure(msgspec.Struct, frozen=True):
    """A failure type: its name, the category whose boilerplate it shares, and how it looks to somebody on call."""

    name: str
    category: str
    descriptions: tuple[str, ...]


class Wordings(msgspec.Struct, frozen=True):
    """What ``templated.yaml`` holds."""

    services: tuple[str, ...]
    failures: tuple[Failure, ...]
    none: tuple[str, ...]
    alert_frames: tuple[str, ...]
    plain_frames: tuple[str, ...]


class Pool(msgspec.Struct, frozen=True):
    """Lines of which a document takes so many."""

    take: int
    lines: tuple[str, ...]


class Moment(msgspec.Struct, frozen=True):
    """An event of the timeline, and between which percentages of the incident's duration it lies."""

    at: tuple[int, int]
    event: str


class Lines(msgspec.Struct, frozen=True):
    """What ``templated_lines.yaml`` holds."""

    layout: str
    severities: tuple[str, ...]
    owners: tuple[str, ...]
    timeline: tuple[Moment, ...]
    first_action: str
    pools: dict[str, Pool]
    categories: dict[str, dict[str, Pool]]


@dataclass(frozen=True, slots=True)
class Incident:
    """What happened: one failure type in one service on one day, and which other services felt it."""

    serial: int
    failure: Failure
    service: str
    dependents: tuple[str, ...]
    day: date

    @property
    def stem(self) -> str:
        """The file name without its ending, unique by its serial number."""
        slug = self.failure.name.lower().replace(" ", "-")
        return f"{self.day}-{slug}-in-{self.service}-{self.serial:06d}"


@cache
def wordings() -> Wordings:
    """The services, failure types and query texts."""
    return _load("templated.yaml", Wordings)


@cache
def lines() -> Lines:
    """The layout and the boilerplate."""
    return _load("templated_lines.yaml", Lines)


def _load(name: str, shape: type[_T]) -> _T:
    return msgspec.yaml.decode(Path(__file__).with_name(name).read_bytes(), type=shape)


def held_out(seed: int) -> dict[str, tuple[str, ...]]:
    """Failure type -> the services in which it never happens, neither first hand nor as a dependent.

    Dealt round the table, so that every service is held out from equally many types and has all the others on record.
    """
    services = list(wordings().services)
    Random(f"{seed}/held out").shuffle(services)
    return {
        failure.name: tuple(services[(HELD_OUT * i + j) % len(services)] for j in range(HELD_OUT))
        for i, failure in enumerate(wordings().failures)
    }


def incidents(count: int, seed: int) -> Iterator[Incident]:
    """The first ``count`` incidents of this seed; a longer run begins with the shorter one.

    The first forty have each failure type once. From then on some types are commoner than others, and some services have the
    same failure again and again, as in life.
    """
    random = Random(f"{seed}/incidents")
    kinds = list(wordings().failures)
    random.shuffle(kinds)
    shares = list(accumulate(0.5 + random.random() for _ in kinds))
    excluded = held_out(seed)
    allowed = {kind.name: [s for s in wordings().services if s not in excluded[kind.name]] for kind in kinds}
    habits = {name: list(accumulate(0.1 + random.random() ** 3 for _ in services)) for name, services in allowed.items()}
    for serial in range(1, count + 1):
        kind = kinds[serial - 1] if serial <= len(kinds) else random.choices(kinds, cum_weights=shares)[0]
        service = random.choices(allowed[kind.name], cum_weights=habits[kind.name])[0]
        others = random.sample([s for s in allowed[kind.name] if s != service], random.randint(1, 3))
        yield Incident(serial, kind, service, tuple(others), _FIRST_DAY + timedelta(days=random.randrange(_DAYS)))


def render(incident: Incident, seed: int) -> str:
    """The document of an incident, the same for the same incident and seed whatever else is made."""
    random = Random(f"{seed}/{incident.serial}")
    facts = _facts(incident, random)
    text = _fill(lines().layout, facts.__getitem__)
    return _fill(text, lambda slot: _number_or_fact(slot, facts, random))


def _fill(text: str, value: Callable[[str], str]) -> str:
    return _SLOT.sub(lambda match: value(match.group(1)), text)


def _number_or_fact(slot: str, facts: Mapping[str, str], random: Random) -> str:
    limits = _RANGE.fullmatch(slot)
    return str(random.randint(int(limits[1]), int(limits[2]))) if limits else facts[slot]


def _facts(incident: Incident, random: Random) -> dict[str, str]:
    name, category, source = incident.failure.name, incident.failure.category, lines()
    severity = random.choice(source.severities)
    duration = random.randint(20, 300)
    services = (incident.service, *incident.dependents)
    pools = {pool: _take(pool, category, random) for pool in source.pools}
    numbered = ("factors", "resolution")
    lists = {pool: _list(taken, numbered=pool in numbered) for pool, taken in pools.items() if pool != "actions"}
    return lists | {
        "date": incident.day.isoformat(),
        "next_day": (incident.day + timedelta(days=1)).isoformat(),
        "failure": name,
        "Failure": " ".join(word[0].upper() + word[1:] for word in name.split()),
        "service": incident.service,
        "services": ", ".join(services),
        "affected": _list(services, numbered=False),
        "count": str(len(incident.dependents)),
        "severity": severity,
        "tag": severity.lower(),
        "category": category,
        "Category": category.capitalize(),
        "author": random.choice(source.owners),
        "duration": str(duration),
        "users": str(random.randint(100, 9_000)),
        "timeline": _timeline(duration, random),
        "actions": _actions(incident, pools["actions"], random),
    }


def _take(pool: str, category: str, random: Random) -> list[str]:
    """Lines of the common pool and of the category's own, mixed."""
    sources = [lines().pools[pool], lines().categories[category].get(pool, Pool(0, ()))]
    taken = [line for source in sources for line in random.sample(source.lines, source.take)]
    random.shuffle(taken)
    return taken


def _list(items: list[str] | tuple[str, ...], *, numbered: bool) -> str:
    return "\n".join(f"{f'{i}.' if numbered else '-'} {item}" for i, item in enumerate(items, 1))


def _timeline(duration: int, random: Random) -> str:
    """Rows of clock times in order, from the alert to ``duration`` minutes later; a night's incident runs past midnight."""
    start = random.randrange(24 * 60)
    minutes = accumulate((duration * random.randint(*moment.at) // 100 for moment in lines().timeline), max)
    clock = [(start + minute) % (24 * 60) for minute in minutes]
    rows = zip(clock, lines().timeline, strict=True)
    return "\n".join(f"| {minute // 60:02d}:{minute % 60:02d} | {moment.event} |" for minute, moment in rows)


def _actions(incident: Incident, others: list[str], random: Random) -> str:
    rows = []
    for number, (action, days) in enumerate(zip([lines().first_action, *others], _DUE_DAYS, strict=True), 1):
        due = incident.day + timedelta(days=days)
        rows.append(f"| P{min(number, 3)} | {action} | {random.choice(lines().owners)} | {due} |")
    return "\n".join(rows)
