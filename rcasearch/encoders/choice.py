"""A model's name -> the encoder that serves it best on this machine."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import cached_property, lru_cache
from importlib.util import find_spec
from pathlib import Path

from rcasearch.encoders import exports, probes
from rcasearch.encoders.base import Encoder, Encoding
from rcasearch.encoders.cores import multiplies_bf16, prefers_integers
from rcasearch.encoders.exported import ExportedEncoder
from rcasearch.encoders.exports import PROBES, Export, ExportError
from rcasearch.encoders.network import FULL, HALF, INTEGERS, load_openvino
from rcasearch.encoders.sentence import SentenceEncoder
from rcasearch.encoders.tokenizing import WordPieces
from rcasearch.errors import ModelError
from rcasearch.models import fingerprint, locate

log = logging.getLogger("rcasearch.encoders")
# There when a driver for NVIDIA's cards is: on Linux itself, and on Linux within Windows.
_GPU_DRIVERS = (Path("/dev/nvidiactl"), Path("/dev/dxg"))
# What `load_ahead` began to load, by name.
_ahead: dict[str, Future[ExportedEncoder]] = {}


@lru_cache(maxsize=2)
def load_encoder(name: str) -> Encoder:
    """The encoder called ``name``, loaded once a process.

    On first use the model is exported, which takes some seconds and torch; from then on neither is needed. What cannot be
    exported is run by sentence-transformers itself. Raises ModelError where the model cannot be had.
    """
    try:
        ahead = _ahead.pop(name, None)
        encoder = ahead.result() if ahead else _exported(name)
    except ExportError as reason:
        if not find_spec("sentence_transformers"):
            raise ModelError(
                f"The model {name!r} has no export to serve it from, and none can be made: {reason}.",
                "Run `pip install sentence-transformers`, or set RCASEARCH_CACHE to a folder that holds its export.",
            ) from None
        log.warning("The model %r is run by sentence-transformers, which starts and works slower: %s.", name, reason)
        return SentenceEncoder(name)
    return OnGpu(encoder) if _may_have_gpu() else encoder


def load_ahead(name: str, at_once: int | None = 1) -> None:
    """Begin to load the encoder called ``name`` while the caller does other things.

    It will encode so many batches ``at_once``, or as many as there are cores.

    `load_encoder` waits for it. What was never exported, or cannot be had at all, is left to `load_encoder`.
    """
    if load_encoder.cache_info().currsize:
        return
    with suppress(ExportError, ModelError):
        # Imports come before the thread, which otherwise would have to share Python with those of the caller.
        if found := exports.find(_export_name(name)):
            pool = ThreadPoolExecutor(1)
            _ahead[name] = pool.submit(_opened, name, *found, _precisions(), at_once=at_once)
            pool.shutdown(wait=False)


def portable(encoder: Encoder) -> bool:
    """Whether the encoder's ``count_tokens`` can be sent to another process, where it needs no more than a tokenizer."""
    return isinstance(getattr(encoder.count_tokens, "__self__", None), WordPieces)


class OnGpu:
    """An exported encoder whose documents are encoded on a GPU, by torch, once there are any."""

    def __init__(self, exported: ExportedEncoder) -> None:
        self._exported = exported
        self.name, self.fingerprint, self.arithmetic = exported.name, exported.fingerprint, exported.arithmetic
        self.dimension, self.max_tokens = exported.dimension, exported.max_tokens
        self.count_tokens, self.offsets = exported.count_tokens, exported.offsets
        self.encode_queries = exported.encode_queries

    def encode_documents(self, texts: Sequence[str]) -> Encoding:
        return self._for_documents.encode_documents(texts)

    @cached_property
    def _for_documents(self) -> Encoder:
        import torch

        return SentenceEncoder(self.name, device="cuda") if torch.cuda.is_available() else self._exported


def _exported(name: str) -> ExportedEncoder:
    precisions = _precisions()
    export, folder = exports.open_or_make(_export_name(name), lambda draft: _made(name, precisions, draft))
    return _opened(name, export, folder, precisions)


def _export_name(name: str) -> str:
    mark = fingerprint(locate(name))
    try:
        return exports.name_of(mark, load_openvino().get_version())
    except ImportError as error:
        raise ExportError(f"openvino cannot be loaded ({error}); `pip install openvino` mends that") from None


def _precisions() -> list[str]:
    """Those that this machine is quick with, the quickest first; the last always serves.

    A GPU encodes documents in floats, and one index is of one arithmetic.
    """
    integers = prefers_integers() and not _may_have_gpu()
    return [INTEGERS] * integers + [HALF] * multiplies_bf16() + [FULL]


def _made(name: str, precisions: Sequence[str], draft: Path) -> Export:
    from rcasearch.encoders.conversion import convert

    if not find_spec("sentence_transformers"):
        raise ExportError("sentence-transformers, which would make it, is not installed")
    return convert(name, precisions, draft)


def _opened(name: str, export: Export, folder: Path, precisions: Sequence[str], at_once: int | None = None) -> ExportedEncoder:
    """The encoder at the first precision that passes, which an export made on another machine has to show here."""
    try:
        for precision in precisions:
            if export.precisions.get(precision, True):
                encoder = ExportedEncoder(name, export, folder, precision, at_once)
                if precision in export.precisions or _passes(encoder, folder):
                    return encoder
        return ExportedEncoder(name, export, folder, FULL, at_once)
    except (OSError, ValueError, RuntimeError) as error:
        raise ExportError(f"the one in {folder} cannot be used: {' '.join(str(error).split())[:300]}") from error


def _passes(encoder: ExportedEncoder, folder: Path) -> bool:
    found = encoder.encode_documents(probes.TEXTS)
    return not probes.difference(probes.read(folder / PROBES), found, integers=encoder.precision == INTEGERS)


def _may_have_gpu() -> bool:
    return any(path.exists() for path in _GPU_DRIVERS) and find_spec("torch") is not None
