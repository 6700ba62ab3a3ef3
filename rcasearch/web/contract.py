"""What a route promises: said once beside its view, read by the API's document, and held to by the tests."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from rcasearch.settings import Settings
from rcasearch.tokens import READ

Schema = dict[str, Any]
View = TypeVar("View", bound=Callable[..., Any])
HTML = "text/html"
JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
PAGES = "pages"
# The scope of what everybody may see, whoever asks.
PUBLIC = "public"


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a route. ``schema`` is JSON Schema, ``told`` what it means."""

    name: str
    schema: Schema
    told: str
    required: bool = False
    place: str = "query"


def nothing(_: Settings) -> Sequence[Parameter]:
    """The parameters of a route that has none."""
    return ()


@dataclass(frozen=True, slots=True)
class Operation:
    """What a route takes and answers; its words are the view's docstring.

    ``answer`` is the shape of a JSON answer, where it is one of ours. ``body`` makes the schema of the body, under the settings
    in force. ``errors`` are the statuses that it can give besides those of every route. Routes with the tag ``PAGES`` are for
    people: their errors are pages, and the document that is served leaves them out. ``scope`` is what the caller's token must
    allow. With ``proof``, who sends no token may prove in another way who they are, and the view itself checks that.
    """

    tag: str
    answer: Any = None
    parameters: Callable[[Settings], Sequence[Parameter]] = nothing
    body: Callable[[Settings], Schema] | None = None
    body_type: str = JSON
    media: str = JSON
    status: int = 200
    redirects: tuple[int, ...] = ()
    errors: tuple[int, ...] = ()
    cached: bool = False
    scope: str = READ
    proof: bool = False


def promises(operation: Operation) -> Callable[[View], View]:
    """Say what a view promises. Every route that programs use must; `rcasearch.web.openapi` tells the world."""

    def mark(view: View) -> View:
        view.operation = operation  # type: ignore[attr-defined]
        return view

    return mark


def operation_of(view: Callable[..., Any]) -> Operation | None:
    """What a view promises, if it does."""
    return getattr(view, "operation", None)
