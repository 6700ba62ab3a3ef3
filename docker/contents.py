"""Complete the list of an image's packages, in CycloneDX's JSON, from stdin to stdout, by what Python's own tools do not know of.

That is the model's weights, the interpreter with what lies beside it, and the packages of the system. For the image alone.
"""

from __future__ import annotations

import json
import platform
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from importlib.metadata import distributions
from pathlib import Path
from typing import Any
from urllib.parse import quote

from rcasearch.models import DEFAULT_MODEL, DEFAULT_WEIGHTS_SHA256

Component = dict[str, Any]


def component(kind: str, name: str, version: str, purl: str, **more: Any) -> Component:
    """One entry of the list."""
    return {"type": kind, "bom-ref": purl, "name": name, "version": version, "purl": purl, **more}


def model() -> Component:
    """The weights, which are data and not code."""
    hashes = [{"alg": "SHA-256", "content": DEFAULT_WEIGHTS_SHA256}]
    licence = [{"license": {"id": "Apache-2.0"}}]
    purl = f"pkg:huggingface/sentence-transformers/{DEFAULT_MODEL}"
    return component("machine-learning-model", DEFAULT_MODEL, "1", purl, hashes=hashes, licenses=licence)


def interpreter() -> Iterator[Component]:
    """Python itself, and the packages outside the virtual environment."""
    version = platform.python_version()
    yield component("platform", "CPython", version, f"pkg:generic/python@{version}")
    beside = sysconfig.get_path("purelib", vars={"base": sys.base_prefix})
    for found in distributions(path=[beside]):
        name = found.metadata["Name"].lower()
        yield component("library", name, found.version, f"pkg:pypi/{name}@{found.version}?scope=system")


def system(release: Path = Path("/etc/os-release")) -> Iterator[Component]:
    """The packages of Debian and its like; none where there is no dpkg."""
    told = dict(line.split("=", 1) for line in release.read_text(encoding="utf-8").splitlines() if "=" in line)
    of = {name: value.strip('"') for name, value in told.items()}
    try:
        command = ["dpkg-query", "--show", "--showformat", "${Package} ${Version} ${Architecture}\n"]
        lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    except FileNotFoundError:
        return
    for name, version, architecture in map(str.split, lines):
        distro = f"{of['ID']}-{of.get('VERSION_ID', 'testing')}"
        purl = f"pkg:deb/{of['ID']}/{name}@{quote(version, safe='')}?arch={architecture}&distro={distro}"
        yield component("library", name, version, purl)


def complete(listed: dict[str, Any]) -> dict[str, Any]:
    """The list with what was missing, everything once."""
    every = [*listed.get("components", []), model(), *interpreter(), *system()]
    return {**listed, "components": list({entry["bom-ref"]: entry for entry in every}.values())}


if __name__ == "__main__":
    json.dump(complete(json.load(sys.stdin)), sys.stdout, indent=1)
