"""Offline precedent search over post-incident RCA documents.

The names below are the public interface. They are imported when first used, so that ``import rcasearch`` costs nothing.

    >>> from rcasearch import Query, Searcher, Settings
    >>> searcher = Searcher.open(Settings.load())               # doctest: +SKIP
    >>> searcher.search(Query("checkout returns 503")).verdict  # doctest: +SKIP
    'strong'
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rcasearch.alerts import understand
    from rcasearch.errors import RcaSearchError
    from rcasearch.index import build
    from rcasearch.model import Filters, Hit, Incident, Problem, Query, Results
    from rcasearch.query import parse_query
    from rcasearch.readers import read
    from rcasearch.render import as_dict
    from rcasearch.search import Searcher
    from rcasearch.settings import Settings

__version__ = "0.1.0"

__all__ = [
    "Filters",
    "Hit",
    "Incident",
    "Problem",
    "Query",
    "RcaSearchError",
    "Results",
    "Searcher",
    "Settings",
    "as_dict",
    "build",
    "parse_query",
    "read",
    "understand",
]

_HOMES = {
    "RcaSearchError": "errors",
    "Settings": "settings",
    "Searcher": "search",
    "as_dict": "render",
    "build": "index",
    "parse_query": "query",
    "read": "readers",
    "understand": "alerts",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOMES.get(name, 'model')}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
