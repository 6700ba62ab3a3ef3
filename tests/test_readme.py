"""What README.md tells is what the code does: settings, routes, commands, files."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from rcasearch.cli import build_parser
from rcasearch.settings import describe

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
COMMANDS = [line for block in BLOCKS for line in block.splitlines() if re.match(r"(?:\$ )?rcasearch ", line)]


def test_the_settings_table_is_the_settings() -> None:
    shown = re.findall(r"^\| `(\w+)` \| (?:`([^`]*)`|–) \| (.*) \|$", README, re.MULTILINE)
    assert shown == [(name, default, text) for name, _, default, text in describe()]


@pytest.mark.parametrize("line", COMMANDS)
def test_every_command_is_one_that_the_command_line_takes(line: str) -> None:
    words = shlex.split(line.removeprefix("$ "), comments=True)
    assert build_parser().parse_args(words[1:]) is not None


def test_there_are_commands() -> None:
    assert len(COMMANDS) >= 5


def test_every_route_is_there() -> None:
    from rcasearch.settings import Settings
    from rcasearch.web.app import create_app

    told = set(re.findall(r"`(?:GET |POST )?(/(?:api|healthz|readyz|openapi|docs|metrics)[^`]*)`", README))
    rules = {
        re.sub(r"<(?:\w+:)?(?:\w+_)?(\w+)>", r"{\1}", str(rule)) for rule in create_app(None, Settings()).url_map.iter_rules()
    }
    promised = {
        "/api/v1/search",
        "/api/v1/search/batch",
        "/api/v1/incidents",
        "/api/v1/incidents/{id}",
        "/api/v1/recurrences",
        "/healthz",
        "/readyz",
    }
    assert promised | {"/openapi.json", "/docs", "/metrics"} <= told <= rules


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\]\(([^)#:]+)\)", README))))
def test_every_file_that_is_linked_exists(target: str) -> None:
    assert (ROOT / target).is_file()
