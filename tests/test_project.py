"""What the files around the package promise: versions, pins, licence, commands, and no trace of a machine."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import rcasearch

ROOT = Path(__file__).parent.parent
TEXTS = {".py", ".md", ".toml", ".txt", ".yaml", ".css", ".js", ".html", ".sh", ".jsonl", ""}


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    table: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return table


@pytest.fixture(scope="module")
def pins() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pairs = [line.split("==") for line in lines if line and not line.startswith("#")]
    return {canonicalize_name(name): pinned for name, pinned in pairs}


def _declared(project: dict[str, Any]) -> list[Requirement]:
    every = [*project["dependencies"], *(line for extra in project["optional-dependencies"].values() for line in extra)]
    return [Requirement(line) for line in every]


def test_the_changelog_begins_with_this_version() -> None:
    headings = re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert headings[0] == rcasearch.__version__


def test_every_dependency_has_bounds_and_a_pin_within_them(project: dict[str, Any], pins: dict[str, str]) -> None:
    for requirement in _declared(project):
        operators = {specifier.operator for specifier in requirement.specifier}
        assert operators == {">=", "<"}, f"{requirement} needs a lower and an upper bound"
        assert requirement.specifier.contains(pins[canonicalize_name(requirement.name)]), requirement


def test_torch_is_pinned_without_a_local_tag(pins: dict[str, str]) -> None:
    assert pins["torch"] == "2.13.0"
    assert not [name for name, pinned in pins.items() if "+" in pinned or "@" in pinned]


def test_the_pins_are_closed_under_requirements(pins: dict[str, str]) -> None:
    from importlib.metadata import PackageNotFoundError, requires

    for name in pins:
        try:
            needed = requires(name) or []
        except PackageNotFoundError:
            continue
        for requirement in map(Requirement, needed):
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                # The plain build of torch brings the libraries of a graphics card along, which its own pins fix.
                assert canonicalize_name(requirement.name) in pins or name == "torch", f"{name} needs {requirement.name}"


def test_the_installed_metadata_tells_the_same_version() -> None:
    assert version("rcasearch") == rcasearch.__version__


def test_the_licence_is_apache_2(project: dict[str, Any]) -> None:
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "Apache License" in text
    assert "Version 2.0, January 2004" in text
    assert "END OF TERMS AND CONDITIONS" in text
    assert project["license"] == "Apache-2.0"


def test_the_readme_names_the_test_command_that_ci_runs() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    block = re.search(r"<!-- ci: test -->\s*```\w*\n(.*?)```", readme, re.DOTALL)
    assert block is not None, "README.md has no test command for .ci/run: a fenced block after <!-- ci: test -->"
    assert "make test" in block[1]


def test_the_makefile_has_the_promised_targets_and_lists_them() -> None:
    shown = subprocess.run(["make", "-C", ROOT, "help"], capture_output=True, text=True, check=True).stdout
    for target in ("serve", "test", "lint", "bench", "image", "clean"):
        assert f"make {target} " in shown


def test_make_explains_a_python_that_is_too_old(tmp_path: Path) -> None:
    old = tmp_path / "python-old"
    old.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    old.chmod(0o755)
    done = subprocess.run(
        ["make", "-C", ROOT, "install", f"PYTHON={old}", f"VENV={tmp_path}/venv"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "rcasearch needs Python 3.11 or later" in done.stderr
    assert not (tmp_path / "venv").exists()


STUB = """#!/bin/sh
# Stands where rcasearch would: index copies the documents, serve prints what the index holds.
case $1 in
index) mkdir -p "$4" && rm -f "$4"/* && cp "$2"/* "$4"/ && echo indexed ;;
serve) echo serves && cat "$3"/* ;;
esac
"""


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., list[str]]:
    """Run make in a copy of the project whose rcasearch is a stub; gives the lines it prints, commands apart."""
    project = tmp_path / "the project's copy"
    (project / "rcasearch").mkdir(parents=True)
    (project / "seeds").mkdir()
    binaries = project / ".venv" / "bin"
    binaries.mkdir(parents=True)
    (binaries / "python").symlink_to(sys.executable)
    (binaries / "rcasearch").write_text(STUB, encoding="utf-8")
    (binaries / "rcasearch").chmod(0o755)
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, project)
    shutil.copytree(ROOT / "locks", project / "locks")
    (project / ".venv" / ".installed").touch()

    def run(*words: str, **variables: str) -> list[str]:
        env = {"PATH": os.environ["PATH"], "HOME": str(project), **variables}
        done = subprocess.run(["make", "-s", *words], cwd=project, env=env, capture_output=True, text=True, check=True)
        assert done.stderr == ""
        return done.stdout.splitlines()

    return run


def _documents(folder: Path, text: str) -> Path:
    folder.mkdir(parents=True)
    (folder / "one.md").write_text(text + "\n", encoding="utf-8")
    return folder


def test_make_serves_the_documents_that_were_named_and_no_others(make: Callable[..., list[str]], tmp_path: Path) -> None:
    ours, theirs = _documents(tmp_path / "a" / "rcas", "ours"), _documents(tmp_path / "b" / "rcas", "theirs")
    assert make("serve", f"DOCS={ours}") == ["indexed", "serves", "ours"]
    assert make("serve", f"DOCS={theirs}") == ["indexed", "serves", "theirs"]
    # By whatever name, it is the same folder and the same index.
    assert make("serve", "DOCS=../b/rcas/") == ["indexed", "serves", "theirs"]
    assert len(list((tmp_path / "the project's copy" / "indexes").iterdir())) == 2
    assert make("serve", f"DOCS={ours}", "INDEX=indexes/the team's") == ["indexed", "serves", "ours"]


def test_make_knows_the_seeds_and_folders_with_blanks_and_quotes(make: Callable[..., list[str]], tmp_path: Path) -> None:
    project = tmp_path / "the project's copy"
    (project / "seeds" / "seed.md").write_text("seed\n", encoding="utf-8")
    assert make("serve") == ["indexed", "serves", "seed"]
    assert (project / "indexes" / "seeds" / "seed.md").is_file()
    odd = _documents(project / 'Bob\'s "old  RCAs" (2024)', "odd")
    for name in (str(odd), f"~/{odd.name}", odd.name):
        assert make("serve", f"DOCS={name}") == ["indexed", "serves", "odd"]


def test_the_image_is_built_on_a_base_that_can_be_named_and_runs_as_nobody_special() -> None:
    lines = (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines()
    code = [line for line in lines if line and not line.startswith("#")]
    assert code[0] == "ARG BASE_IMAGE=python:3.11-slim-bookworm"
    assert [line for line in code if line.startswith("FROM")] == ["FROM ${BASE_IMAGE} AS builder", "FROM ${BASE_IMAGE}"]
    final = code[code.index("FROM ${BASE_IMAGE}") :]
    assert "USER 10001:10001" in final
    assert 'VOLUME ["/documents", "/indexes"]' in final
    check = final[next(number for number, line in enumerate(final) if line.startswith("HEALTHCHECK")) :]
    assert "/readyz'" in check[1]


@pytest.mark.parametrize("script", [".ci/run", "docker/start.sh"])
def test_scripts_are_executable_and_parse(script: str) -> None:
    path = ROOT / script
    assert path.stat().st_mode & 0o111
    assert subprocess.run([shutil.which("bash") or "sh", "-n", path], check=False).returncode == 0


def test_files_stay_short_enough_to_know_their_room() -> None:
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in (ROOT / "rcasearch").rglob("*.py")}
    long = {str(path.relative_to(ROOT)): n for path, n in lengths.items() if n > 300}
    assert not long


def test_no_text_names_a_folder_of_somebodys_machine() -> None:
    tracked = subprocess.run(["git", "-C", ROOT, "ls-files"], capture_output=True, text=True, check=False)
    if tracked.returncode:
        pytest.skip("not a git checkout")
    home = re.compile(r"(?<![\w.])/(?:home|root|Users|work)/\w|\.\./shared")
    for name in tracked.stdout.splitlines():
        path = ROOT / name
        if path.suffix in TEXTS and path.is_file() and path != Path(__file__) and not name.startswith(("seeds/", "tests/")):
            found = home.search(path.read_text(encoding="utf-8", errors="replace"))
            assert found is None, f"{name} names {found and found[0]}"


@pytest.mark.parametrize(
    ("readme", "passes"),
    [
        ("<!-- ci: test -->\n```sh\necho one\necho '== 3 passed, 1 skipped in 0.1s =='\n```\n", True),
        ("<!-- ci: test -->\n```\necho '== 1 failed, 3 passed in 0.1s =='; exit 1\n```\n", False),
        ("<!-- ci: test -->\n```\necho '== no tests ran in 0.01s =='; exit 5\n```\n", False),
        ("<!-- ci: test -->\n```\necho '== 7 skipped in 0.01s =='\n```\n", False),
        ("<!-- ci: test -->\n```\nfalse\necho '3 passed'\n```\n", False),
        ("```\necho '3 passed'\n```\n", False),
    ],
)
def test_ci_fails_unless_a_test_has_passed(readme: str, passes: bool, tmp_path: Path) -> None:
    shutil.copytree(ROOT / ".ci", tmp_path / ".ci")
    (tmp_path / "Makefile").write_text("lint:\n\t@echo linted\naudit:\n\t@echo audited\n", encoding="utf-8")
    (tmp_path / "README.md").write_text(readme, encoding="utf-8")
    driver = tmp_path / "bin" / "chromedriver"
    driver.parent.mkdir()
    driver.write_text("#!/bin/sh\n", encoding="utf-8")
    driver.chmod(0o755)
    # These tests may run under make themselves; the make within must not take itself for a part of that.
    env = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
    env["PATH"] = f"{driver.parent}:{env['PATH']}"
    done = subprocess.run(["bash", ".ci/run"], cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
    assert done.stdout.startswith("linted\naudited\n")
    assert (done.returncode == 0) is passes
