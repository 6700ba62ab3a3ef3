"""`rcasearch token`: the token alone on stdout, the file beside the index, and mistakes told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rcasearch.cli import build_parser
from rcasearch.tokens import SCOPES, TokenFile, holder
from tests.cli.conftest import Run


def test_a_token_is_made_listed_and_revoked(run: Run, tmp_path: Path) -> None:
    made = run("token", "add", "ana", "--label", "security", "--days", "90")
    assert made.code == 0
    assert made.out.startswith("rcas_")
    assert "until" in made.err
    assert made.out.strip() not in made.err
    file = TokenFile(tmp_path / "indexes" / "default.tokens.json")
    found = holder(made.out.strip(), file.tokens() or ())
    assert found
    assert found.name == "ana"
    assert (found.scopes, found.labels) == (frozenset({"read"}), frozenset({"security"}))
    assert "ana  read · labels security" in run("token", "list").out
    assert json.loads(run("token", "list", "--json").out)[0]["expired"] is False
    assert run("token", "revoke", "ana").code == 0
    assert run("token", "list").out.startswith("There is no token")


def test_the_file_may_lie_elsewhere(run: Run, tmp_path: Path) -> None:
    assert run("token", "add", "prometheus", "--scope", "metrics", "--tokens-file", tmp_path / "t.json").code == 0
    assert (tmp_path / "t.json").is_file()


@pytest.mark.parametrize(
    ("argv", "code", "told"),
    [
        (("add",), 2, "needs its name"),
        (("revoke",), 2, "needs its name"),
        (("revoke", "eve"), 1, "no token eve"),
        (("add", "a b"), 2, "cannot be the name"),
        (("add", "a", "b"), 2, "takes no 'b'"),
        (("list", "a"), 2, "takes no 'a'"),
        (("add", "a", "--days", "-1"), 2, "days"),
        (("add", "a", "--days", "99999"), 2, "days from 0 to 36,500"),
        (("add", "a", "--scope", "root"), 2, "invalid choice"),
        (("burn", "a"), 2, "invalid choice"),
    ],
)
def test_a_mistake_is_told_and_makes_nothing(run: Run, argv: tuple[str, ...], code: int, told: str, tmp_path: Path) -> None:
    ran = run("token", *argv)
    assert ran.code == code
    assert told in ran.err
    assert run("token", "list").out.startswith("There is no token")


def test_the_command_line_knows_every_scope() -> None:
    for scope in SCOPES:
        assert build_parser().parse_args(["token", "add", "x", "--scope", scope]).scope == [scope]
