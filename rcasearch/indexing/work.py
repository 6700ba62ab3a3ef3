"""What is done with one document, in whichever process: it is read, its lines are masked, it is finished for the catalogue.

Masking needs the services of all documents, and finishing the lines of all. What is read is kept as bytes until then.
"""

from __future__ import annotations

import hashlib
import re
import zlib
from array import array
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import msgspec

from rcasearch.chunking import CountTokens, chunk
from rcasearch.lexical import terms
from rcasearch.model import KINDS, Chunk, Document, Incident, Problem
from rcasearch.readers.document import document_of
from rcasearch.readers.links import Name, answers, led_to, wanted
from rcasearch.services import ServiceNames
from rcasearch.sources import Seen, read_bytes, unreadable
from rcasearch.stores.cataloguing import Entry, entry
from rcasearch.template import Template

# The columns of a link's names: as many as `readers.links.wanted` gives at most.
WANTED = 8
_WORD = re.compile(r"[^\W_]+")


class Record(msgspec.Struct, frozen=True, array_like=True):
    """A document as it was read, its links not resolved, and its chunks with nothing left out."""

    incident: Incident
    source: str
    chunks: list[Chunk]


_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(Record).decode


@dataclass(frozen=True, slots=True)
class Reading:
    """How documents are read: the token counts and limit of the encoder, the bytes one may have, whether secrets are masked."""

    count_tokens: CountTokens
    max_tokens: int
    max_bytes: int
    mask: bool


@dataclass(frozen=True, slots=True)
class Read:
    """What is kept of a document: ``seen`` as it was read, what it is known by, the packed ``record``; empty where it is none.

    ``answers`` are the hashes of what it is called, ``wanted`` those of what its links name (`WANTED` each), 64 bits each;
    ``words`` are 32 bits of each distinct word.
    """

    seen: Seen
    problems: tuple[Problem, ...]
    id: str = ""
    services: tuple[str, ...] = ()
    access: tuple[str, ...] = ()
    answers: bytes = b""
    wanted: bytes = b""
    words: bytes = b""
    record: bytes = b""


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A document to be finished: its record, the id that it got, and the ids that its links lead to, by their number."""

    record: bytes
    id: str
    targets: Mapping[int, str]


@dataclass(frozen=True, slots=True)
class Finished:
    """A document for the catalogue; of its chunks the hashes (16 bytes each), kinds, and a digest of what counts; its terms."""

    entry: Entry
    passages: bytes
    kinds: bytes
    marks: bytes
    terms: tuple[str, ...]
    counts: bytes


def read(reading: Reading, seen: Seen) -> Read | Problem:
    """The document in a file as it is now, which may be another than was seen; a Problem where the file cannot be read."""
    try:
        data = read_bytes(seen.file, reading.max_bytes)
    except OSError as error:
        return unreadable(seen.path, error)
    seen = seen._replace(digest=hashlib.sha256(data).digest())
    found = document_of(data, seen.path, reading.max_bytes, mask=reading.mask)
    if isinstance(found, Document):
        return _kept(reading, seen, found)
    return Read(seen, (found,) if found else ())


def given(reading: Reading, pair: tuple[Seen, Document]) -> Read:
    """What is kept of a document that is read already."""
    return _kept(reading, *pair)


def _kept(reading: Reading, seen: Seen, document: Document) -> Read:
    incident = document.incident
    chunks = chunk(incident, reading.count_tokens, reading.max_tokens)
    names = [_hash(name) for name in answers(incident)]
    links = [number for link in incident.links for number in _padded(map(_hash, wanted(link, incident.path)))]
    record = zlib.compress(_pack(Record(incident, document.source, chunks)), 1)
    words = _words([*(one.text for one in chunks), *(block.text for part in incident.sections for block in part.blocks)])
    packed = (array("q", names).tobytes(), array("q", links).tobytes(), words, record)
    access = tuple(sorted({label.casefold() for label in incident.access}))
    return Read(seen, document.problems, incident.id, incident.services, access, *packed)


def masked(services: ServiceNames, record: bytes) -> bytes:
    """The hashes of a document's title and of its lines, each once, as they are compared with those of others."""
    incident, template = _opened(record).incident, _template(services, frozenset())
    return array("q", [template.masked(incident.title), *sorted(template.lines_of(incident))]).tobytes()


def finished(template: Template, document: Unfinished) -> Finished:
    """A document as the catalogue and the lexical leg have it."""
    record, template = _opened(document.record), _template(template.services, template.lines)
    incident = _linked(record.incident, document)
    chunks = [_renamed(one, incident.id) for one in template.marked(record.chunks)]
    counted = Counter(terms(searchable_text(incident, chunks)))
    marks = hashlib.blake2b(repr([(one.id, one.telling) for one in chunks]).encode(), digest_size=16).digest()
    return Finished(
        entry(Document(incident, record.source), chunks),
        b"".join(bytes.fromhex(one.content_hash) for one in chunks),
        bytes(KINDS.index(one.kind) for one in chunks),
        marks,
        tuple(counted),
        array("i", counted.values()).tobytes(),
    )


def name_hash(name: Name) -> int:
    """64 bits, as a signed number and never 0, that stand for what a document may be called."""
    return _hash(name)


def word_hashes(text: str) -> set[int]:
    """32 bits of each distinct word of a text, whatever its case."""
    return {_short(word) for word in {word.casefold() for word in _WORD.findall(text)}}


def searchable_text(incident: Incident, chunks: Iterable[Chunk]) -> str:
    """What the lexical leg reads of an incident: services, tags, headings, and what its chunks tell."""
    return "\n".join([*incident.services, *incident.tags, *(f"{chunk.heading}\n{chunk.matched}" for chunk in chunks)])


class DamagedError(Exception):
    """What was kept cannot be read again. It costs only time."""


def _opened(record: bytes) -> Record:
    try:
        return _unpack(zlib.decompress(record))
    except (zlib.error, msgspec.DecodeError) as error:
        raise DamagedError(str(error)) from None


@lru_cache(maxsize=2)
def _template(services: ServiceNames, lines: frozenset[int]) -> Template:
    """One template a process, which remembers the lines that it masked."""
    return Template(services, lines)


def _linked(incident: Incident, document: Unfinished) -> Incident:
    if not document.targets and incident.id == document.id:
        return incident
    links = (
        led_to(link, document.id, document.targets[number]) if number in document.targets else link
        for number, link in enumerate(incident.links)
    )
    return replace(incident, id=document.id, links=tuple(links))


def _renamed(one: Chunk, incident_id: str) -> Chunk:
    if one.incident_id == incident_id:
        return one
    return replace(one, id=incident_id + one.id.removeprefix(one.incident_id), incident_id=incident_id)


@lru_cache(maxsize=65_536)
def _hash(name: Name) -> int:
    digest = hashlib.blake2b(f"{name.kind}\0{name.key}".encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "little", signed=True) or 1


def _padded(names: Iterable[int]) -> list[int]:
    found = list(names)
    return found + [0] * (WANTED - len(found))


def _words(texts: Sequence[str]) -> bytes:
    return array("I", sorted(word_hashes("\n".join(texts)))).tobytes()


def _short(word: str) -> int:
    return zlib.crc32(word.encode("utf-8", "surrogatepass"))
