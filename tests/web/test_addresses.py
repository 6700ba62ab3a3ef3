"""Addresses of searches: short ones readable, long ones packed, damaged ones refused."""

from __future__ import annotations

import dataclasses

import pytest
from flask.testing import FlaskClient

from rcasearch.errors import InvalidQueryError
from rcasearch.model import Filters, Query
from rcasearch.settings import Settings
from rcasearch.web.addresses import pack, search_url, unpack
from tests.web.test_pages import PASTE


@pytest.mark.parametrize("text", ["", "a", "é🚦\u0000\r\n", PASTE])
def test_packed_texts_come_back(text: str) -> None:
    assert unpack(pack(text), 40_000) == text


@pytest.mark.parametrize("packed", ["", "!", "abc", pack("x" * 100)[:-6], "eJw", pack("bomb" * 100_000), "é", "a" * 5001])
def test_a_damaged_or_swelling_link_is_an_error(client: FlaskClient, packed: str) -> None:
    with pytest.raises(InvalidQueryError):
        unpack(packed, 40_000)
    if packed:
        response = client.get("/", query_string={"z": packed})
        assert response.status_code == 400
        assert "Paste the text again." in response.text


def test_short_texts_stay_readable_in_their_address() -> None:
    query = Query("disk full", 10, Filters(tags=("a&b",)))
    assert search_url(query, Settings()) == "/?q=disk+full&tag=a%26b"
    assert search_url(dataclasses.replace(query, limit=5), Settings()) == "/?q=disk+full&tag=a%26b&limit=5"
