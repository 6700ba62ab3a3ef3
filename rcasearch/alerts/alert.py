"""One alert, as the readers of this package give it: whoever sent it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rcasearch.model import NO_ENTITIES, Entities

Json = Mapping[str, Any]
# What the field of a status says when a failure is over, in the words of any sender.
_OVER = frozenset("resolved resolve ok okay recovered recovery closed close up normal cleared inactive".split())


@dataclass(frozen=True, slots=True)
class Alert:
    """What one alert tells: a title, which may be an identifier, and texts beside it, as they were sent.

    ``identity`` is the sender's own key for this failure, where it has one.
    """

    title: str
    details: tuple[str, ...] = ()
    entities: Entities = NO_ENTITIES
    resolved: bool = False
    identity: str = ""


def is_over(status: object) -> bool:
    """Whether the value of a status field says that a failure is over."""
    return isinstance(status, str) and status.strip().lower() in _OVER


def text_of(value: object) -> str:
    """A value as text where it is a text or a number, else nothing."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return str(value).strip()


def mapping(value: object) -> Json:
    """The value where it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def mappings(value: object) -> list[Json]:
    """The objects in the value where it is a list, else none."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def texts(value: object) -> list[str]:
    """The texts of a list, or the one text."""
    items = value if isinstance(value, list) else [value]
    return [text for item in items if (text := text_of(item))]


def has(document: Json, *names: str) -> int:
    """How many of the names the document has."""
    return sum(name in document for name in names)
