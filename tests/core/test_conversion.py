"""From a sentence-transformers model to the encoder in use: which models can be exported, what is compared, what happens else."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from rcasearch.encoders import Encoder, Encoding, SentenceEncoder, choice, exports, probes
from rcasearch.encoders.conversion import convert
from rcasearch.encoders.cores import cores
from rcasearch.encoders.exported import ExportedEncoder
from rcasearch.encoders.exports import Export, ExportError
from rcasearch.encoders.network import FULL, HALF, INTEGERS
from rcasearch.errors import ModelError
from rcasearch.models import DEFAULT_MODEL, fingerprint, locate

TEXTS = ["disk full on the node", "", "the queue of the consumer grows and grows", "a" * 40, "full " * 90]
PIECES = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "disk", "full", "queue", "the", ":", *"abcdefghijklmnopqrstuvwxyz"]
PIECES += [f"##{letter}" for letter in "abcdefghijklmnopqrstuvwxyz"]


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Makes a small model with weights drawn at random, pooled and prompted as told."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Normalize, Pooling, Transformer
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    def make(pooling: str = "mean", prompts: dict[str, str] | None = None, side: str = "right", normalize: bool = True) -> Path:
        torch.manual_seed(7)
        folder = tmp_path_factory.mktemp("small")
        tokenizer = Tokenizer(models.WordPiece({piece: n for n, piece in enumerate(PIECES)}, unk_token="[UNK]"))
        tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
        tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        tokenizer.post_processor = processors.TemplateProcessing("[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
        marks = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]", "mask_token": "[MASK]"}
        marks |= {"padding_side": side}
        fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_max_length=60, **marks)  # type: ignore[no-untyped-call]
        fast.save_pretrained(folder)
        sizes: dict[str, Any] = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64}
        BertModel(BertConfig(vocab_size=len(PIECES), max_position_embeddings=60, **sizes)).save_pretrained(folder)
        modules: list[Any] = [Transformer(str(folder)), Pooling(32, pooling)]
        made = tmp_path_factory.mktemp("model")
        SentenceTransformer(modules=modules + [Normalize()] * normalize, prompts=prompts, device="cpu").save(str(made))
        return made

    return make


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RCASEARCH_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def loaded_anew(name: str) -> Any:
    """What a process that starts would load."""
    return choice.load_encoder.__wrapped__(name)


@pytest.mark.parametrize(
    "kind",
    [
        {},
        {"pooling": "cls", "normalize": False},
        {"pooling": "max", "prompts": {"query": "queue: ", "document": "the disk: "}},
        {"prompts": {"query": "", "passage": "full: "}, "normalize": False},
    ],
    ids=["mean", "cls", "prompts", "passage"],
)
def test_models_of_many_kinds_are_served_as_sentence_transformers_would(
    small: Callable[..., Path], cache: Path, kind: dict[str, Any]
) -> None:
    folder = str(small(**kind))
    plain = SentenceEncoder(folder, device="cpu")
    encoder = loaded_anew(folder)
    assert isinstance(encoder, ExportedEncoder)
    assert (encoder.dimension, encoder.max_tokens, encoder.fingerprint) == (32, plain.max_tokens, plain.fingerprint)
    for task in ("encode_documents", "encode_queries"):
        found, wanted = getattr(encoder, task)(TEXTS), getattr(plain, task)(TEXTS)
        assert (found.vectors * wanted.vectors).sum(axis=1).min() > 0.999
        for tokens, expected in zip(found.tokens, wanted.tokens, strict=True):
            assert np.array_equal(tokens.ids, expected.ids)
            assert not len(tokens.ids) or (tokens.vectors * expected.vectors).sum(axis=1).min() > 0.99
    assert encoder.count_tokens(TEXTS) == plain.count_tokens(TEXTS)
    # The module openvino tells a server of each import and marks the home folder, unless these are kept from it.
    assert not {"openvino_telemetry", "openvino.tools.ovc"} & sys.modules.keys()


def test_a_model_that_cannot_be_exported_is_run_by_sentence_transformers_and_the_log_says_why(
    small: Callable[..., Path], cache: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = str(small(side="left"))
    with caplog.at_level(logging.WARNING, "rcasearch"):
        encoder = loaded_anew(folder)
    assert isinstance(encoder, SentenceEncoder)
    assert encoder.encode_queries(TEXTS).vectors.shape == (len(TEXTS), 32)
    [record] = caplog.records
    assert "is run by sentence-transformers" in record.getMessage()
    assert "padded on the left" in record.getMessage()
    assert not list(cache.glob("*/export.json"))


@pytest.mark.parametrize("floor", ["PASSAGE_FLOOR", "TOKEN_FLOOR"])
def test_an_export_that_answers_otherwise_is_refused(
    small: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, floor: str
) -> None:
    monkeypatch.setattr(probes, floor, 1.01)
    with pytest.raises(ExportError, match=r"answers otherwise: .*cosine of .* and 1.01 is asked"):
        convert(str(small()), [FULL], tmp_path)


def test_so_is_one_that_reads_other_tokens(small: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = str(small())
    ids = ExportedEncoder.encode_documents

    def shifted(self: ExportedEncoder, texts: Sequence[str]) -> Encoding:
        return ids(self, [text.replace("disk", "disc") for text in texts])

    monkeypatch.setattr(ExportedEncoder, "encode_documents", shifted)
    with pytest.raises(ExportError, match="reads the text 'disk full' as other tokens"):
        convert(folder, [FULL], tmp_path)


def test_a_precision_that_does_not_pass_here_is_not_used(
    small: Callable[..., Path], cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = str(small())
    monkeypatch.setattr(choice, "multiplies_bf16", lambda: True)
    monkeypatch.setattr(choice, "prefers_integers", lambda: False)
    assert loaded_anew(folder).precision == HALF
    [path] = cache.glob("*/export.json")
    export = msgspec.json.decode(path.read_bytes(), type=Export)
    assert export.precisions == {FULL: True, HALF: True}

    def opened(precisions: dict[str, bool]) -> str:
        told = msgspec.structs.replace(export, precisions=precisions)
        return choice._opened(folder, told, path.parent, [HALF, FULL]).precision

    assert opened({FULL: True, HALF: False}) == FULL
    # Made on a machine without it: compared with what sentence-transformers gave there.
    assert opened({FULL: True}) == HALF
    monkeypatch.setattr(probes, "PASSAGE_FLOOR", 1.01)
    assert opened({FULL: True}) == FULL
    assert opened({FULL: True, HALF: True}) == HALF


def test_integers_are_used_where_they_pass_and_named_in_the_arithmetic(
    small: Callable[..., Path], cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = str(small())
    monkeypatch.setattr(choice, "multiplies_bf16", lambda: True)
    monkeypatch.setattr(choice, "prefers_integers", lambda: True)
    encoder = loaded_anew(folder)
    [path] = cache.glob("*/export.json")
    export = msgspec.json.decode(path.read_bytes(), type=Export)
    assert export.precisions == {INTEGERS: True, HALF: True, FULL: True}
    assert (encoder.precision, encoder.arithmetic) == (INTEGERS, export.quantized)

    def opened(precisions: dict[str, bool]) -> Any:
        told = msgspec.structs.replace(export, precisions=precisions)
        return choice._opened(folder, told, path.parent, [INTEGERS, HALF, FULL])

    assert opened({FULL: True}).precision == INTEGERS
    # A model that integers do not suit is served as it would be without them.
    monkeypatch.setattr(probes, "INTEGER_FLOOR", 1.01)
    assert opened({FULL: True}).precision == HALF
    assert opened({FULL: True, INTEGERS: False, HALF: False}).precision == FULL
    assert opened({FULL: True, INTEGERS: False}).arithmetic == ""


def test_a_gpu_and_integers_are_not_mixed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choice, "prefers_integers", lambda: True)
    monkeypatch.setattr(choice, "multiplies_bf16", lambda: False)
    for gpu in (True, False):
        monkeypatch.setattr(choice, "_may_have_gpu", lambda seen=gpu: seen)
        assert choice._precisions() == ([FULL] if gpu else [INTEGERS, FULL])


def test_a_network_that_was_cut_short_is_exported_again(small: Callable[..., Path], cache: Path) -> None:
    folder = str(small())
    before = loaded_anew(folder).encode_queries(TEXTS)
    [network] = cache.glob("*/network.bin")
    network.write_bytes(network.read_bytes()[:1000])
    after = loaded_anew(folder).encode_queries(TEXTS)
    np.testing.assert_allclose(before.vectors, after.vectors, atol=1e-6)


@pytest.fixture
def starting() -> Iterator[None]:
    """As in a process that starts, nothing is loaded."""
    choice.load_encoder.cache_clear()
    yield
    assert not choice._ahead


def test_what_was_loaded_ahead_is_what_is_loaded(small: Callable[..., Path], cache: Path, starting: None) -> None:
    folder = str(small())
    choice.load_ahead(folder)
    # Nothing to load yet: it is exported in the foreground.
    first = loaded_anew(folder)
    assert first._network.streams == cores()
    choice.load_ahead(folder)
    second = loaded_anew(folder)
    assert second._network.streams == 1
    for task in ("encode_documents", "encode_queries"):
        found, wanted = getattr(second, task)(TEXTS * 9), getattr(first, task)(TEXTS * 9)
        np.testing.assert_allclose(found.vectors, wanted.vectors, atol=1e-5)
    assert loaded_anew(folder)._network.streams == cores()


def test_what_is_loaded_is_not_loaded_ahead(small: Callable[..., Path], cache: Path, starting: None) -> None:
    folder = str(small())
    first = choice.load_encoder(folder)
    choice.load_ahead(folder)
    assert not choice._ahead
    assert choice.load_encoder(folder) is first
    choice.load_encoder.cache_clear()


def test_a_model_that_is_not_there_is_told_by_who_needs_it(cache: Path, starting: None) -> None:
    choice.load_ahead("no-such-model")
    with pytest.raises(ModelError, match="'no-such-model' is not on this machine"):
        loaded_anew("no-such-model")


def test_an_export_that_cannot_be_opened_is_a_reason_and_no_crash(
    small: Callable[..., Path], cache: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, starting: None
) -> None:
    folder = str(small())
    loaded_anew(folder)

    def broken(*_: object) -> None:
        raise RuntimeError("Check failed:\nno such device")

    monkeypatch.setattr(choice, "ExportedEncoder", broken)
    for begin in (lambda _: None, choice.load_ahead):
        begin(folder)
        with caplog.at_level(logging.WARNING, "rcasearch"):
            assert isinstance(loaded_anew(folder), SentenceEncoder)
        assert "cannot be used: Check failed: no such device" in caplog.text
        caplog.clear()


def test_without_openvino_the_log_says_what_to_install(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    def missing() -> None:
        raise ImportError("No module named 'openvino'")

    monkeypatch.setattr(choice, "load_openvino", missing)
    monkeypatch.setattr(choice, "SentenceEncoder", lambda name: f"plain {name}")
    with caplog.at_level(logging.WARNING, "rcasearch"):
        assert loaded_anew(DEFAULT_MODEL) == f"plain {DEFAULT_MODEL}"
    assert "pip install openvino" in caplog.text
    monkeypatch.setattr(choice, "find_spec", lambda name: None)
    with pytest.raises(ModelError, match="no export to serve it from, and none can be made: openvino cannot be loaded") as caught:
        loaded_anew(DEFAULT_MODEL)
    assert "RCASEARCH_CACHE" in caught.value.hint


@pytest.mark.parametrize("seen", [False, True])
def test_documents_are_encoded_on_a_gpu_where_torch_sees_one(
    encoder: Encoder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, seen: bool
) -> None:
    class Recorded:
        def __init__(self, name: str, device: str) -> None:
            assert (name, device) == (DEFAULT_MODEL, "cuda")

        def encode_documents(self, texts: Sequence[str]) -> str:
            return f"{len(texts)} on the GPU"

    monkeypatch.setattr(choice, "SentenceEncoder", Recorded)
    monkeypatch.setattr("torch.cuda.is_available", lambda: seen)
    monkeypatch.setattr(choice, "_GPU_DRIVERS", (tmp_path / "absent", tmp_path))
    chosen = loaded_anew(DEFAULT_MODEL)
    assert isinstance(chosen, choice.OnGpu)
    assert (chosen.dimension, chosen.max_tokens, chosen.fingerprint) == (384, 254, encoder.fingerprint)
    documents: Any = chosen.encode_documents(["a", "b"])
    queries = chosen.encode_queries(["a"])
    assert (queries.vectors @ encoder.encode_queries(["a"]).vectors.T).min() > 0.98
    assert chosen.arithmetic == ""
    assert (documents == "2 on the GPU") if seen else (documents.vectors.shape == (2, 384))
    monkeypatch.setattr(choice, "_GPU_DRIVERS", (tmp_path / "absent",))
    assert isinstance(loaded_anew(DEFAULT_MODEL), ExportedEncoder)


# --- with an export, nothing heavy is loaded and nothing leaves the machine -------------------------------------------

HEAVY = ("torch", "transformers", "sentence_transformers", "huggingface_hub", "openvino_telemetry", "openvino.tools.ovc")
# Each of these takes as long to import as a search takes.
READING = ("scipy", "bm25s", "numpy.ma", "markdown_it", "yaml", "frontmatter", "flask", "rich", "rcasearch.readers")


def run(code: str, home: Path, unwanted: Sequence[str] = HEAVY) -> str:
    """What the code prints in a process of its own, whose home is an empty folder."""
    home.mkdir()
    env = {**os.environ, "HOME": str(home)}
    report = f"\nimport sys, json\nprint('LOADED', json.dumps(sorted({set(unwanted)!r} & sys.modules.keys())))"
    done = subprocess.run([sys.executable, "-c", code + report], capture_output=True, text=True, check=True, env=env)
    assert not list(home.iterdir()), "it left something in the home folder"
    return done.stdout


def loaded(out: str) -> list[str]:
    found: list[str] = json.loads(out.rpartition("LOADED ")[2])
    return found


def test_a_search_from_the_command_line_loads_no_torch_and_no_reader(encoder: Encoder, tiny_index: Path, tmp_path: Path) -> None:
    command = ["search", "poison message starved the queue", "--index", str(tiny_index), "--json"]
    out = run(f"from rcasearch import cli\nassert cli.main({command!r}) == 0", tmp_path / "home", HEAVY + READING)
    assert json.loads(out.rpartition("LOADED")[0])["hits"][0]["id"]
    assert loaded(out) == []


def test_neither_does_indexing_what_changed(encoder: Encoder, tiny_index: Path, tiny_corpus: Path, tmp_path: Path) -> None:
    command = ["index", str(tiny_corpus), "--index", str(tmp_path / "index")]
    out = run(f"from rcasearch import cli\nassert cli.main({command!r}) == 0", tmp_path / "home")
    assert "Indexed 8 incidents" in out
    assert loaded(out) == []


def test_the_folder_of_an_export_names_model_runtime_and_format() -> None:
    mark = fingerprint(locate(DEFAULT_MODEL))
    names = {
        exports.name_of(mark, "2026.4.1-22982-abc"),
        exports.name_of(mark, "2026.5.0-1"),
        exports.name_of("0" * 64, "2026.4.1-22982-abc"),
    }
    assert len(names) == 3
    assert exports.name_of(mark, "2026.4.1-22982-abc") == f"{mark[:32]}-2026.4.1-{exports.FORMAT}"
