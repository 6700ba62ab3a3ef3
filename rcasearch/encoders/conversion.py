"""A sentence-transformers model -> an export, compared with the model before anyone trusts it.

The only file that knows OpenVINO's conversion. Torch is loaded to convert, never to serve.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from rcasearch.encoders import probes
from rcasearch.encoders.exported import ExportedEncoder
from rcasearch.encoders.exports import NETWORK, PROBES, TOKENIZER, Export, ExportError
from rcasearch.encoders.network import FULL, load_openvino
from rcasearch.encoders.sentence import SentenceEncoder


def convert(name: str, precision: str, folder: Path) -> Export:
    """Write the model called ``name`` into an empty folder; ``precision`` is the one that this machine would serve it with.

    Raises ModelError where the model cannot be loaded, ExportError where it cannot be converted or then answers otherwise.
    """
    encoder = SentenceEncoder(name, device="cpu")
    try:
        _write_tokenizer(encoder, folder)
        _write_network(encoder, folder)
        export = _described(encoder)
    except Exception as error:
        # Whatever a model's own code may raise, the model itself still works.
        raise ExportError(f"it cannot be converted: {type(error).__name__}: {' '.join(str(error).split())[:300]}") from error
    return _compared(encoder, export, precision, folder)


def _described(encoder: SentenceEncoder) -> Export:
    tokenizer = encoder.model.tokenizer
    return Export(
        fingerprint=encoder.fingerprint,
        dimension=encoder.dimension,
        max_length=int(encoder.model.max_seq_length),
        padding=int(tokenizer.pad_token_id),
        special=[int(mark) for mark in tokenizer.all_special_ids],
        prompts=encoder.prompts,
        precisions={FULL: True},
    )


def _compared(encoder: SentenceEncoder, export: Export, precision: str, folder: Path) -> Export:
    wanted = encoder.encode_documents(probes.TEXTS)
    probes.write(folder / PROBES, wanted)
    full = ExportedEncoder(encoder.name, export, folder, FULL)
    for found in (
        probes.difference(wanted, full.encode_documents(probes.TEXTS)),
        probes.difference(encoder.encode_queries(probes.TEXTS), full.encode_queries(probes.TEXTS)),
    ):
        if found:
            raise ExportError(f"the converted model answers otherwise: {found}")
    if precision == FULL:
        return export
    quick = ExportedEncoder(encoder.name, export, folder, precision)
    passed = not probes.difference(wanted, quick.encode_documents(probes.TEXTS))
    return msgspec.structs.replace(export, precisions={FULL: True, precision: passed})


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
