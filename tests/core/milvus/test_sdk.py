"""The client library: imported without its side effects, and told of where it is missing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from rcasearch.errors import PackageMissingError, SettingsError
from rcasearch.settings import Settings
from rcasearch.stores import opening
from rcasearch.stores.milvus import sdk


def ran(code: str, folder: Path) -> str:
    # Tests of real engines switch off what is looked at here.
    env = {name: value for name, value in os.environ.items() if name != "PYTHON_DOTENV_DISABLED"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=folder, env=env)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def test_importing_it_takes_nothing_from_a_dotenv(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("RCASEARCH_HOST=0.0.0.0\n", encoding="utf-8")
    # A finder that looks in the working folder, as the library's does where it lies above its own.
    code = (
        "import os, dotenv, functools\n"
        "kept = dotenv.load_dotenv = functools.partial(dotenv.load_dotenv, '.env')\n"
        "from rcasearch.stores.milvus import sdk\n"
        "sdk.pymilvus()\n"
        "assert 'RCASEARCH_HOST' not in os.environ\n"
        "assert dotenv.load_dotenv is kept\n"
        "kept()\n"
        "assert os.environ['RCASEARCH_HOST'] == '0.0.0.0'\n"
    )
    assert ran(code, tmp_path) == ""


def test_it_writes_nothing_of_its_own(tmp_path: Path) -> None:
    code = (
        "from rcasearch.errors import EngineError\n"
        "from rcasearch.stores.milvus.address import Address\n"
        "from rcasearch.stores.milvus.engine import Engine\n"
        "from tests.milvus_stub import closed_port\n"
        "try:\n"
        "    Engine(Address('127.0.0.1', closed_port(), 'x')).read('list_collections')\n"
        "except EngineError as error:\n"
        "    print('told')\n"
    )
    assert ran(code, Path(__file__).parents[3]) == "told\n"


def test_a_missing_package_is_told_with_what_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pymilvus", None)
    with pytest.raises(PackageMissingError, match="needs the package pymilvus") as caught:
        sdk.pymilvus()
    assert "pip install 'rcasearch[milvus]'" in caught.value.hint


def test_a_store_is_looked_at_before_anything_is_served(monkeypatch: pytest.MonkeyPatch) -> None:
    opening.check_address(Settings())
    opening.check_address(Settings(store="milvus://nobody.invalid:1/x"))
    with pytest.raises(SettingsError, match="must begin with milvus://"):
        opening.check_address(Settings(store="redis://db/x"))
    monkeypatch.setattr(opening, "find_spec", lambda _: None)
    with pytest.raises(PackageMissingError):
        opening.check_address(Settings(store="milvus://nobody.invalid:1/x"))
    opening.check_address(Settings())
