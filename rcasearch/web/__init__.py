"""The HTTP API and the pages: thin adapters over a Searcher."""

from rcasearch.web.app import create_app
from rcasearch.web.server import serve

__all__ = ["create_app", "serve"]
