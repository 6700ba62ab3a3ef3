"""Folders of documents -> an index of them as they are now. Where nothing changed, nothing is done, nor anything heavy loaded."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path

from rcasearch import inputs
from rcasearch.errors import RcaSearchError
from rcasearch.indexing.part import Part
from rcasearch.indexing.report import BuildReport
from rcasearch.model import Document
from rcasearch.models import fingerprint, locate
from rcasearch.progress import Progress
from rcasearch.settings import Settings
from rcasearch.sources import look
from rcasearch.stores import generations
from rcasearch.stores.catalogue import read_problems
from rcasearch.stores.shards import Share
from rcasearch.stores.tenants import folder_of
from rcasearch.stores.verifying import verified

__all__ = ["BuildReport", "build", "build_documents"]


def build(
    sources: Sequence[Path],
    settings: Settings,
    progress: Progress | None = None,
    *,
    fresh: bool = False,
    share: Share | None = None,
    basis: bytes | None = None,
) -> BuildReport:
    """Bring the index that the settings name up to date with all documents under ``sources``; readers see it when all is written.

    Documents that cannot be read are in the report's problems, and the others are indexed. ``fresh`` makes all anew but the
    vectors of passages. Raises SourceError for a source that is not there, ModelError, IndexLockedError, or RcaSearchError
    where the folder cannot be written.

    Of a ``share``, an index in a folder of its own (`Share.folder`) holds only the incidents: what they would be in the index of
    all documents, which are all read. Passages of others are encoded only as far as the token basis is fitted on them. Such an
    index is not calibrated. A token ``basis`` from elsewhere, as `compression.Basis.tobytes` gives it, wins over one fitted here.
    """
    started, part = time.perf_counter(), Part(share, basis)
    if share:
        settings = replace(settings, index=str(share.folder(folder_of(settings))), tenant="")
    seen = list(look(sources, settings.max_document_bytes))
    model = fingerprint(locate(settings.model))
    wanted = inputs.digest_of(part.named(sources), settings, model, seen, basis)
    if not fresh and (report := _up_to_date(settings, wanted)):
        return replace(report, seconds=time.perf_counter() - started)
    from rcasearch.encoders import load_ahead

    load_ahead(settings.model, at_once=None)
    from rcasearch.indexing.making import make

    report = make(sources, seen, settings, progress, part=part, fresh=fresh)
    if not share:
        _overlook(folder_of(settings), report, progress)
    return replace(report, seconds=time.perf_counter() - started)


def build_documents(documents: Sequence[Document], settings: Settings, progress: Progress | None = None) -> BuildReport:
    """Index documents that are read already, links resolved, in their order. Raises as `build` does, but no SourceError."""
    from rcasearch.indexing.making import make_of

    return make_of(documents, settings, progress)


def _overlook(index: Path, report: BuildReport, progress: Progress | None) -> None:
    """Work out what the index comes to as a whole, now that it is published and can be searched, where that is worth it."""
    from rcasearch.overviews import overview, worthwhile
    from rcasearch.stores.local import LocalStore

    if not worthwhile(report.info.incidents, report.changed):
        return
    if progress:
        progress(0, 0, "grouping")
    # Another process may have replaced or removed the index since; whoever asks for what is missing works it out.
    with suppress(RcaSearchError), closing(LocalStore(generations.current(index))) as store:
        overview(store)


def _up_to_date(settings: Settings, wanted: str) -> BuildReport | None:
    """What there is to tell of the index in force, where it was made of the very same."""
    try:
        folder = generations.current(folder_of(settings))
        manifest = verified(folder)
        if manifest.inputs != wanted:
            return None
        generations.tidy(folder_of(settings))
        return BuildReport(manifest.info, read_problems(folder), 0.0, 0, manifest.info.passages, unchanged=True)
    except RcaSearchError:
        return None
