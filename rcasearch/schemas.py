"""The shapes of ``rcasearch.shapes`` as JSON Schemas, with the words that stand beside each key."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, get_args, get_origin, get_type_hints, is_typeddict

import msgspec

Schema = dict[str, Any]


def schema_of(shape: Any) -> Schema:
    """A schema that stands alone: the shape's own at the root, those of the shapes within it under ``$defs``."""
    parts = components([shape], "#/$defs/{name}")
    root = parts.pop(shape.__name__)
    return {**root, "$defs": parts} if parts else root


def components(shapes: Iterable[Any], reference: str) -> dict[str, Schema]:
    """A schema for each of the shapes and for each within them, by name; ``reference`` is how they refer to one another."""
    wanted = list(dict.fromkeys(shapes))
    _, found = msgspec.json.schema_components(wanted, ref_template=reference)
    known: dict[str, Any] = {}
    for shape in wanted:
        _collect(shape, known)
    for name, schema in found.items():
        del schema["title"]
        hints = get_type_hints(known[name], include_extras=True)
        # In the order of the code, not of the alphabet.
        schema["properties"] = {key: {**schema["properties"][key], **_words(hint)} for key, hint in hints.items()}
    return found


def _collect(hint: Any, known: dict[str, Any]) -> None:
    """Every shape within a type, by its name."""
    if is_typeddict(hint) and hint.__name__ not in known:
        known[hint.__name__] = hint
        for inner in get_type_hints(hint).values():
            _collect(inner, known)
    for inner in get_args(hint):
        _collect(inner, known)


def _words(hint: Any) -> Schema:
    return {"description": get_args(hint)[1]} if get_origin(hint) is Annotated else {}
