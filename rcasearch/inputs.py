"""Everything that an index is made of -> one digest. Where that is the same, so would be the index."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path

from rcasearch.lexicon import own_file
from rcasearch.model import Problem
from rcasearch.settings import Settings
from rcasearch.sources import Seen
from rcasearch.stores.manifests import FORMAT

_PACKAGE = Path(__file__).parent
# What shows an index has no part in making it.
_SHOWS = frozenset({"web", "__pycache__"})


def digest_of(
    sources: Sequence[Path], settings: Settings, model: str, seen: Iterable[Seen | Problem], basis: bytes | None = None
) -> str:
    """The digest (hex) of documents as they were ``seen``, the settings, the fingerprint of the ``model``, and this code.

    Where one is given, the token ``basis`` has a part in it.
    A lexicon that cannot be read counts as none: reading it again tells what is wrong with it.
    """
    digest = hashlib.sha256(code().encode())
    given = [str(FORMAT), settings.model, model, str(settings.max_document_bytes), settings.secrets, *map(str, sources)]
    for part in (*given, *map(_told, seen)):
        digest.update(part.encode("utf-8", "surrogateescape") + b"\0")
    digest.update(_lexicon(settings.lexicon))
    if basis is not None:
        digest.update(b"\0" + hashlib.sha256(basis).digest())
    return digest.hexdigest()


@lru_cache(maxsize=1)
def code() -> str:
    """The digest (hex) of all code and data of this package that an index may depend on."""
    digest = hashlib.sha256()
    for path in sorted(_PACKAGE.rglob("*")):
        if path.is_file() and _SHOWS.isdisjoint(path.relative_to(_PACKAGE).parts):
            digest.update(path.relative_to(_PACKAGE).as_posix().encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _told(seen: Seen | Problem) -> str:
    return f"{seen.path}\0{seen.digest.hex()}" if isinstance(seen, Seen) else f"{seen.path}\0{seen.message}"


def _lexicon(own: str) -> bytes:
    try:
        return own_file(own).read_bytes() if own else b""
    except (OSError, ValueError):
        return b""
