"""Tokens: what is kept of them, how they are told apart, and a file of them that changes, breaks or is gone."""

from __future__ import annotations

import hashlib
import json
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rcasearch.errors import InvalidQueryError, NotFoundError
from rcasearch.model.access import EVERYTHING, UNLABELLED
from rcasearch.settings import Settings
from rcasearch.tokens import ADMIN, READ, SCOPES, Token, TokenFile, TokenFileError, holder, secret, tokens_path
from rcasearch.tokens.upkeep import add, listing, revoke, tokens_as_dicts

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)


@pytest.fixture
def file(tmp_path: Path) -> TokenFile:
    return TokenFile(tmp_path / "tokens.json")


def make(
    file: TokenFile, name: str = "ana", scopes: tuple[str, ...] = (READ,), labels: tuple[str, ...] = (), days: int = 30
) -> str:
    return add(file, name, scopes, labels, days, NOW)[0]


# --- a token --------------------------------------------------------------------------------------------------------------


def test_a_token_has_256_random_bits_and_a_prefix_to_look_for() -> None:
    made = {secret() for _ in range(100)}
    assert len(made) == 100
    assert all(one.startswith("rcas_") and len(one) == len("rcas_") + 43 for one in made)


def test_only_the_hash_is_kept(file: TokenFile) -> None:
    given = make(file)
    kept = file.path.read_text(encoding="utf-8")
    assert given not in kept
    assert given.removeprefix("rcas_") not in kept
    assert hashlib.sha256(given.encode()).hexdigest() in kept


def test_who_holds_a_token_is_found_and_nobody_else(file: TokenFile) -> None:
    mine, other = make(file, "ana"), make(file, "ben")
    tokens = file.tokens() or ()
    assert [holder(one, tokens).name for one in (mine, other)] == ["ana", "ben"]  # type: ignore[union-attr]
    swapped = mine[:-1] + ("A" if mine[-1] != "A" else "B")
    for wrong in ("", "rcas_", mine[:-1], mine + "x", swapped, mine.upper(), " " + mine, tokens[0].sha256, secret()):
        assert holder(wrong, tokens) is None


@given(st.text())
def test_no_text_is_a_token_that_was_not_made(text: str) -> None:
    token = Token("ana", hashlib.sha256(b"rcas_" + b"a" * 43).hexdigest(), frozenset(), frozenset(), "", None)
    assert holder(text, [token]) is None
    assert holder("rcas_" + text, [token]) is None or text == "a" * 43


def test_every_token_is_compared_so_that_the_time_tells_nothing(monkeypatch: pytest.MonkeyPatch, file: TokenFile) -> None:
    givens = [make(file, name) for name in ("ana", "ben", "eve")]
    compared: list[str] = []

    def compare(given: str, kept: str) -> bool:
        compared.append(kept)
        return given == kept

    monkeypatch.setattr("rcasearch.tokens.token.hmac.compare_digest", compare)
    for one in (givens[0], secret()):
        holder(one, file.tokens() or ())
    assert len(compared) == 6


def test_a_token_expires_at_its_time(file: TokenFile) -> None:
    make(file, "month", days=30)
    make(file, "ever", days=0)
    month, ever = file.tokens() or ()
    assert not month.expired(NOW + timedelta(days=30, seconds=-1))
    assert month.expired(NOW + timedelta(days=30))
    assert not ever.expired(NOW + timedelta(days=100_000))


def test_an_administrator_may_all_and_sees_all_and_nobody_else_does(file: TokenFile) -> None:
    for scope in SCOPES:
        make(file, scope, (scope,))
    make(file, "sec", labels=("Security", " legal "))
    tokens = {token.name: token for token in file.tokens() or ()}
    assert tokens[ADMIN].allowed == set(SCOPES)
    assert tokens[ADMIN].clearance == EVERYTHING
    assert all(tokens[scope].allowed == {scope} for scope in SCOPES if scope != ADMIN)
    assert all(tokens[scope].clearance == UNLABELLED for scope in SCOPES if scope != ADMIN)
    assert tokens["sec"].clearance.labels == {"security", "legal"}


# --- the file -------------------------------------------------------------------------------------------------------------


def test_the_file_lies_where_the_settings_say_else_beside_the_index(tmp_path: Path) -> None:
    assert tokens_path(Settings(index=str(tmp_path / "a"))) == tmp_path / "a.tokens.json"
    assert tokens_path(Settings(index=str(tmp_path / "a"), tokens_file="/etc/x.json")) == Path("/etc/x.json")


def test_a_change_by_another_process_is_known_at_once(file: TokenFile) -> None:
    server = TokenFile(file.path)
    assert server.tokens() is None
    make(file, "ana")
    assert [token.name for token in server.tokens() or ()] == ["ana"]
    revoke(file, ["ana"])
    assert server.tokens() == ()


def test_a_file_that_stays_is_not_read_again(file: TokenFile, monkeypatch: pytest.MonkeyPatch) -> None:
    make(file)
    before = file.tokens()
    monkeypatch.setattr("rcasearch.tokens.file._read", lambda path: pytest.fail("read again"))
    assert file.tokens() is before


def test_only_its_owner_may_read_it_and_what_stood_there_is_respected(file: TokenFile) -> None:
    make(file)
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600
    file.path.chmod(0o640)
    make(file, "ben")
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o640


def test_a_link_to_the_file_is_followed(file: TokenFile, tmp_path: Path) -> None:
    make(file)
    link = TokenFile(tmp_path / "link.json")
    link.path.symlink_to(file.path)
    make(link, "ben")
    assert link.path.is_symlink()
    assert len(file.tokens() or ()) == 2


def test_two_at_once_lose_nothing(file: TokenFile) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: make(TokenFile(file.path), f"t{number}"), range(24)))
    assert {token.name for token in file.tokens() or ()} == {f"t{number}" for number in range(24)}
    assert [path.name for path in file.path.parent.iterdir()] == ["tokens.json"]


GOOD = {
    "name": "a",
    "sha256": "0" * 64,
    "scopes": ["read"],
    "labels": [],
    "created": "2026-01-01T00:00:00+00:00",
    "expires": None,
}
BAD: list[Any] = [
    None,
    [None],
    [{}],
    [{**GOOD, "more": 1}],
    [{**GOOD, "sha256": "0" * 63}],
    [{**GOOD, "sha256": None}],
    [{**GOOD, "scopes": ["root"]}],
    [{**GOOD, "scopes": "read"}],
    [{**GOOD, "scopes": [["read"]]}],
    [{**GOOD, "labels": [1]}],
    [{**GOOD, "name": "a b"}],
    [{**GOOD, "expires": "tomorrow"}],
    [{**GOOD, "expires": "2026-01-01T00:00:00"}],
    [{**GOOD, "expires": 5}],
]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        "null",
        '"x"',
        "[" * 100_000,
        json.dumps({"format": 2, "tokens": []}),
        *(json.dumps({"format": 1, "tokens": tokens}) for tokens in BAD),
    ],
    ids=range(21),
)
def test_a_damaged_file_lets_nobody_in(file: TokenFile, text: str) -> None:
    make(file)
    assert file.tokens()
    file.path.write_text(text, encoding="utf-8")
    with pytest.raises(TokenFileError, match=r"tokens\.json is not as `rcasearch token` writes it") as caught:
        file.tokens()
    assert "begin anew" in caught.value.hint
    with pytest.raises(TokenFileError):
        make(file, "ben")
    assert file.path.read_text(encoding="utf-8") == text


def test_a_good_entry_is_read(file: TokenFile) -> None:
    file.path.write_text(json.dumps({"format": 1, "tokens": [GOOD]}), encoding="utf-8")
    assert [token.name for token in file.tokens() or ()] == ["a"]


def test_a_file_that_is_gone_opens_nothing(file: TokenFile) -> None:
    make(file)
    server = TokenFile(file.path)
    assert server.tokens()
    file.path.unlink()
    with pytest.raises(TokenFileError, match="was there and is gone"):
        server.tokens()


def test_what_everybody_may_write_is_not_believed(file: TokenFile) -> None:
    make(file)
    file.path.chmod(0o666)
    with pytest.raises(TokenFileError, match="may be written by everybody") as caught:
        file.tokens()
    assert "chmod o-w" in caught.value.hint


@pytest.mark.parametrize(
    "make_it", [Path.mkdir, os.mkfifo, lambda path: os.truncate(os.open(path, os.O_CREAT | os.O_WRONLY), 5_000_000)]
)
def test_what_is_no_file_or_too_large_is_refused_at_once(file: TokenFile, make_it: object) -> None:
    make_it(file.path)  # type: ignore[operator]
    with pytest.raises(TokenFileError, match=r"is not a file|cannot be read: Is a directory|has more than"):
        file.tokens()


def test_what_cannot_be_written_leaves_the_old_file(file: TokenFile, monkeypatch: pytest.MonkeyPatch) -> None:
    make(file)

    def full(_: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("rcasearch.tokens.file.sync", full)
    with pytest.raises(OSError, match="No space"):
        make(file, "ben")
    assert [token.name for token in file.tokens() or ()] == ["ana"]
    assert [path.name for path in file.path.parent.iterdir()] == ["tokens.json"]


# --- upkeep ---------------------------------------------------------------------------------------------------------------


def test_several_tokens_at_once_so_that_one_can_follow_another(file: TokenFile) -> None:
    old, new = make(file, "alertmanager", ("ingest",)), make(file, "alertmanager-2", ("ingest",))
    assert all(holder(one, file.tokens() or ()) for one in (old, new))
    assert revoke(file, ["alertmanager"]).startswith("1 token revoked")
    assert holder(old, file.tokens() or ()) is None
    assert holder(new, file.tokens() or ())


def test_a_name_that_is_taken_or_none_is_refused(file: TokenFile) -> None:
    make(file)
    with pytest.raises(InvalidQueryError, match="There is a token ana already") as caught:
        make(file)
    assert "rcasearch token revoke ana" in caught.value.hint
    for name in ("", " ", "a b", "-x", "a\n", "ä", "a" * 65, "a/b", "\x1b[31m"):
        with pytest.raises(InvalidQueryError, match="cannot be the name"):
            make(file, name)
    for label in ("", " ", "a,b", "a\nb", "x" * 65):
        with pytest.raises(InvalidQueryError, match="cannot be a label"):
            make(file, "ben", labels=(label,))


def test_who_is_not_there_cannot_be_revoked_and_nobody_else_is(file: TokenFile) -> None:
    make(file)
    with pytest.raises(NotFoundError, match="no token eve"):
        revoke(file, ["ana", "eve"])
    assert len(file.tokens() or ()) == 1


def test_the_list_tells_all_but_what_could_be_used(file: TokenFile) -> None:
    given = make(file, "ana", ("read", "metrics"), ("legal", "security"))
    make(file, "x", days=0)
    told = listing(file, NOW)
    assert told.splitlines() == [
        "ana  metrics, read · labels legal, security · until 2026-12-01, for 30 more days",
        "x    read · does not expire",
    ]
    assert "expired on 2026-12-01" in listing(file, NOW + timedelta(days=31))
    as_dicts = tokens_as_dicts(file, NOW)
    assert as_dicts[0]["labels"] == ["legal", "security"]
    assert "sha256" not in as_dicts[0]
    assert given not in json.dumps(as_dicts) + told
    assert listing(TokenFile(file.path.with_name("none.json")), NOW).startswith("There is no token:")
