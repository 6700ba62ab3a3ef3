"""Alerts -> symptoms: those that say the same but for names and numbers are one."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from rcasearch.alerts.alert import Alert
from rcasearch.alerts.labels import joined, names_in
from rcasearch.alerts.prose import said, title, together
from rcasearch.model import Entities, Source, Symptom
from rcasearch.signatures import printed, signatures_in
from rcasearch.wording import one_line

_WORD = re.compile(r"[^\W\d_]{2,}")
_MOST_NAMES = 6
_MOST_SYMPTOMS = 100
_KEY_LENGTH = 32
_Mask = frozenset[str]


def symptoms(alerts: Iterable[Alert], source: Source) -> tuple[Symptom, ...]:
    """The distinct failures that alerts tell of, in their order, those that fire first; none for alerts that say nothing."""
    groups: dict[_Mask, list[tuple[Alert, str]]] = {}
    for alert in alerts:
        if text := _text(alert):
            groups.setdefault(_mask(text, alert.entities), []).append((alert, text))
    found = [_symptom(group, mask, source) for mask, group in groups.items()]
    return tuple(sorted(found, key=lambda symptom: symptom.status != "firing")[:_MOST_SYMPTOMS])


def key(*parts: str) -> str:
    """A digest (hex) of texts, for telling symptoms apart."""
    return hashlib.sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()[:_KEY_LENGTH]


def _text(alert: Alert) -> str:
    return together([title(alert.title), *map(said, alert.details)]) or together(names_in(alert.entities))


def _symptom(group: Sequence[tuple[Alert, str]], mask: _Mask, source: Source) -> Symptom:
    """One symptom of alerts that say the same: it fires as long as one of them does, and is told as the first of these does."""
    firing = [(alert, text) for alert, text in group if not alert.resolved]
    first, text = (firing or group)[0]
    named = joined(alert.entities for alert, _ in group)
    identity = first.identity or " ".join(sorted(mask))
    text = _with_names(text, names_in(named))
    signatures = tuple(signature.text for signature in signatures_in(text))
    return Symptom(
        text, key(source, identity), "firing" if firing else "resolved", len(group), replace(named, signatures=signatures)
    )


def _with_names(text: str, names: Sequence[str]) -> str:
    """The text with the names that do not stand in it: services count in a search."""
    missing = [one_line(name) for name in names[:_MOST_NAMES] if not printed(name, text)]
    return f"{text} {', '.join(missing)}." if missing else text


def _mask(text: str, named: Entities) -> _Mask:
    """The words of a text without those of the names in it."""
    names = " ".join((*named.services, *named.workloads, *named.namespaces, *named.hosts, *named.regions))
    return frozenset(_WORD.findall(text.casefold())) - frozenset(_WORD.findall(names.casefold()))
