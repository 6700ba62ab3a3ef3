"""The setting `store`: taken apart, or refused by a sentence that does not repeat it."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rcasearch.errors import SettingsError
from rcasearch.stores.milvus.address import Address


@pytest.mark.parametrize(
    ("text", "address", "uri"),
    [
        ("milvus://db.example:19531/team_a", Address("db.example", 19531, "team_a"), "http://db.example:19531"),
        ("milvus://db/x", Address("db", 19530, "x"), "http://db:19530"),
        (" milvus+tls://10.0.0.7:443/_x9 ", Address("10.0.0.7", 443, "_x9", secure=True), "https://10.0.0.7:443"),
        ("MILVUS://Host/Name", Address("host", 19530, "Name"), "http://host:19530"),
    ],
)
def test_an_address_is_taken_apart(text: str, address: Address, uri: str) -> None:
    assert Address.parse(text) == address
    assert Address.parse(text).uri == uri


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "must begin with milvus://"),
        ("db.example:19530/x", "must begin with milvus://"),
        ("http://db:19530/x", "must begin with milvus://"),
        ("milvus://db:19530", "must end in a name"),
        ("milvus://db:19530/", "must end in a name"),
        ("milvus://db/a/b", "must end in a name"),
        ("milvus://db/1a", "must end in a name"),
        ("milvus://db/a-b", "must end in a name"),
        ("milvus://db/" + "a" * 101, "must end in a name"),
        ("milvus:///x", "names no host"),
        ("milvus://[::1]/x", "names no host"),
        ("milvus://d b/x", "names no host"),
        ("milvus://db:0/x", "a port from 1 to 65535"),
        ("milvus://db:65536/x", "port is no number"),
        ("milvus://db:http/x", "port is no number"),
        ("milvus://[::1/x", "is no address"),
        ("milvus://db/x?timeout=1", "must not hold"),
        ("milvus://db/x#1", "must not hold"),
    ],
)
def test_what_is_no_address_is_refused_by_its_reason(text: str, reason: str) -> None:
    with pytest.raises(SettingsError, match=reason) as caught:
        Address.parse(text)
    assert caught.value.field == "store"
    assert "milvus://HOST:19530/NAME" in caught.value.hint


@pytest.mark.parametrize("text", ["milvus://root:s3cret@db/x", "milvus://s3cret@db:1/x", "milvus://@db/x"])
def test_a_user_in_an_address_is_refused_without_being_repeated(text: str) -> None:
    with pytest.raises(SettingsError, match="names a user or a password") as caught:
        Address.parse(text)
    assert "RCASEARCH_STORE_TOKEN_FILE" in caught.value.hint
    assert "s3cret" not in f"{caught.value} {caught.value.hint}"


@given(st.text() | st.text().map("milvus://{}".format) | st.text().map("milvus://db:1/{}".format))
def test_any_text_is_an_address_or_refused(text: str) -> None:
    with suppress(SettingsError):
        address = Address.parse(text)
        assert 1 <= address.port <= 65535
        assert address.uri.isprintable()
