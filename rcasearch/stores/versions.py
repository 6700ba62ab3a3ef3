"""What each incident of a generation is, as a version: where that is the same elsewhere, nothing of the incident need be sent."""

from __future__ import annotations

import hashlib
from contextlib import closing
from pathlib import Path

from rcasearch.errors import IndexMismatchError
from rcasearch.stores.catalogue import CATALOGUE, Catalogue
from rcasearch.stores.manifests import Manifest, again


def versions(folder: Path, manifest: Manifest) -> list[bytes]:
    """By row, 16 bytes that tell all that is stored of an incident in the generation in ``folder``, and of no other.

    They cover the document, its id, where its links lead, what of it is boilerplate, and what it was read, encoded and
    profiled with. What is counted over a corpus has no part in them: frequencies, the mean length, values of BM25. Raises
    IndexMismatchError where an earlier version made the index, which does not tell.
    """
    made = manifest.made
    if made is None:
        raise IndexMismatchError(
            f"The index {folder.parent} does not tell what its incidents were made with: an earlier version made it.",
            again(folder.parent, manifest.info.sources),
        )
    with_what = repr((manifest.fingerprint, manifest.arithmetic, made.reading, made.concepts, made.basis)).encode()
    with closing(Catalogue(folder / CATALOGUE)) as catalogue:
        return [hashlib.blake2b(with_what + stamp, digest_size=16).digest() for stamp in catalogue.stamps()]
