"""Who may import whom: each file imports only what stands in an earlier row, so that the core knows no surface."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "rcasearch"

LAYERS = (
    {"caches", "durable", "epilogs", "model", "errors", "seals", "terminal", "texts", "wording"},
    {"checksums", "credentials", "patience", "severities", "shapes", "watch"},
    {"client", "schemas", "settings", "models", "lexicon", "loglines", "sheet", "sources", "progress"},
    {"readers", "tokens", "chunking", "encoders", "lexical", "pastes", "compression", "concepts", "cache", "calibration"}
    | {"highlights", "ranking", "relations", "services", "signatures"},
    {"alerts", "exemplars", "insights", "stores", "template"},
    {"ignoring", "query"},
    {"inputs", "retrieval"},
    {"comparison", "evidence", "likeness", "linkage"},
    {"landscape", "naming"},
    {"families"},
    {"gathering"},
    {"overviews", "recurrences"},
    {"sampling"},
    {"indexing"},
    {"index", "search"},
    {"hiding", "judged", "asking"},
    {"measures", "link_queries", "render_query", "render_understood"},
    {"ablation"},
    {"evaluate", "render", "render_markdown", "render_text"},
    {"evaluation", "push", "render_eval", "render_insights", "render_recurrences", "recurrences_text"},
    {"render_map"},
    {"web"},
    {"agents", "sending", "upkeep"},
    {"commands"},
    {"cli"},
    {"__main__"},
)

# What is heavy, or ties us to a product, is known in one place.
HOMES = {
    "torch": {"encoders"},
    "transformers": {"encoders"},
    "sentence_transformers": {"encoders"},
    "openvino": {"encoders"},
    "tokenizers": {"encoders"},
    "faiss": {"stores"},
    "pymilvus": {"stores"},
    "grpc": {"stores"},
    "sqlite3": {"stores", "cache", "indexing", "push"},
    "frontmatter": {"readers"},
    "flask": {"web"},
    "waitress": {"web"},
    "nh3": {"web"},
    "prometheus_client": {"web"},
    "opentelemetry": {"web"},
    "httpx2": {"client"},
    "mcp": {"agents"},
    "mcp_types": {"agents"},
    "uvicorn": {"agents"},
    "starlette": {"agents"},
    "anyio": {"agents"},
    "rich": {"sheet", "render_text", "render_understood", "recurrences_text", "progress"},
    "ir_measures": {"measures"},
}


def _room(path: Path) -> str:
    first = path.relative_to(PACKAGE).parts[0]
    return first.removesuffix(".py")


def _files() -> list[Path]:
    return [path for path in sorted(PACKAGE.rglob("*.py")) if path != PACKAGE / "__init__.py"]


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: write the import out in full"
            assert node.module is not None
            if node.module == "rcasearch":
                yield from (f"rcasearch.{alias.name}" for alias in node.names)
            else:
                yield node.module


def _layer(room: str) -> int:
    rows = [number for number, row in enumerate(LAYERS) if room in row]
    assert rows, f"rcasearch/{room} stands in no layer: put it into LAYERS and into docs/architecture.md"
    return rows[0]


@pytest.mark.parametrize("path", _files(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_to_earlier_layers_only(path: Path) -> None:
    room = _room(path)
    for name in _imports(path):
        if not name.startswith("rcasearch.") or name == "rcasearch.__version__":
            continue
        other = name.split(".")[1]
        allowed = other == room or _layer(other) < _layer(room)
        assert allowed, f"{path.name} may not import {name}: {room} does not stand above {other}"


@pytest.mark.parametrize("path", _files(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_heavy_libraries_stay_in_their_rooms(path: Path) -> None:
    for name in _imports(path):
        homes = HOMES.get(name.split(".")[0])
        assert homes is None or _room(path) in homes, f"{path.name} may not import {name}: that is for {sorted(homes or ())}"


@pytest.mark.parametrize(
    "code",
    [
        "import rcasearch",
        "import rcasearch.cli",
        "import contextlib, rcasearch.cli\nwith contextlib.suppress(SystemExit): rcasearch.cli.main(['--help'])",
        "import contextlib, rcasearch.cli\nwith contextlib.suppress(SystemExit): rcasearch.cli.main(['search', '--help'])",
        "import rcasearch.render",
    ],
)
def test_what_needs_no_model_loads_no_heavy_library(code: str) -> None:
    heavy = {"torch", "transformers", "sentence_transformers", "faiss", "flask", "numpy", "scipy", "rich", "bm25s"}
    heavy |= {"mcp", "httpx2", "pydantic", "uvicorn", "pymilvus", "grpc"}
    check = f"{code}\nimport sys\nprint('LOADED', sorted({heavy!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "LOADED []"


def test_every_public_name_is_there() -> None:
    import rcasearch

    for name in rcasearch.__all__:
        assert getattr(rcasearch, name) is not None
    assert set(rcasearch.__all__) < set(dir(rcasearch))
    with pytest.raises(AttributeError, match="no attribute 'Search'"):
        _ = rcasearch.Search
