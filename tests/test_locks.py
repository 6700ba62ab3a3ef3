"""The locks: one version of everything, every file of it by its checksum, and an audit that says what it did not learn."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
EXTRAS = ("mcp.txt", "milvus.txt", "otel.txt")
LOCKS = ("run.txt", "dev.txt", "build.txt", "torch.txt", "tools.txt", *EXTRAS)


def entries(name: str) -> dict[str, tuple[Requirement, list[str]]]:
    """What a lock holds: the requirement and the hashes of each package."""
    text = (ROOT / "locks" / name).read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line.partition("--hash=") for line in text.splitlines() if not line.startswith("#")]
    pairs = [(Requirement(head), re.findall(r"sha256:([0-9a-f]{64})(?!\S)", rest)) for head, _, rest in lines]
    return {canonicalize_name(requirement.name): (requirement, hashes) for requirement, hashes in pairs}


def pins(name: str) -> dict[str, str]:
    return {name: str(requirement.specifier).removeprefix("==") for name, (requirement, _) in entries(name).items()}


def constraints() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return {canonicalize_name(name): pin for name, _, pin in (line.partition("==") for line in lines) if pin}


@pytest.mark.parametrize("name", LOCKS)
def test_every_entry_names_one_version_and_its_checksums(name: str) -> None:
    held = entries(name)
    assert held
    for requirement, hashes in held.values():
        assert re.fullmatch(r"==[\w.]+", str(requirement.specifier)), requirement
        assert hashes, f"{requirement} has no checksum"
        assert requirement.url is None


def test_the_locks_and_the_constraints_agree() -> None:
    dev = pins("dev.txt")
    assert {**dev, "torch": pins("torch.txt")["torch"]} == constraints(), "run `make lock`"
    assert pins("run.txt").items() <= dev.items()
    shared = pins("build.txt").keys() & dev.keys()
    assert {name: pins("build.txt")[name] for name in shared} == {name: dev[name] for name in shared}


def test_every_dependency_is_locked_where_it_is_installed() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    run, every = {**pins("run.txt"), **pins("torch.txt")}, constraints()
    for line in project["dependencies"]:
        assert canonicalize_name(Requirement(line).name) in run, f"{line} is not in locks/run.txt: run `make lock`"
    for extra, lines in project["optional-dependencies"].items():
        held = every if extra == "dev" else {**run, **(pins(f"{extra}.txt") if f"{extra}.txt" in EXTRAS else {})}
        for line in lines:
            assert canonicalize_name(Requirement(line).name) in held, f"{line} is locked for no {extra}: run `make lock`"


@pytest.mark.parametrize("name", EXTRAS)
def test_what_an_extra_needs_besides_is_locked_as_for_the_tests(name: str) -> None:
    assert pins(name).items() <= pins("dev.txt").items()
    # What is there already is not fetched again, unless it was for other systems alone.
    assert all(entries("run.txt")[same][0].marker for same in pins(name).keys() & pins("run.txt").keys())


def test_a_file_with_another_checksum_is_refused(tmp_path: Path) -> None:
    wheel = tmp_path / "idna-3.20-py3-none-any.whl"
    wheel.write_bytes(b"PK\x05\x06" + bytes(18))
    requirement, hashes = entries("run.txt")["idna"]
    (tmp_path / "lock.txt").write_text(f"{requirement} --hash=sha256:{hashes[0]}\n", encoding="utf-8")
    words = f"-m pip download --no-index --find-links . --require-hashes --no-deps -r lock.txt -d {tmp_path}/got".split()
    done = subprocess.run([sys.executable, *words], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode
    assert "DO NOT MATCH THE HASHES" in done.stderr


@pytest.fixture(scope="module")
def audit() -> ModuleType:
    spec = spec_from_file_location("audit", ROOT / "locks" / "audit.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_an_audit_that_learned_nothing_says_so(audit: ModuleType) -> None:
    skipped = {"name": "flask", "skip_reason": "Dependency not found on PyPI and could not be audited: flask (3.1.3)"}
    for found in ([], [skipped]):
        lines, clean = audit.verdict(found)
        assert clean
        assert "NOTHING was audited" in lines[0]


def test_an_audit_names_what_is_vulnerable_and_fails(audit: ModuleType) -> None:
    known = {"id": "PYSEC-2026-1", "fix_versions": ["3.1.4"], "aliases": [], "description": ""}
    found = [{"name": "flask", "version": "3.1.3", "vulns": [known]}, {"name": "idna", "version": "3.20", "vulns": []}]
    lines, clean = audit.verdict(found)
    assert not clean
    assert lines == ["flask 3.1.3: PYSEC-2026-1, mended in 3.1.4", "2 packages audited, 1 known vulnerabilities."]
    assert audit.verdict(found[1:]) == (["1 packages audited, 0 known vulnerabilities."], True)
