"""Documents -> a new generation of an index: read, compare, write, encode what is new, publish."""

from __future__ import annotations

import hashlib
import shutil
import sqlite3
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
from rcasearch.indexing import describing
from rcasearch.indexing import documents as kept
from rcasearch.indexing.calibrating import calibrated
from rcasearch.indexing.documents import DOCUMENTS, DocumentCache
from rcasearch.indexing.encoding import Basing, Encoded, Passages, encode
from rcasearch.indexing.failing import told as told_failures
from rcasearch.indexing.finishing import Finishing, told
from rcasearch.indexing.marking import Corpus, corpus
from rcasearch.indexing.part import ALL, Part
from rcasearch.indexing.reading import Library
from rcasearch.indexing.report import BuildReport
from rcasearch.indexing.work import DamagedError, Reading
from rcasearch.indexing.workers import Workers
from rcasearch.lexicon import load_lexicon
from rcasearch.model import Document, IndexInfo, Problem
from rcasearch.progress import Progress
from rcasearch.readers.collector import paused
from rcasearch.settings import Settings
from rcasearch.sources import Seen
from rcasearch.stores import generations, writer
from rcasearch.stores.catalogue import CATALOGUE
from rcasearch.stores.cataloguing import Cataloguing, worth_copying
from rcasearch.stores.earlier import TOKEN_FILES, EarlierTokens
from rcasearch.stores.generations import Earlier
from rcasearch.stores.manifests import FORMAT, FileEntry, Made, Manifest
from rcasearch.stores.shards import Share
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
    part: Part = ALL,
    fresh: bool = False,
) -> BuildReport:
    """A new generation made of the files that were ``seen`` under the sources. Raises as `rcasearch.index.build` does."""
    encoder = load_encoder(settings.model)

    def read(library: Library) -> _Input:
        found, keys = library.read_files(seen)
        digest = inputs.digest_of(part.named(sources), settings, encoder.fingerprint, found, part.basis)
        return _Input(keys, [one for one in found if isinstance(one, Problem)], digest, tuple(map(str, sources)))

    return _made(settings, encoder, progress or _silent, read, part, fresh=fresh)


def make_of(documents: Sequence[Document], settings: Settings, progress: Progress | None = None) -> BuildReport:
    """A new generation made of documents that are read already. Raises as `rcasearch.index.build_documents` does."""

    def read(library: Library) -> _Input:
        return _Input(library.read_documents(documents), linked=True)

    return _made(settings, load_encoder(settings.model), progress or _silent, read, ALL)


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
    part: Part


def _silent(_done: int, _total: int, _stage: str) -> None:
    """No progress shown."""


def _made(
    settings: Settings, encoder: Encoder, tell: Progress, read: Callable[[Library], _Input], part: Part, *, fresh: bool = False
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
            tools = _Tools(index, encoder, space, version, documents, embeddings, workers, before, tell, part)
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
        problems = _problems([*given.problems, *found.problems], found, tools.part.share)
        copied.result()
        content, encoded, changed = _catalogue(folder, found, problems, tools)
        summed = beside.submit(generations.checksum, folder / CATALOGUE)
        tools.tell(0, 0, "writing")
        searches = writer.write(folder, content, _embeddings(encoded.basis, tools))
        files = generations.checksums(folder, {CATALOGUE: summed.result()})
        size = sum(entry.bytes for entry in files.values())
        info = describing.info(
            tools.index, tools.encoder, content, searches, size=size, problems=len(problems), sources=given.sources
        )
        made = describing.made(tools.version, tools.space, encoded.basis, content, tools.part.share)
        _publish(folder, _manifest(info, files, given.digest, made, tools), changed, found, tools)
    _tidy(tools, [key.hex() for key in content.keys])
    return BuildReport(info, problems, 0.0, encoded.encoded, encoded.reused, changed)


def _problems(problems: Sequence[Problem], found: Corpus, share: Share | None) -> tuple[Problem, ...]:
    """The problems in order; where a share is made, each of one document stands in that document's share, and in no other."""
    ordered = sorted(problems, key=lambda problem: (problem.path, problem.line or 0))
    if share is None:
        return tuple(ordered)
    ids = {row.path: key for row, key in zip(found.rows, found.ids, strict=True)}
    return tuple(problem for problem in ordered if share.holds(ids.get(problem.path, problem.path)))


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


def _catalogue(folder: Path, found: Corpus, problems: Sequence[Problem], tools: _Tools) -> tuple[Content, Encoded, int]:
    """Write the catalogue, and encode the passages in it that are new; what is in it, and how many documents changed."""
    with Cataloguing(folder / CATALOGUE) as target:
        finishing = Finishing(tools.documents, target, tools.workers, tools.tell)
        catalogued = finishing.catalogue(found, problems, tools.part.share)
        parts = told(found, catalogued, tools.documents)

        def passages(keys: Sequence[bytes], places: Sequence[tuple[int, int]]) -> Passages:
            return Passages(
                [key.hex() for key in keys],
                lambda numbers: finishing.texts(found, catalogued, [places[number] for number in numbers]),
            )

        sample = passages([key for key, _ in parts.sampled], [place for _, place in parts.sampled])
        basing = Basing(sample, parts.drawn_from, same=tools.part.share is not None, given=tools.part.basis)
        own = passages(parts.content.keys, parts.places)
        return parts.content, encode(own, basing, tools.encoder, tools.embeddings, tools.tell), catalogued.changed


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


def _manifest(info: IndexInfo, files: dict[str, FileEntry], digest: str, made: Made, tools: _Tools) -> Manifest:
    encoder, default = tools.encoder, dict(calibration.DEFAULT)
    return Manifest(FORMAT, encoder.fingerprint, info, default, files, digest, arithmetic=encoder.arithmetic, made=made)


def _publish(folder: Path, manifest: Manifest, changed: int, found: Corpus, tools: _Tools) -> None:
    # What relevances come to is known only where all incidents are.
    if tools.part.share is None:
        manifest = calibrated(
            folder,
            manifest,
            everybody=found.everybody,
            changed=changed,
            made_with=describing.made_with(tools.version, tools.space, tools.encoder),
            earlier=tools.earlier,
            encoder=tools.encoder,
            tell=tools.tell,
        )
    generations.publish(tools.index, folder, manifest)
