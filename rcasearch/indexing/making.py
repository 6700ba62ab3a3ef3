"""Documents -> a new generation of an index: read, compare, write, encode what is new, publish."""

from __future__ import annotations

import hashlib
import shutil
import sqlite3
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rcasearch import calibration, inputs
from rcasearch.cache import CACHE, CacheDamagedError, EmbeddingCache, mend
from rcasearch.compression import Basis
from rcasearch.concepts import ConceptSpace
from rcasearch.encoders import Encoder, cores, load_encoder, portable
from rcasearch.errors import RcaSearchError
from rcasearch.exemplars import concept_space
from rcasearch.indexing import documents as kept
from rcasearch.indexing.calibrating import calibrated
from rcasearch.indexing.documents import DOCUMENTS, DocumentCache
from rcasearch.indexing.encoding import Passages, encode
from rcasearch.indexing.failing import told as told_failures
from rcasearch.indexing.finishing import catalogue, told
from rcasearch.indexing.marking import Corpus, corpus
from rcasearch.indexing.reading import Library
from rcasearch.indexing.report import BuildReport
from rcasearch.indexing.work import DamagedError, Reading
from rcasearch.indexing.workers import Workers
from rcasearch.lexicon import load_lexicon
from rcasearch.model import Clearance, Document, IndexInfo, Problem, VectorSearch
from rcasearch.progress import Progress
from rcasearch.readers.collector import paused
from rcasearch.settings import Settings
from rcasearch.sources import Seen
from rcasearch.stores import generations, writer
from rcasearch.stores.catalogue import CATALOGUE
from rcasearch.stores.cataloguing import Cataloguing, worth_copying
from rcasearch.stores.earlier import TOKEN_FILES, EarlierTokens
from rcasearch.stores.generations import Earlier
from rcasearch.stores.manifests import FORMAT, FileEntry, Manifest
from rcasearch.stores.tenants import folder_of
from rcasearch.stores.writer import Content, Embeddings

# Each of the files that are kept may turn out to be damaged only after the other was mended.
_TRIES = 4


def make(
    sources: Sequence[Path],
    seen: Sequence[Seen | Problem],
    settings: Settings,
    progress: Progress | None = None,
    *,
    fresh: bool = False,
) -> BuildReport:
    """A new generation made of the files that were ``seen`` under the sources. Raises as `rcasearch.index.build` does."""
    encoder = load_encoder(settings.model)

    def read(library: Library) -> _Input:
        found, keys = library.read_files(seen)
        digest = inputs.digest_of(sources, settings, encoder.fingerprint, found)
        return _Input(keys, [one for one in found if isinstance(one, Problem)], digest, tuple(map(str, sources)))

    return _made(settings, encoder, progress or _silent, read, fresh=fresh)


def make_of(documents: Sequence[Document], settings: Settings, progress: Progress | None = None) -> BuildReport:
    """A new generation made of documents that are read already. Raises as `rcasearch.index.build_documents` does."""

    def read(library: Library) -> _Input:
        return _Input(library.read_documents(documents), linked=True)

    return _made(settings, load_encoder(settings.model), progress or _silent, read)


@dataclass(frozen=True, slots=True)
class _Input:
    """What documents are kept under, problems beside theirs, the digest of all inputs; whether links are resolved already."""

    keys: Sequence[bytes]
    problems: Sequence[Problem] = ()
    digest: str = ""
    sources: tuple[str, ...] = ()
    linked: bool = False


@dataclass(frozen=True, slots=True)
class _Tools:
    """What all steps work with. ``version`` names the code and the settings that documents are read with."""

    index: Path
    encoder: Encoder
    space: ConceptSpace
    version: str
    documents: DocumentCache
    embeddings: EmbeddingCache
    workers: Workers
    earlier: Earlier | None
    tell: Progress


def _silent(_done: int, _total: int, _stage: str) -> None:
    """No progress shown."""


def _made(
    settings: Settings, encoder: Encoder, tell: Progress, read: Callable[[Library], _Input], *, fresh: bool = False
) -> BuildReport:
    index, lexicon = folder_of(settings), load_lexicon(settings.lexicon)
    reading = Reading(encoder.count_tokens, encoder.max_tokens, settings.max_document_bytes, settings.secrets == "mask")
    version = hashlib.sha256(
        repr((inputs.code(), encoder.fingerprint, reading.max_tokens, reading.max_bytes, reading.mask)).encode()
    ).hexdigest()

    def run() -> BuildReport:
        with (
            DocumentCache(index / DOCUMENTS, version) as documents,
            EmbeddingCache(index / CACHE, encoder.fingerprint + encoder.arithmetic) as embeddings,
            Workers(cores() if portable(encoder) else 1) as workers,
        ):
            before = None if fresh else generations.earlier(index)
            space = concept_space(lexicon, encoder)
            tools = _Tools(index, encoder, space, version, documents, embeddings, workers, before, tell)
            return _generation(tools, lambda: read(Library(reading, documents, workers, tell)))

    with told_failures(index), generations.writing(index), paused():
        if fresh:
            kept.remove(index / DOCUMENTS)
        return _mended(index, run)


def _mended(index: Path, run: Callable[[], BuildReport]) -> BuildReport:
    """What ``run`` gives once what is kept beside the generations can be read: what cannot costs only time."""
    for _ in range(_TRIES):
        try:
            return run()
        except DamagedError as error:
            told = error.args[0]
            kept.remove(index / DOCUMENTS)
        except CacheDamagedError as error:
            told = error.args[0]
            mend(index / CACHE)
    raise RcaSearchError(
        f"What is kept in {index} is damaged again and again, though it was made anew: {told}.",
        "The disk or the memory of this machine changes what is written. Choose another disk by --index.",
    )


def _generation(tools: _Tools, read: Callable[[], _Input]) -> BuildReport:
    with generations.draft(tools.index) as folder, ThreadPoolExecutor(1) as beside:
        copied = beside.submit(_copy_catalogue, tools.earlier, folder)
        given = read()
        found = corpus(given.keys, tools.documents, tools.workers, tools.tell, linked=given.linked)
        problems = tuple(sorted([*given.problems, *found.problems], key=lambda problem: (problem.path, problem.line or 0)))
        copied.result()
        parts, hashes, basis, encoded, changed = _catalogue(folder, found, problems, tools)
        summed = beside.submit(generations.checksum, folder / CATALOGUE)
        tools.tell(0, 0, "writing")
        searches = writer.write(folder, parts, _embeddings(basis, tools))
        files = generations.checksums(folder, {CATALOGUE: summed.result()})
        info = _info(parts, searches, sum(entry.bytes for entry in files.values()), len(problems), given.sources, tools)
        _publish(folder, info, files, changed, given.digest, found.everybody, tools)
    _tidy(tools, hashes)
    return BuildReport(info, problems, 0.0, encoded, info.passages - encoded, changed)


def _tidy(tools: _Tools, hashes: Sequence[str]) -> None:
    """Forget what the new generation, which is in force already, has no use for; what cannot be forgotten now, the next time."""
    with suppress(sqlite3.OperationalError):
        tools.embeddings.keep_only(hashes)
    with suppress(OSError, RcaSearchError):
        generations.remove_old(tools.index)


def _copy_catalogue(earlier: Earlier | None, folder: Path) -> None:
    """Begin a draft with the catalogue of the generation in force, where that is as it was written."""
    if earlier and generations.as_written(earlier, [CATALOGUE]) and worth_copying(earlier.folder / CATALOGUE):
        shutil.copyfile(earlier.folder / CATALOGUE, folder / CATALOGUE)


def _catalogue(
    folder: Path, found: Corpus, problems: Sequence[Problem], tools: _Tools
) -> tuple[Content, list[str], Basis, int, int]:
    """Write the catalogue, and encode the passages in it that are new.

    Gives the chunks, the hashes of their passages, the token basis, how many were encoded, how many documents changed.
    """
    with Cataloguing(folder / CATALOGUE) as target:
        catalogued = catalogue(found, problems, tools.documents, target, tools.workers, tools.tell)
        parts = told(found, catalogued, tools.documents)
        hashes = [key.hex() for key in parts.content.keys]

        def texts(numbers: Sequence[int]) -> list[str]:
            return [chunk.matched for chunk in target.chunks([parts.places[number] for number in numbers])]

        basis, encoded = encode(Passages(hashes, texts, parts.fitted.tolist()), tools.encoder, tools.embeddings, tools.tell)
    return parts.content, hashes, basis, encoded, catalogued.changed


def _embeddings(basis: Basis, tools: _Tools) -> Embeddings:
    cache, dimension = tools.embeddings, tools.encoder.dimension
    return Embeddings(
        lambda keys: cache.get([key.hex() for key in keys], basis.width),
        lambda keys: cache.vectors([key.hex() for key in keys], dimension),
        basis,
        tools.space,
        _earlier_tokens(tools, basis),
    )


def _earlier_tokens(tools: _Tools, basis: Basis) -> EarlierTokens | None:
    """The tokens of the generation in force, where they are as they were written, encoded alike and in the same basis."""
    earlier = tools.earlier
    if earlier is None or earlier.manifest.arithmetic != tools.encoder.arithmetic:
        return None
    if not generations.as_written(earlier, TOKEN_FILES):
        return None
    tokens = EarlierTokens(earlier.folder)
    alike = np.array_equal(tokens.directions, basis.directions) and np.array_equal(tokens.scales, basis.scales)
    return tokens if alike else None


def _publish(
    folder: Path, info: IndexInfo, files: dict[str, FileEntry], changed: int, digest: str, everybody: Clearance, tools: _Tools
) -> None:
    encoder = tools.encoder
    default = dict(calibration.DEFAULT)
    manifest = Manifest(FORMAT, encoder.fingerprint, info, default, files, digest, arithmetic=encoder.arithmetic)
    manifest = calibrated(
        folder,
        manifest,
        everybody=everybody,
        changed=changed,
        made_with=_made_with(tools),
        earlier=tools.earlier,
        encoder=encoder,
        tell=tools.tell,
    )
    generations.publish(tools.index, folder, manifest)


def _made_with(tools: _Tools) -> str:
    """What relevances depend on beside the documents."""
    space = tools.space
    told = f"{tools.version}{tools.encoder.arithmetic}{space.labels}{space.signatures}"
    return hashlib.sha256(told.encode() + space.vectors.tobytes()).hexdigest()


def _info(
    content: Content,
    searches: tuple[VectorSearch, VectorSearch],
    size: int,
    problems: int,
    sources: tuple[str, ...],
    tools: _Tools,
) -> IndexInfo:
    return IndexInfo(
        id=generations.new_id(tools.index),
        path=str(tools.index),
        created=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        model=tools.encoder.name,
        dimension=tools.encoder.dimension,
        max_tokens=tools.encoder.max_tokens,
        incidents=len(content.starts) - 1,
        chunks=len(content.passages),
        passages=len(content.keys),
        problems=problems,
        bytes=size,
        sources=sources,
        passage_search=searches[0],
        incident_search=searches[1],
    )
