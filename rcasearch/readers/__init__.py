"""Files on disk -> incidents: ``read`` goes through folders, ``resolve_links`` ties what was read together."""

from rcasearch.readers.corpus import read
from rcasearch.readers.links import resolve_links

__all__ = ["read", "resolve_links"]
