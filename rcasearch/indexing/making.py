"""Documents -> a new generation of an index: read, chunk, encode what is new, write, publish."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from rcasearch import calibration, chunking, compression, inputs, template
from rcasearch.cache import CACHE, Embedded, EmbeddingCache
from rcasearch.compression import Basis
from rcasearch.encoders import Encoder, Encoding, load_encoder
from rcasearch.exemplars import concept_space
from rcasearch.indexing.report import BuildReport
from rcasearch.lexicon import load_lexicon
from rcasearch.model import Document, IndexInfo, Problem
from rcasearch.progress import Progress
from rcasearch.readers import resolve_links
from rcasearch.readers.document import document_of
from rcasearch.sampling import best_of_others
from rcasearch.services import service_names
from rcasearch.settings import Settings
from rcasearch.sources import Seen, read_bytes, unreadable
from rcasearch.stores import generations, writer
from rcasearch.stores.generations import Manifest
from rcasearch.stores.local import LocalStore
from rcasearch.stores.writer import Content, Embeddings

# Encoded, then put on disk: what an interruption can cost at most.
_BATCH = 256
# The token basis is fitted on the first passages. While a corpus is small and grows this many times over, it is fitted anew.
_SAMPLE = 512
_GROWTH = 4
# The last place in a passage that two bytes can name. A passage is longer only where a single "word" is.
_FARTHEST = 65_535
Spans = NDArray[np.uint16]


def make(
    sources: Sequence[Path],
    seen: Sequence[Seen | Problem],
    settings: Settings,
    progress: Progress | None = None,
) -> BuildReport:
    """A new generation made of the files that were ``seen`` under the sources. Raises as `rcasearch.index.build` does."""
    encoder = load_encoder(settings.model)
    read, documents, problems = _read(seen, settings, progress or _silent)
    wanted = inputs.digest_of(sources, settings, encoder.fingerprint, read)
    return _made(documents, problems, _Making(settings, encoder, progress or _silent, sources, wanted))


def make_of(documents: Sequence[Document], settings: Settings, progress: Progress | None = None) -> BuildReport:
    """A new generation made of documents that are read already. Raises as `rcasearch.index.build_documents` does."""
    return _made(documents, (), _Making(settings, load_encoder(settings.model), progress or _silent))


@dataclass(frozen=True, slots=True)
class _Making:
    """What all steps need to know."""

    settings: Settings
    encoder: Encoder
    tell: Progress
    sources: Sequence[Path] = ()
    inputs: str = ""


def _made(documents: Sequence[Document], problems: Sequence[Problem], making: _Making) -> BuildReport:
    index, encoder = Path(making.settings.index), making.encoder
    lexicon = load_lexicon(making.settings.lexicon)
    content = _content(documents, problems, encoder)
    with generations.writing(index), EmbeddingCache(index / CACHE, encoder.fingerprint) as cache:
        basis, encoded = _encode(content.passages(), encoder, cache, making.tell)
        space = concept_space(lexicon, encoder)
        embeddings = Embeddings(lambda keys: cache.get(keys, basis.width), basis, space, encoder.dimension)
        info = _write(index, content, embeddings, making)
        cache.keep_only(content.passages())
    return BuildReport(info, tuple(problems), 0.0, encoded, info.passages - encoded)


def _silent(_done: int, _total: int, _stage: str) -> None:
    """No progress shown."""


def _read(
    seen: Sequence[Seen | Problem], settings: Settings, tell: Progress
) -> tuple[list[Seen | Problem], list[Document], list[Problem]]:
    """The files as they were when they were read, the documents in them, and what is wrong."""
    read: list[Seen | Problem] = []
    documents: list[Document] = []
    problems: list[Problem] = []
    for one in seen:
        found, result = (one, one) if isinstance(one, Problem) else _document(one, settings.max_document_bytes)
        read.append(found)
        if isinstance(result, Problem):
            problems.append(result)
        elif result is not None:
            documents.append(result)
            problems += result.problems
        tell(len(documents), 0, "reading")
    incidents, unresolved = resolve_links([document.incident for document in documents])
    linked = [Document(incident, document.source) for incident, document in zip(incidents, documents, strict=True)]
    return read, linked, sorted([*problems, *unresolved], key=lambda problem: (problem.path, problem.line or 0))


def _document(seen: Seen, max_bytes: int) -> tuple[Seen | Problem, Document | Problem | None]:
    """The document, and the file as it is now: it may have changed since somebody looked."""
    try:
        data = read_bytes(seen.file, max_bytes)
    except OSError as error:
        return unreadable(seen.path, error), unreadable(seen.path, error)
    return seen._replace(digest=hashlib.sha256(data).digest()), document_of(data, seen.path, max_bytes)


def _content(documents: Sequence[Document], problems: Sequence[Problem], encoder: Encoder) -> Content:
    """The documents' chunks, with what of them counts in a match learned from all of them."""
    incidents = [document.incident for document in documents]
    names = service_names(incidents)
    learned = template.learn(incidents, names)
    chunks = [learned.marked(chunking.chunk(incident, encoder.count_tokens, encoder.max_tokens)) for incident in incidents]
    return Content(documents, chunks, problems, names)


def _encode(passages: dict[str, str], encoder: Encoder, cache: EmbeddingCache, tell: Progress) -> tuple[Basis, int]:
    """Encode what the cache lacks, a batch at a time, each on disk before the next begins."""
    basis, encoded = _stored_basis(len(passages), encoder.dimension, cache), 0
    if basis is None:
        basis, encoded = _start_over(passages, encoder, cache, tell)
    known = cache.known(passages)
    # Texts of like length share a batch, so that little is padded.
    missing = sorted((key for key in passages if key not in known), key=lambda key: len(passages[key]))
    total = encoded + len(missing)
    for batch in _batches(missing):
        texts = [passages[key] for key in batch]
        cache.put(_embedded(batch, encoder.encode_documents(texts), _spans(encoder, texts), basis))
        encoded += len(batch)
        tell(encoded, total, "encoding")
    return basis, total


def _stored_basis(passages: int, dimension: int, cache: EmbeddingCache) -> Basis | None:
    """The token basis that the cache's entries are in; None where there is none, or one that is not good enough."""
    stored = cache.basis()
    if stored is None or (stored[0] < _SAMPLE and passages >= _GROWTH * stored[0]):
        return None
    basis = Basis.frombytes(stored[1], dimension)
    return basis if basis.width == min(compression.DIMENSIONS, dimension) else None


def _start_over(passages: dict[str, str], encoder: Encoder, cache: EmbeddingCache, tell: Progress) -> tuple[Basis, int]:
    """Fit the token basis on a sample of the passages and put that sample into the emptied cache."""
    sample = list(passages)[:: max(1, len(passages) // _SAMPLE)][:_SAMPLE]
    encodings: list[Encoding] = []
    for batch in _batches(sample):
        encodings.append(encoder.encode_documents([passages[key] for key in batch]))
        tell(sum(len(done.vectors) for done in encodings), len(passages), "encoding")
    vectors = [tokens.vectors for encoding in encodings for tokens in encoding.tokens]
    basis = compression.fit(np.concatenate([np.zeros((0, encoder.dimension), np.float32), *vectors]))
    cache.start_over(len(sample), basis.tobytes())
    for batch, encoding in zip(_batches(sample), encodings, strict=True):
        cache.put(_embedded(batch, encoding, _spans(encoder, [passages[key] for key in batch]), basis))
    return basis, len(sample)


def _embedded(keys: Sequence[str], encoding: Encoding, spans: Sequence[Spans], basis: Basis) -> list[tuple[str, Embedded]]:
    found: list[tuple[str, Embedded]] = []
    for key, vector, tokens, own in zip(keys, encoding.vectors, encoding.tokens, spans, strict=True):
        known = own if len(own) == len(tokens.ids) else np.zeros((len(tokens.ids), 2), np.uint16)
        found.append((key, Embedded(vector, tokens.ids, known, basis.encode(tokens.vectors))))
    return found


def _spans(encoder: Encoder, texts: Sequence[str]) -> list[Spans]:
    """Where in each text its tokens stand, for highlights: to look for that again at each query takes long."""
    return [np.minimum(np.array(encoder.offsets(text), np.int64).reshape(-1, 2), _FARTHEST).astype(np.uint16) for text in texts]


def _batches(keys: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(keys), _BATCH):
        yield keys[start : start + _BATCH]


def _write(index: Path, content: Content, embeddings: Embeddings, making: _Making) -> IndexInfo:
    making.tell(0, 0, "writing")
    encoder = making.encoder
    with generations.draft(index) as folder:
        passage_search, incident_search = writer.write(folder, content, embeddings)
        files = generations.checksums(folder)
        info = _info(index, making.sources, content, encoder, sum(entry.bytes for entry in files.values()))
        info = replace(info, passage_search=passage_search, incident_search=incident_search)
        manifest = Manifest(generations.FORMAT, encoder.fingerprint, info, dict(calibration.DEFAULT), files, making.inputs)
        generations.publish(index, folder, _calibrated(folder, manifest, encoder, making.tell))
    generations.remove_old(index)
    return info


def _info(index: Path, sources: Sequence[Path], content: Content, encoder: Encoder, size: int) -> IndexInfo:
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    return IndexInfo(
        id=generations.new_id(),
        path=str(index),
        created=now,
        model=encoder.name,
        dimension=encoder.dimension,
        max_tokens=encoder.max_tokens,
        incidents=len(content.documents),
        chunks=sum(len(own) for own in content.chunks),
        passages=len(content.passages()),
        problems=len(content.problems),
        bytes=size,
        sources=tuple(str(source) for source in sources),
    )


def _calibrated(folder: Path, manifest: Manifest, encoder: Encoder, tell: Progress) -> Manifest:
    """The manifest with the calibration measured on the generation that lies in ``folder``."""
    store = LocalStore(folder, manifest)
    try:
        samples = best_of_others(store, encoder, tell)
    finally:
        store.close()
    return msgspec.structs.replace(manifest, calibration=calibration.calibrate(samples))
