"""A sentence-transformers model -> an export, compared with the model before anyone trusts it.

The only file that knows OpenVINO's conversion. Torch is loaded to convert, never to serve.
"""

from __future__ import annotations

import hashlib
import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from rcasearch.encoders import probes
from rcasearch.encoders.exported import ExportedEncoder
from rcasearch.encoders.exports import INTEGER_NETWORK, INTEGER_WEIGHTS, NETWORK, PROBES, TOKENIZER, Export, ExportError
from rcasearch.encoders.network import FULL, INTEGERS, load_openvino
from rcasearch.encoders.quantizing import ordinary_texts, quantize
from rcasearch.encoders.sentence import SentenceEncoder


def convert(name: str, precisions: Sequence[str], folder: Path) -> Export:
    """Write the model called ``name`` into an empty folder; ``precisions`` are those that this machine would serve it with.

    Raises ModelError where the model cannot be loaded, ExportError where it cannot be converted or then answers otherwise.
    """
    encoder = SentenceEncoder(name, device="cpu")
    try:
        _write_tokenizer(encoder, folder)
        _write_network(encoder, folder)
        _write_integers(encoder, folder)
        export = _described(encoder, folder)
    except Exception as error:
        # Whatever a model's own code may raise, the model itself still works.
        raise ExportError(f"it cannot be converted: {type(error).__name__}: {' '.join(str(error).split())[:300]}") from error
    return _compared(encoder, export, precisions, folder)


def _described(encoder: SentenceEncoder, folder: Path) -> Export:
    tokenizer = encoder.model.tokenizer
    scaled = hashlib.sha256((folder / INTEGER_WEIGHTS).read_bytes()).hexdigest()
    return Export(
        fingerprint=encoder.fingerprint,
        dimension=encoder.dimension,
        max_length=int(encoder.model.max_seq_length),
        padding=int(tokenizer.pad_token_id),
        special=[int(mark) for mark in tokenizer.all_special_ids],
        prompts=encoder.prompts,
        precisions={FULL: True},
        quantized=f"{INTEGERS}-{scaled[:16]}",
    )


def _compared(encoder: SentenceEncoder, export: Export, precisions: Sequence[str], folder: Path) -> Export:
    wanted = encoder.encode_documents(probes.TEXTS)
    probes.write(folder / PROBES, wanted)
    full = ExportedEncoder(encoder.name, export, folder, FULL)
    for found in (
        probes.difference(wanted, full.encode_documents(probes.TEXTS)),
        probes.difference(encoder.encode_queries(probes.TEXTS), full.encode_queries(probes.TEXTS)),
    ):
        if found:
            raise ExportError(f"the converted model answers otherwise: {found}")
    passed = {FULL: True}
    for precision in precisions:
        if precision not in passed:
            quick = ExportedEncoder(encoder.name, export, folder, precision)
            differs = probes.difference(wanted, quick.encode_documents(probes.TEXTS), integers=precision == INTEGERS)
            passed[precision] = not differs
    return msgspec.structs.replace(export, precisions=passed)


def _write_tokenizer(encoder: SentenceEncoder, folder: Path) -> None:
    tokenizer = encoder.model.tokenizer
    if tokenizer.padding_side != "right":
        raise ValueError(f"its texts are padded on the {tokenizer.padding_side}")
    # As it is in use: sentence-transformers may have changed what the model's own file says.
    tokenizer.backend_tokenizer.save(str(folder / TOKENIZER))


def _write_network(encoder: SentenceEncoder, folder: Path) -> None:
    import torch

    class Traced(torch.nn.Module):
        """The whole model as a function of ids and mask."""

        def __init__(self) -> None:
            super().__init__()
            self.model = encoder.model

        def forward(self, input_ids: Any, attention_mask: Any) -> tuple[Any, Any]:
            features = self.model({"input_ids": input_ids, "attention_mask": attention_mask})
            return features["sentence_embedding"], features["token_embeddings"]

    example = encoder.model.tokenizer(probes.TEXTS[:2], padding=True, truncation=True, return_tensors="pt")
    inputs = {name: example[name] for name in ("input_ids", "attention_mask")}
    openvino = load_openvino()
    with torch.no_grad(), _quiet():
        # What openvino.convert_model is made of; that function itself comes with what load_openvino leaves out.
        from openvino._offline_transformations import apply_moc_transformations
        from openvino.frontend.pytorch.ts_decoder import TorchScriptPythonDecoder

        frontend = openvino.frontend.FrontEndManager().load_by_framework("pytorch")
        # The front end reads from the decoder until the network is saved, but does not hold it.
        decoder = TorchScriptPythonDecoder(Traced().eval(), example_input=inputs)
        network = frontend.convert(frontend.load(decoder))
        # Done once here, half of the operations need not be thought about at each start.
        apply_moc_transformations(network, cf=True)
        openvino.save_model(network, folder / NETWORK, compress_to_fp16=True)


def _write_integers(encoder: SentenceEncoder, folder: Path) -> None:
    tokenizer = encoder.model.tokenizer
    read = (tokenizer([text], truncation=True, return_tensors="np")["input_ids"] for text in ordinary_texts())
    quantize(folder / NETWORK, folder / INTEGER_NETWORK, (ids.astype(np.int64) for ids in read))


@contextmanager
def _quiet() -> Iterator[None]:
    """Tracing warns of all it takes for constant; the comparison afterwards finds what was taken wrongly."""
    loggers = [logging.getLogger(name) for name in ("transformers", "sentence_transformers")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
