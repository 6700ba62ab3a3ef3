"""A shape of ``rcasearch.shapes`` as a JSON Schema that stands alone, with the words that stand beside each key."""

from __future__ import annotations

from typing import Annotated, Any, get_args, get_origin, get_type_hints, is_typeddict

import msgspec

Schema = dict[str, Any]
_WITHIN = "#/$defs/{name}"


def schema_of(shape: Any) -> Schema:
    """The schema of an object: the shape's own at the root, those of the shapes within it under ``$defs``."""
    _, parts = msgspec.json.schema_components([shape], ref_template=_WITHIN)
    for name, hinted in _within(shape).items():
        for key, hint in get_type_hints(hinted, include_extras=True).items():
            if get_origin(hint) is Annotated:
                parts[name]["properties"][key] = {**parts[name]["properties"][key], "description": get_args(hint)[1]}
    root = parts.pop(shape.__name__)
    return {**root, "$defs": parts} if parts else root


def _within(hint: Any) -> dict[str, Any]:
    """The shapes within a type, by name."""
    found = {hint.__name__: hint} if is_typeddict(hint) else {}
    inner = get_type_hints(hint).values() if is_typeddict(hint) else get_args(hint)
    for one in inner:
        found |= _within(one)
    return found
